"""Classifiers: the same rows give the same choices, and a doubtful text gets no confidence."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from remit.errors import MissingExtraError, ModelInputError
from remit.models import classifier, examples, local, nearest, vectors
from remit.models.choice import Classifier, Progress

THINGS = ["coat", "lamp", "book", "phone", "teapot", "chair", "jacket", "bottle", "ring", "clock"]
WISHES = {
    "refund": [
        "I want my money back for the {}",
        "please refund the {}",
        "pay me back, {} is bad",
    ],
    "delivery": ["where is my {}", "when will the {} arrive", "track the parcel with the {}"],
    "address": [
        "send the {} to my new address",
        "I moved, redirect the {}",
        "new home for the {}",
    ],
}
ROWS = [
    (sentence.format(thing), label)
    for label, sentences in WISHES.items()
    for sentence in sentences
    for thing in THINGS
]

Train = Callable[..., Classifier]
both = pytest.mark.parametrize("train", [local.train, nearest.train], ids=["local", "nearest"])


@pytest.fixture(scope="module")
def trained() -> local.LocalClassifier:
    return local.train(ROWS, seed=1)


@both
def test_a_clear_text_is_chosen_with_confidence(train: Train) -> None:
    choice = train(ROWS, seed=1).choose("please refund the umbrella")

    assert choice.choice == "refund"
    assert choice.confidence is not None
    assert choice.confidence.share > 0.8
    assert sum(ppm for _, ppm in choice.runners_up) + choice.confidence.ppm <= 1_000_003


@both
@pytest.mark.parametrize(
    "text", ["", "   ", "?!…", "где мой заказ", "我的訂單在哪裡", "where " * 20_000, "12345 678"]
)
def test_a_text_that_cannot_be_judged_has_no_confidence(train: Train, text: str) -> None:
    choice = train(ROWS, seed=1).choose(text)

    assert choice.confidence is None
    assert choice.choice not in WISHES


@both
def test_a_stored_classifier_chooses_the_same(train: Train, tmp_path: Path) -> None:
    before = train(ROWS, seed=1)
    before.save(tmp_path)

    after = classifier.load(tmp_path)

    assert after.fingerprint == before.fingerprint
    assert after.classes == ("address", "delivery", "refund")
    texts = ["where is it", "my money", "another address please", ""]
    assert [after.choose(text) for text in texts] == [before.choose(text) for text in texts]


@both
def test_the_same_rows_give_the_same_fingerprint_and_others_another(train: Train) -> None:
    assert train(ROWS, seed=1).fingerprint == train(ROWS, seed=1).fingerprint
    assert train(ROWS, seed=1).fingerprint != train(ROWS[:-1], seed=1).fingerprint


@both
def test_a_changed_classifier_is_refused(train: Train, tmp_path: Path) -> None:
    train(ROWS, seed=1).save(tmp_path)
    file = tmp_path / "classifier.json"
    file.write_text(file.read_text("utf-8").replace("refund", "refuse", 1), "utf-8")

    with pytest.raises(ModelInputError, match="was changed; run `remit train` again"):
        classifier.load(tmp_path)


def test_changed_coefficients_are_refused(trained: local.LocalClassifier, tmp_path: Path) -> None:
    trained.save(tmp_path)
    with np.load(tmp_path / "classifier.npz") as stored:
        arrays = dict(stored)
    arrays["coefficients"][0, 0] += 1
    np.savez_compressed(tmp_path / "classifier.npz", **arrays)

    with pytest.raises(ModelInputError, match="was changed"):
        classifier.load(tmp_path)


def test_a_pickle_among_the_arrays_is_refused(
    trained: local.LocalClassifier, tmp_path: Path
) -> None:
    trained.save(tmp_path)
    np.savez(tmp_path / "classifier.npz", coefficients=np.array([print], dtype=object))

    with pytest.raises(ModelInputError, match="no usable classifier"):
        classifier.load(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"kind": "other"}', '{"kind": "local"}'])
def test_a_folder_without_a_classifier_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "classifier.json").write_text(content, "utf-8")

    with pytest.raises(ModelInputError, match="run `remit train`"):
        classifier.load(tmp_path)


@both
@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([("one", "a"), ("two", "a")], "have 1 labels"),
        ([], "have 0 labels"),
        ([("one", "a"), (" ", "b")], "example 2 has no text or no label"),
        ([("one", ""), ("two", "b")], "example 1 has no text or no label"),
        ([("one", "a"), ("x" * 70_000, "b")], "example 2 is longer than"),
    ],
)
def test_unusable_rows_are_named(train: Train, rows: list[examples.Row], problem: str) -> None:
    with pytest.raises(ModelInputError, match=problem):
        train(rows, seed=1)


@pytest.mark.parametrize("classes", [2, 3])
def test_our_inference_is_that_of_the_library(classes: int) -> None:
    labels = sorted(WISHES)[:classes]
    rows = [row for row in ROWS if row[1] in labels]
    trained = local.train(rows, seed=1)
    vectors = [trained.vocabulary.vector(text) for text, _ in rows]
    matrix = csr_matrix(
        (
            np.array([weight for vector in vectors for _, weight in vector], dtype=np.float32),
            [column for vector in vectors for column, _ in vector],
            np.cumsum([0, *(len(vector) for vector in vectors)]),
        ),
        shape=(len(rows), len(trained.vocabulary.columns)),
    )
    theirs = LogisticRegression(
        C=local.INVERSE_PENALTY, max_iter=local.ITERATIONS_MAX, tol=local.TOLERANCE
    ).fit(matrix, [labels.index(label) for _, label in rows])

    ours = np.stack([trained.regression(text) for text, _ in rows])

    np.testing.assert_allclose(ours, theirs.predict_proba(matrix), atol=1e-5)


def test_the_vote_is_that_of_the_nearest_by_cosine(trained: local.LocalClassifier) -> None:
    text = "where is the money for my coat"
    wanted = dict(trained.vocabulary.vector(text))
    near = [
        (sum(wanted.get(column, 0) * weight for column, weight in vector), label)
        for vector, label in (
            (trained.vocabulary.vector(row), trained.classes.index(label)) for row, label in ROWS
        )
    ]
    order = sorted(range(len(near)), key=lambda example: (-round(near[example][0], 5), example))
    votes = np.zeros(3)
    for example in order[: vectors.NEIGHBOURS]:
        votes[near[example][1]] += np.exp(vectors.VOTE_SHARPNESS * (near[example][0] - 1))
    shares = trained.regression(text)
    vote = 0.9 * votes / votes.sum() + 0.1 * shares
    expected = np.log(shares) + 0.25 * np.log(vote)

    found = trained.scored(text)

    assert found is not None
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    report: Progress = lambda done, steps, what: told.append((done, steps))  # noqa: E731

    local.train(ROWS, seed=1, progress=report)

    assert told == [(done, 4) for done in range(5)]


def test_a_split_keeps_equal_texts_together_and_holds_out_a_fifth() -> None:
    rows = [(f"text {number % 500}", "a") for number in range(1000)]

    parts = examples.split(rows)

    assert 0.15 < len(parts.held_out) / len(rows) < 0.25
    assert not {text for text, _ in parts.training} & {text for text, _ in parts.held_out}
    assert {examples.fold(text) for text, _ in parts.training} == {0, 1, 2}


def test_the_manifest_is_plain_json(trained: local.LocalClassifier, tmp_path: Path) -> None:
    trained.save(tmp_path)

    assert json.loads((tmp_path / "classifier.json").read_text("utf-8"))["kind"] == "local"


def test_without_the_extra_the_nearest_examples_are_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(classifier.train(ROWS, seed=1), local.LocalClassifier)
    monkeypatch.setattr(classifier, "find_spec", lambda name: None)

    assert isinstance(classifier.train(ROWS, seed=1), nearest.NearestClassifier)


def test_the_regression_names_the_extra_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)

    with pytest.raises(MissingExtraError, match=r"install `remit\[local\]`"):
        local.train(ROWS, seed=1)


@both
def test_a_text_like_no_example_scores_low(train: Train) -> None:
    trained = train(ROWS, seed=1)

    strange = trained.choose("my zebra refund paints quiet algebra towards Tuesday")
    known = trained.choose(ROWS[0][0])

    assert strange.nearness_ppm < 500_000
    assert known.nearness_ppm > 800_000
    assert strange.score_ppm < known.score_ppm / 2


def test_few_examples_give_a_vote_and_no_confidence() -> None:
    choice = nearest.train([*ROWS[:3], *ROWS[40:43]], seed=1).choose("my money back")

    assert (choice.choice, choice.confidence) == ("refund", None)
