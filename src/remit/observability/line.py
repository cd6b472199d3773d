"""What a timeline and a trace are made of."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry as a person reads it."""

    seq: int
    at: datetime
    kind: str  # received model classify read retrieved derived proposed gate approval vote …
    text: str
    detail: tuple[tuple[str, str], ...] = ()  # label, value
    took_ms: int | None = None
    problem: bool = False
    money: bool = False
    effect: bool = False
    gap_before_seconds: float | None = None  # a wait before this line, where it was long
    path: str | None = None  # of the step


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Where the time of a case went."""

    work_seconds: float = 0.0
    us_seconds: float = 0.0  # it waited for a person of ours
    systems_seconds: float = 0.0  # it waited for another system or a set time


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The whole of a case, in the order of its entries."""

    lines: tuple[Line, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None  # None: it has not closed
    parts: Parts = field(default_factory=Parts)
    first_seq: int = 0
    last_seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time with a name; `end_us` is None while it lasts."""

    id: str
    parent: str | None
    depth: int
    kind: str  # case run step effect
    name: str
    start_us: int
    end_us: int | None
    status: str
    seq: int
