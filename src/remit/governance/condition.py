"""A condition of a level: one thing that it demands, and whether that is so."""

from remit.domain.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One thing that a level demands."""

    name: str
    met: bool | None  # None: it cannot be told yet
    said: str
