"""A sentence encoder in a folder: how texts are cut, and folders that hold none."""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from remit.errors import MissingExtraError, ModelInputError
from remit.retrieval import embeddings

PIECES = ("[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "card", ",", "hello", "漢", "!")
VOCABULARY: Mapping[str, int] = {piece: number for number, piece in enumerate(PIECES)}


def encoder(*, tokens_max: int = 128) -> embeddings.Encoder:
    return embeddings.Encoder(
        digest="", pieces=VOCABULARY, pooling="mean", tokens_max=tokens_max, session=None
    )


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Hello, card", "hello , card"),
        ("HÉLLO!", "hello !"),
        ("unaffable", "un ##aff ##able"),
        ("unaffordable card", "[UNK] card"),
        ("漢card", "漢 card"),
        ("car\u0000d\u200b", "card"),
        ("card" * 30, "[UNK]"),
        ("", ""),
    ],
)
def test_a_text_is_cut_into_the_longest_known_pieces(text: str, pieces: str) -> None:
    found = [PIECES[number] for number in encoder().tokens(text)]

    assert found == ["[CLS]", *pieces.split(), "[SEP]"]


def test_a_long_text_is_cut_off() -> None:
    assert len(encoder(tokens_max=8).tokens("hello " * 100_000)) == 8


def write(folder: Path, said: str | None, vocabulary: str) -> None:
    (folder / "model.onnx").write_bytes(b"no model")
    (folder / "vocab.txt").write_text(vocabulary, "utf-8")
    if said is not None:
        (folder / "encoder.toml").write_text(said, "utf-8")


WHOLE = "[UNK]\n[CLS]\n[SEP]"
GOOD = 'pooling = "mean"\ntokens_max = 128\n'


@pytest.mark.parametrize(
    ("said", "vocabulary", "problem"),
    [
        (None, "", "no sentence encoder in"),
        ("pooling =", "[UNK]", "no sentence encoder in"),
        ('pooling = "max"\ntokens_max = 128', "[UNK]", "`pooling`, one of mean, first"),
        (GOOD + "other = 1", "[UNK]", "and nothing else"),
        ('pooling = "mean"\ntokens_max = 4', "[UNK]", "`tokens_max` in .* is 4"),
        (GOOD, "[UNK]\n[CLS]", r"lacks \[SEP\]"),
    ],
)
def test_a_folder_without_an_encoder_says_what_is_wrong(
    tmp_path: Path, said: str | None, vocabulary: str, problem: str
) -> None:
    write(tmp_path, said, vocabulary)

    with pytest.raises(ModelInputError, match=problem):
        embeddings.load(tmp_path)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    write(tmp_path, GOOD, WHOLE)

    with pytest.raises(ModelInputError, match="cannot be loaded"):
        embeddings.load(tmp_path)


def test_a_changed_file_is_another_encoder(tmp_path: Path) -> None:
    write(tmp_path, GOOD, WHOLE)
    before = embeddings.digest(tmp_path)
    write(tmp_path, GOOD, WHOLE + "\nmore")

    assert embeddings.digest(tmp_path) != before


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    write(tmp_path, GOOD, WHOLE)

    with pytest.raises(MissingExtraError, match=r"install `remit\[onnx\]`"):
        embeddings.load(tmp_path)
