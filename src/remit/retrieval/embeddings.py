"""A sentence encoder from a folder that is named in the settings; nothing is ever downloaded.

The folder holds `model.onnx`, `vocab.txt` and `encoder.toml`. Words are cut into pieces as BERT
does it, lower-cased and without accents (Devlin et al. 2019). Needs the extra `onnx`.
"""

import hashlib
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remit.errors import MissingExtraError, ModelInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

FILES = ("model.onnx", "vocab.txt", "encoder.toml")
POOLINGS = ("mean", "first")
TOKENS_MIN, TOKENS_MAX = 8, 512
LETTERS_MAX = 100  # of a word; a longer one is unknown
CHARACTERS_PER_TOKEN = 64  # of a text that is looked at at all, for each token that is kept
KNOWN = {"pooling", "tokens_max"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """Turns texts into rows of length 1 whose dot product says how alike they are."""

    digest: str  # SHA-256 over the three files
    pieces: Mapping[str, int]
    pooling: str
    tokens_max: int
    session: Any = field(repr=False)

    def encode(self, texts: Sequence[str]) -> "Floats":
        """Return one row a text; a text's row does not depend on the texts beside it.

        Weights of 8 bits scale to what else is in a batch, so each text goes alone.
        """
        np = _numpy()
        return np.stack([self._row(text) for text in texts])  # type: ignore[no-any-return]  # lazy

    def _row(self, text: str) -> "Floats":
        np = _numpy()
        tokens = np.array([self.tokens(text)], dtype=np.int64)
        given = {
            "input_ids": tokens,
            "attention_mask": np.ones_like(tokens),
            "token_type_ids": np.zeros_like(tokens),
        }
        wanted = {one.name for one in self.session.get_inputs()}
        said = self.session.run(None, {name: given[name] for name in given if name in wanted})[0]
        row = said[0].mean(axis=0) if self.pooling == "mean" else said[0][0]
        length = float(np.sqrt((row * row).sum()))
        return (row / max(length, 1e-12)).astype(np.float32)  # type: ignore[no-any-return]  # lazy

    def tokens(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, between the marks of beginning and end."""
        unknown, found = self.pieces["[UNK]"], list[int]()
        for word in _words(text[: CHARACTERS_PER_TOKEN * self.tokens_max]):
            found += _cut(word, self.pieces) or [unknown]
            if len(found) >= self.tokens_max - 2:
                break
        return [self.pieces["[CLS]"], *found[: self.tokens_max - 2], self.pieces["[SEP]"]]


def load(folder: Path) -> Encoder:
    """Read an encoder from its folder.

    Raises `ModelInputError` naming what is wrong, and `MissingExtraError` without the extra.
    """
    try:
        content = {name: (folder / name).read_bytes() for name in FILES}
        said = tomllib.loads(content["encoder.toml"].decode())
        pieces = {
            piece: number
            for number, piece in enumerate(content["vocab.txt"].decode().splitlines())
        }
    except (OSError, ValueError) as error:
        raise ModelInputError(
            f"no sentence encoder in `{folder}`; it needs {', '.join(FILES)}"
        ) from error
    _check(folder, said, pieces)
    _numpy()
    from onnxruntime import InferenceSession, SessionOptions

    chosen = SessionOptions()
    chosen.intra_op_num_threads = chosen.inter_op_num_threads = 1
    try:
        session = InferenceSession(
            content["model.onnx"], chosen, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # the library's own errors share no base
        raise ModelInputError(
            f"`model.onnx` in `{folder}` cannot be loaded; replace it"
        ) from error
    return Encoder(
        digest=digest(folder),
        pieces=pieces,
        pooling=said["pooling"],
        tokens_max=said["tokens_max"],
        session=session,
    )


def digest(folder: Path) -> str:
    """Return the SHA-256 over the three files, without loading the model.

    Raises `ModelInputError` where one is missing.
    """
    whole = hashlib.sha256()
    try:
        for name in FILES:
            with (folder / name).open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
    except OSError as error:
        raise ModelInputError(
            f"no sentence encoder in `{folder}`; it needs {', '.join(FILES)}"
        ) from error
    return whole.hexdigest()


def _check(folder: Path, said: Mapping[str, Any], pieces: Mapping[str, int]) -> None:
    limit = said.get("tokens_max")
    if set(said) != KNOWN or said["pooling"] not in POOLINGS or type(limit) is not int:
        raise ModelInputError(
            f"`encoder.toml` in `{folder}` must hold `pooling`, one of {', '.join(POOLINGS)}, "
            "and the whole number `tokens_max`, and nothing else"
        )
    if not TOKENS_MIN <= limit <= TOKENS_MAX:
        raise ModelInputError(
            f"`tokens_max` in `{folder}` is {limit}; it must be {TOKENS_MIN} to {TOKENS_MAX}"
        )
    missing = [mark for mark in ("[UNK]", "[CLS]", "[SEP]") if mark not in pieces]
    if missing:
        raise ModelInputError(f"`vocab.txt` in `{folder}` lacks {', '.join(missing)}")


def _words(text: str) -> Iterator[str]:
    """Yield words and single signs, lower-cased, without accents and control characters."""
    word: list[str] = []
    for letter in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(letter)
        if letter.isspace() or _alone(letter, kind):
            if word:
                yield "".join(word)
                word = []
            if not letter.isspace():
                yield letter
        elif kind != "Mn" and not kind.startswith("C"):
            word.append(letter)
    if word:
        yield "".join(word)


def _alone(letter: str, kind: str) -> bool:
    """Say whether a letter is a word by itself: a sign, or of the Han script."""
    if letter < "\x7f":
        return not letter.isalnum() and letter > " "
    return kind.startswith("P") or "\u3400" <= letter <= "\u9fff" or "\uf900" <= letter <= "\ufaff"


def _cut(word: str, pieces: Mapping[str, int]) -> list[int]:
    """Return the longest known pieces from the left, or none where a part is unknown."""
    found: list[int] = []
    begin = 0
    while begin < len(word) <= LETTERS_MAX:
        for end in range(len(word), begin, -1):
            piece = pieces.get(word[begin:end] if not begin else f"##{word[begin:end]}")
            if piece is not None:
                found.append(piece)
                begin = end
                break
        else:
            return []
    return found


def _numpy() -> Any:
    try:
        import numpy as np
        import onnxruntime  # noqa: F401 - is it there?
    except ImportError as error:
        raise MissingExtraError(
            "a sentence encoder needs the extra: install `remit[onnx]`"
        ) from error
    return np
