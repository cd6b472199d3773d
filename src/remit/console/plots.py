"""Geometry of the pictures of a cell: every number in them comes from what the table beside tells.

A picture is an `<svg>` of fixed height and full width: lines are drawn in a stretched box of 1,000
by 1,000, marks and words stand at percentages, so that neither is distorted on a narrow screen.
"""

from collections.abc import Sequence
from typing import Final

from remit.domain.autonomy import Level
from remit.domain.frozen import dataclass
from remit.governance.cells import CellView
from remit.governance.evidence_path import Bucket, EvidencePath, WatchPath

BOX: Final = 1_000
LANES: Final = ("right", "wrong", "pending", "void", "audited")
_HEADROOM: Final = 1.08


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A mark: its place from the left in percent, and what it says."""

    x: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """Marks of one kind under a line."""

    name: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line in the box, its end in percent from the top, and its name."""

    name: str
    points: str
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePlot:
    """The e-process over its rows: line, bar, marks, and what happened meanwhile."""

    line: Line
    zero: float  # of nothing, and of the bar: percent from the top
    bar: float | None
    lanes: tuple[Lane, ...]
    events: tuple[Spot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlot:
    """Detectors over their rows, as shares of what fires them."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A level on the ladder of a cell."""

    level: str
    x: float
    kind: str  # on: what applies reaches it | held: it is granted, and something caps it |
    # open: it may be reached | shut: it may not


def ladder(one: CellView) -> tuple[Rung, ...]:
    """Return the five levels of a cell."""
    effective, granted, top = (
        Level(word).rank for word in (one.effective, one.level, one.ceiling)
    )
    found = []
    for level in Level:
        rank = level.rank
        kind = "open"
        if rank <= effective:
            kind = "on"
        elif rank <= granted:
            kind = "held"
        elif rank > top:
            kind = "shut"
        found.append(Rung(level=level.value, x=20.0 * rank, kind=kind))
    return tuple(found)


def evidence(path: EvidencePath) -> EvidencePlot | None:
    """Return the picture of a path; none where there is no row."""
    if not path.buckets:
        return None
    values = [one.log_evidence for one in path.buckets]
    low = min(*values, 0.0)
    high = max(*values, path.bound or 0.0, 1.0) * _HEADROOM

    def down(value: float) -> float:
        return (high - value) / (high - low)

    places = [(0.0, down(0.0))] + [
        (one.last / path.rows, down(one.log_evidence)) for one in path.buckets
    ]
    return EvidencePlot(
        line=_line("evidence", places), zero=_percent(down(0.0)),
        bar=None if path.bound is None else _percent(down(path.bound)),
        lanes=tuple(
            _lane(name, path) for name in LANES if any(_of(one, name) for one in path.buckets)
        ),
        events=_events(path),
    )  # fmt: skip


def _events(path: EvidencePath) -> tuple[Spot, ...]:
    """Return where things happened, with their numbers in the list below; one for each place."""
    places: dict[float, list[str]] = {}
    for number, one in enumerate(path.marks, 1):
        x = _percent(min(one.after / path.rows, 1.0))
        places.setdefault(x, []).append(str(number))
    return tuple(Spot(x=x, said=", ".join(numbers)) for x, numbers in places.items())


def watches(paths: Sequence[WatchPath]) -> WatchPlot | None:
    """Return the picture of the detectors; none where they have looked at no row."""
    drawn = [one for one in paths if one.steps]
    if not drawn:
        return None
    return WatchPlot(
        lines=tuple(
            _line(
                one.detector,
                [(0.0, 1.0)] + [(step.rows / one.rows, 1.0 - step.near) for step in one.steps],
            )
            for one in drawn
        )
    )


def _lane(name: str, path: EvidencePath) -> Lane:
    return Lane(
        name=name,
        spots=tuple(
            Spot(
                x=_percent((one.first + one.last - 1) / 2 / path.rows),
                said=f"{_of(one, name)} in {rows(one)}",
            )
            for one in path.buckets
            if _of(one, name)
        ),
    )


def _of(one: Bucket, name: str) -> int:
    return int(getattr(one, name))


def rows(one: Bucket) -> str:
    """Name the rows of a bucket: `row 12`, `rows 11 to 15`."""
    return f"row {one.first:,}" if one.first == one.last else f"rows {one.first:,} to {one.last:,}"


def _line(name: str, places: Sequence[tuple[float, float]]) -> Line:
    points = " ".join(f"{round(x * BOX, 1):g},{round(y * BOX, 1):g}" for x, y in places)
    return Line(name=name, points=points, end=_percent(places[-1][1]))


def _percent(share: float) -> float:
    return round(100 * share, 2)
