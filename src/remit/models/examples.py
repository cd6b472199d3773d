"""Labelled examples: checked before training, and split the same way every time."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from remit.errors import ModelInputError
from remit.models.features import TEXT_BYTES_MAX, words

EXAMPLES_MAX = 200_000
CLASSES_MIN, CLASSES_MAX = 2, 2_000
HELD_OUT_BYTE_MAX = 51  # of 256: one text in five is held out
EXAMPLES_WITHOUT_NAME_MIN = 5  # a class with fewer has its own name as an example too
FOLDS = 3  # of the rows that remain, for calibration by cross-fitting

_BETWEEN = re.compile(r"[\W_]+")

Row = tuple[str, str]  # text, label


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows to learn from, and rows that only judge."""

    training: tuple[Row, ...]
    held_out: tuple[Row, ...]


def split(rows: Sequence[Row]) -> Split:
    """Divide rows by a hash of their text, so a repeated text never stands on both sides.

    The hash is salted: files are often cut from larger ones by a plain hash of the same text, and
    then a plain hash would find nothing to hold out.
    """
    held_out = tuple(row for row in rows if _byte(row[0], 0) < HELD_OUT_BYTE_MAX)
    training = tuple(row for row in rows if _byte(row[0], 0) >= HELD_OUT_BYTE_MAX)
    return Split(training=training, held_out=held_out)


def fold(text: str) -> int:
    """Return the fold, 0 to 2, into which a text always falls; independent of `split`."""
    return _byte(text, 1) % FOLDS


def spoken(names: Sequence[str]) -> list[Row]:
    """Return names as examples of themselves, `card_arrival` as two words; those with a word."""
    said = [(_BETWEEN.sub(" ", name).strip(), name) for name in names]
    return [row for row in said if words(row[0])]


def completed(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return the rows, and after them the names of classes that have few."""
    counts = Counter(label for _, label in rows)
    few = [name for name in names if counts[name] < EXAMPLES_WITHOUT_NAME_MIN]
    return [*rows, *spoken(few)]


def check(rows: Sequence[Row], *, names: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the labels in order; `ModelInputError` names the first bad row.

    `names` are labels that may have no row; each needs a word then.
    """
    if len(rows) > EXAMPLES_MAX:
        raise ModelInputError(
            f"{len(rows)} examples are more than {EXAMPLES_MAX}; train on a sample"
        )
    for number, (text, label) in enumerate(rows, start=1):
        if not words(text) or not label:
            raise ModelInputError(
                f"example {number} has no text or no label; remove or complete it"
            )
        if len(text.encode()) > TEXT_BYTES_MAX:
            raise ModelInputError(
                f"example {number} is longer than {TEXT_BYTES_MAX} bytes; shorten it"
            )
    labels = tuple(sorted({label for _, label in rows}.union(names)))
    for name in set(labels).difference(label for _, label in rows):
        if not spoken([name]):
            raise ModelInputError(
                f"`{name}` has no example, and no word in its name; add examples"
            )
    if not CLASSES_MIN <= len(labels) <= CLASSES_MAX:
        raise ModelInputError(
            f"the examples have {len(labels)} labels; "
            f"a classifier needs {CLASSES_MIN} to {CLASSES_MAX}"
        )
    return labels


def _byte(text: str, position: int) -> int:
    return hashlib.sha256(b"remit/split/v1\0" + text.encode()).digest()[position]
