"""How sealed content ends: erased on somebody's word, or past its term."""

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """Why nothing opens content any more."""

    ERASED = "erased"  # a person asked for it
    EXPIRED = "expired"  # its retention ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Content that nothing opens any more: why, and since when."""

    how: Ending
    at_us: int
