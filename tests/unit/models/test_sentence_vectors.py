"""The classifier with a sentence encoder: what vectors add, and what must fit together."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from remit.errors import ModelInputError
from remit.models import classifier, examples, local, nearest
from remit.models.vectors import Encoder

WIDTH = 64
MEANT = {"cash": "money", "parcel": "package", "flat": "home", "house": "home"}
ROWS = [
    (sentence.format(thing), label)
    for label, sentences in {
        "refund": ["give the money for the {} back", "{} is bad, I want money"],
        "delivery": ["where is the package with the {}", "track my package, a {}"],
        "address": ["new home for the {}", "bring the {} to my other home"],
    }.items()
    for sentence in sentences
    for thing in ["coat", "lamp", "book", "phone", "teapot", "chair", "ring", "clock"]
]


def encode(texts: Sequence[str]) -> list[list[float]]:
    """Return sums of word vectors drawn by a hash; synonyms share theirs (random indexing)."""
    return [_row(text) for text in texts]


def _row(text: str) -> list[float]:
    total = [0.0] * WIDTH
    for word in text.lower().replace(",", " ").split():
        drawn = hashlib.sha256(MEANT.get(word, word).encode()).digest() * 2
        total = [one + (byte - 127.5) for one, byte in zip(total, drawn, strict=True)]
    return total


ENCODER = Encoder(encode=encode, digest="a" * 64)


@pytest.fixture(scope="module")
def averaged() -> local.LocalClassifier:
    return local.train(ROWS, seed=1, encoder=ENCODER)


def test_words_that_mean_the_same_are_understood(averaged: local.LocalClassifier) -> None:
    text = "cash cash cash"
    terms = local.train(ROWS, seed=1).choose(text)
    vectors = averaged.choose(text)

    assert vectors.choice == "refund"
    assert vectors.score_ppm > 2 * terms.score_ppm


def test_the_average_is_half_and_half_and_a_quarter_of_the_vote(
    averaged: local.LocalClassifier,
) -> None:
    text = "track the cash for my coat"
    row = np.array(_row(text))
    row /= math.sqrt((row**2).sum())
    rows = np.array(encode([text for text, _ in ROWS]))
    rows /= np.sqrt((rows**2).sum(axis=1, keepdims=True))
    assert averaged.head is not None
    meant = np.exp(row @ averaged.head.coefficients + averaged.head.intercepts)
    meant /= meant.sum()
    votes = np.zeros(3)
    for example in sorted(range(len(rows)), key=lambda one: (-(rows[one] @ row), one))[:10]:
        votes[averaged.classes.index(ROWS[example][1])] += math.exp(20 * (rows[example] @ row - 1))
    vote = 0.9 * votes / votes.sum() + 0.1 * meant
    terms = averaged.regression(text)

    found = averaged.scored(text)

    assert found is not None
    expected = 0.5 * np.log(terms) + 0.5 * np.log(meant) + 0.25 * np.log(vote)
    np.testing.assert_allclose(found[0], expected, atol=0.01)
    assert averaged.choose(text).nearness_ppm == pytest.approx((rows @ row).max() * 1e6, abs=2_000)


def test_it_chooses_the_same_once_stored(averaged: local.LocalClassifier, tmp_path: Path) -> None:
    averaged.save(tmp_path)

    after = classifier.load(tmp_path, encoder=ENCODER)

    assert after.fingerprint == averaged.fingerprint
    for text in ("cash back", "where is my parcel", "another flat", ""):
        assert after.choose(text) == averaged.choose(text)


@pytest.mark.parametrize("other", [None, Encoder(encode=encode, digest="b" * 64)])
def test_another_encoder_than_it_learnt_with_is_refused(
    averaged: local.LocalClassifier, tmp_path: Path, other: Encoder | None
) -> None:
    averaged.save(tmp_path)

    with pytest.raises(ModelInputError, match="another sentence encoder"):
        classifier.load(tmp_path, encoder=other)


def test_the_encoder_is_part_of_the_fingerprint(averaged: local.LocalClassifier) -> None:
    other = local.train(ROWS, seed=1, encoder=Encoder(encode=encode, digest="b" * 64))

    assert (
        len({averaged.fingerprint, other.fingerprint, local.train(ROWS, seed=1).fingerprint}) == 3
    )


@pytest.mark.parametrize(
    "rows",
    [
        lambda texts: [[1.0]],
        lambda texts: [1.0] * len(texts),
        lambda texts: [[math.nan]] * len(texts),
    ],
    ids=["too few", "no rows", "not a number"],
)
def test_rows_that_are_none_are_refused(rows: object) -> None:
    broken = Encoder(encode=rows, digest="c" * 64)  # type: ignore[arg-type]  # that is the point

    with pytest.raises(ModelInputError, match="one row of finite numbers for each"):
        local.train(ROWS, seed=1, encoder=broken)


both = pytest.mark.parametrize("train", [local.train, nearest.train], ids=["local", "nearest"])


@both
def test_a_name_is_an_example_where_there_are_few(train: object) -> None:
    rows = [*ROWS, ("please stop", "cancel_order")]

    choice = train(rows, seed=1).choose("cancel the order")  # type: ignore[operator]  # either

    assert choice.choice == "cancel_order"
    assert choice.confidence is not None


@both
def test_a_class_of_which_only_the_name_is_known_has_no_confidence(
    train: object, tmp_path: Path
) -> None:
    made = train(ROWS, seed=1, names=["cancel_order"])  # type: ignore[operator]  # either
    made.save(tmp_path)

    for one in (made, classifier.load(tmp_path)):
        choice = one.choose("cancel the order")
        assert (choice.choice, choice.confidence, choice.score_ppm) == ("cancel_order", None, 0)
        assert one.choose("give the money for the coat back").confidence is not None


@both
def test_names_alone_choose_and_are_never_sure(train: object) -> None:
    made = train([], seed=1, names=["refund_money", "track_package"])  # type: ignore[operator]

    choice = made.choose("where is my package")

    assert (choice.choice, choice.confidence) == ("track_package", None)


@both
@pytest.mark.parametrize(("names", "problem"), [(["one"], "1 labels"), (["one", "-"], "no word")])
def test_names_that_say_nothing_are_refused(train: object, names: list[str], problem: str) -> None:
    with pytest.raises(ModelInputError, match=problem):
        train([], seed=1, names=names)  # type: ignore[operator]  # either


def test_more_than_is_bearable_is_refused() -> None:
    with pytest.raises(ModelInputError, match="2001 labels"):
        examples.check([(f"text {number}", str(number)) for number in range(2_001)])
    with pytest.raises(ModelInputError, match="more than 200000"):
        examples.check([("text", "a")] * 200_001)
