"""What the mathematics accepts: anything else is refused by name, nothing is corrected."""

import math
from typing import Final

from remit.domain.autonomy import Outcome
from remit.errors import EvidenceInputError

LABELS_MAX: Final = 1_000_000
SCORE_MAX: Final = 1 + 1e-6  # a confidence and its tie-break


def count(name: str, value: object, *, most: int = LABELS_MAX) -> int:
    """Return a whole number of 0 to `most`; raises `EvidenceInputError` naming it."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise EvidenceInputError(f"`{name}` must be a whole number of 0 to {most:,}")
    return value


def chance(name: str, value: object) -> float:
    """Return a rate or chance strictly between 0 and 1; raises `EvidenceInputError` naming it."""
    number = _number(value)
    if number is None or not 0 < number < 1:
        raise EvidenceInputError(f"`{name}` must be a number above 0 and below 1")
    return number


def score(name: str, value: object) -> float:
    """Return a score of 0 to 1 with its tie-break; raises `EvidenceInputError` naming it."""
    number = _number(value)
    if number is None or not 0 <= number <= SCORE_MAX:
        raise EvidenceInputError(f"`{name}` must be a number of 0 to 1")
    return number


def within(name: str, value: object, *, least: float, most: float = math.inf) -> float:
    """Return a finite number of `least` to `most`; raises `EvidenceInputError` naming it."""
    number = _number(value)
    if number is None or not least <= number <= most:
        upto = f" to {most:,}" if math.isfinite(most) else " or more"
        raise EvidenceInputError(f"`{name}` must be a number of {least:,}{upto}")
    return number


def outcome(name: str, value: object) -> Outcome:
    """Return what a label says; raises `EvidenceInputError` naming it."""
    if not isinstance(value, Outcome):
        raise EvidenceInputError(f"`{name}` must be an outcome: wrong, right, pending or void")
    return value


def flag(name: str, value: object) -> bool:
    """Return true or false; raises `EvidenceInputError` naming it."""
    if not isinstance(value, bool):
        raise EvidenceInputError(f"`{name}` must be true or false")
    return value


def text(name: str, value: object) -> bytes:
    """Return the bytes of a text that is not empty; raises `EvidenceInputError` naming it."""
    if not isinstance(value, str) or not value:
        raise EvidenceInputError(f"`{name}` must be a text that is not empty")
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise EvidenceInputError(f"`{name}` must be a text that is Unicode") from error


def key(name: str, value: object, *, size: int) -> bytes:
    """Return a key of so many bytes; raises `EvidenceInputError` naming it, never showing it."""
    if not isinstance(value, bytes) or len(value) != size:
        raise EvidenceInputError(f"`{name}` must be {size} bytes")
    return value


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:  # a whole number that no float can hold
        return None
    return number if math.isfinite(number) else None
