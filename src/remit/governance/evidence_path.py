"""How a cell's evidence came about, row by row: what the chart on its page draws and tells."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Bar, Cell, Level, Outcome
from remit.domain.frozen import dataclass
from remit.domain.plan import PPM, Plan
from remit.evidence import detector, gate
from remit.governance import monitors, streams
from remit.governance.cells import bar_shown
from remit.governance.judged import STEP
from remit.governance.monitors import Watched
from remit.governance.scorecard import Scorecard
from remit.governance.streams import EvidenceStream
from remit.store import evidence_pages, levels, plans
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.levels import LevelChange

ROWS_MAX: Final = 20_000  # drawn rows that are read for a chart; of more, the newest
BEFORE_MAX: Final = 4  # of what happened before the first row
POINTS_MAX: Final = 120  # of a line, and places of marks
MARKS_MAX: Final = 60  # alarms, grants, lowerings and surges; of more, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Some rows after one another, clusters counted as one: how they were labelled."""

    first: int  # their places in decision order, from 1
    last: int
    at: datetime  # when the last of them was decided
    right: int
    wrong: int
    pending: int
    void: int
    audited: int
    log_evidence: float  # after the last of them, in nats


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened to the cell."""

    at: datetime
    after: int  # rows of the chart that were decided before
    kind: str  # given | lowered | surge | calm | breach | warn | alpha | closed
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A detector after so many rows."""

    rows: int
    statistic: float
    near: float  # how far it is on the way to firing, 0 to 1, by logarithms


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPath:
    """A detector over the rows since the level was set."""

    detector: str
    rate_max: float
    run_min: int
    rows: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePath:
    """The evidence for the next level in decision order, and what watches the one that is."""

    to: str
    error_max: float | None
    false_grant_max: float | None
    bound: float | None
    step: int  # rows a bucket
    rows: int
    cut: bool  # older rows were not read
    buckets: tuple[Bucket, ...]
    marks: tuple[Mark, ...]
    watches: tuple[WatchPath, ...]


def of(
    connection: Connection, plan: Plan, card: Scorecard, stream: EvidenceStream, *, now_us: int
) -> EvidencePath:
    """Return the path of a cell's evidence from the newest rows of its open attempt.

    At most 20,000 drawn rows are read and folded; where there are more it begins with the newest
    of them at nothing, and says so. They are shown in at most 120 buckets of equal size.
    """
    to = card.to or Level.AUTONOMOUS
    counted = card.counted
    bar = None if counted is None else bar_shown(counted)
    if bar is None and card.to is None:
        bar = plan.bar
    rows, cut = bounded(connection, stream)
    grid = plans.grid(connection, card.cell, card.fingerprint, card.attempt)
    kept = [
        row
        for row in _counted(rows, card, to, grid)
        if not streams.is_dropped(stream, row, now_us=now_us)
    ]
    found = _clusters(stream, kept, now_us=now_us)
    size = max(-(-len(found) // POINTS_MAX), 1)
    read = EvidenceStream(
        cell=stream.cell, fingerprint=stream.fingerprint, attempt=stream.attempt, plan=plan,
        since_us=stream.since_us, rows=tuple(rows), doubted=stream.doubted,
    )  # fmt: skip
    begins_us = found[0].at_us if found else stream.since_us
    if card.grant is not None and card.grant.given_us < stream.since_us:  # its cooldown
        seen, _ = bounded(connection, replace(stream, since_us=card.grant.given_us))
        read = replace(read, rows=tuple(seen))
    return EvidencePath(
        to=to.value, error_max=None if bar is None else bar.error_max,
        false_grant_max=None if bar is None else bar.false_grant_max,
        bound=None if bar is None else -math.log(bar.false_grant_max),
        step=size, rows=len(found), cut=cut, buckets=tuple(_buckets(found, size, bar)),
        marks=_marks(connection, card.cell, [one.at_us for one in found], begins_us=begins_us),
        watches=tuple(
            _watched(one) for one in monitors.watches(read, card.grant, grid, now_us=now_us)
        ),
    )  # fmt: skip


def bounded(connection: Connection, stream: EvidenceStream) -> tuple[list[EvidenceRow], bool]:
    """Return the newest drawn rows of a stream in decision order, and whether there are more."""
    newest = evidence_pages.newest(
        connection, stream.cell, limit=ROWS_MAX + 1, fingerprint=stream.fingerprint,
        since_us=stream.since_us, drawn=True,
    )  # fmt: skip
    return newest[:ROWS_MAX][::-1], len(newest) > ROWS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cluster:
    at_us: int
    outcome: Outcome
    audited: bool


def _counted(
    rows: Sequence[EvidenceRow], card: Scorecard, to: Level, grid: plans.GridRow | None
) -> Iterator[EvidenceRow]:
    """Yield the rows that the next level counts, as `judged` does."""
    grant, counted = card.grant, card.counted
    since_us = grant.given_us if to is Level.AUTONOMOUS and grant is not None else 0
    level = list(Level)[to.rank - 1].value
    behind = grid is None
    for row in rows:
        if to in STEP:
            if row.level == level:
                yield row
        elif row.at_us < since_us:
            pass
        elif counted is None or not counted.scored:
            yield row
        elif counted.aimed is not None:
            if behind and row.score is not None and row.score >= counted.aimed:
                yield row
            behind = behind or (grid is not None and row.action_id == grid.last)


def _clusters(
    stream: EvidenceStream, rows: Sequence[EvidenceRow], *, now_us: int
) -> list[_Cluster]:
    outcomes = gate.clusters((row.cluster, stream.outcome(row, now_us=now_us)) for row in rows)
    first: dict[str, EvidenceRow] = {}
    audited: set[str] = set()
    for row in rows:
        first.setdefault(row.cluster, row)
        if row.source in {"audit", "double"}:
            audited.add(row.cluster)
    return [
        _Cluster(at_us=row.at_us, outcome=outcome, audited=name in audited)
        for (name, row), outcome in zip(first.items(), outcomes, strict=True)
    ]


def _buckets(found: Sequence[_Cluster], size: int, bar: Bar | None) -> Iterator[Bucket]:
    wrong = right = 0
    for begin in range(0, len(found), size):
        part = found[begin : begin + size]
        tally = {one: sum(each.outcome is one for each in part) for one in Outcome}
        wrong += tally[Outcome.WRONG] + tally[Outcome.PENDING]
        right += tally[Outcome.RIGHT]
        nats = 0.0
        if bar is not None:
            nats = gate.log_evidence(wrong=wrong, right=right, error_max=bar.error_max)
        yield Bucket(
            first=begin + 1, last=begin + len(part), at=clock.instant(part[-1].at_us),
            right=tally[Outcome.RIGHT], wrong=tally[Outcome.WRONG],
            pending=tally[Outcome.PENDING], void=tally[Outcome.VOID],
            audited=sum(each.audited for each in part), log_evidence=nats,
        )  # fmt: skip


def _watched(watch: Watched) -> WatchPath:
    size = max(-(-len(watch.rows) // POINTS_MAX), 1)
    rest = state = detector.start(rate_max=watch.rate_max_ppm / PPM, run_min=watch.run_min)
    steps, fired_since = [], False
    for number, outcome in enumerate(watch.outcomes, 1):
        state, fired = detector.fold(state, (outcome,))
        fired_since = fired_since or fired is not None
        if fired is not None or number % size == 0 or number == len(watch.outcomes):
            near = 1.0 if fired_since else near_to(state.statistic, watch.run_min)
            steps.append(Step(rows=number, statistic=state.statistic, near=near))
            fired_since = False
        if fired is not None:
            state = rest
    return WatchPath(
        detector=watch.detector, rate_max=watch.rate_max_ppm / PPM, run_min=watch.run_min,
        rows=len(watch.rows), steps=tuple(steps),
    )  # fmt: skip


def near_to(statistic: float, run_min: float) -> float:
    """Return how far a detector is on its way to firing: 0 at rest, 1 where it fires."""
    return min(math.log1p(statistic) / math.log1p(run_min), 1.0)


def _marks(
    connection: Connection, cell: Cell, at: Sequence[int], *, begins_us: int
) -> tuple[Mark, ...]:
    """Return what happened to a cell since its first row, and the last things before it."""
    changes = levels.of_cell(connection, cell)
    found = [(one.at_us, one.kind, _said(one)) for one in changes]
    found += [
        (
            one.at_us,
            one.detector,
            f"the {one.detector} detector fired after {one.rows:,} of its rows",
        )
        for one in plans.alarms(connection, cell)
    ]
    found.sort()
    before = sum(moment <= begins_us for moment, _, _ in found)
    shown = found[max(before - BEFORE_MAX, 0) :][-MARKS_MAX:]
    return tuple(
        Mark(at=clock.instant(moment), after=bisect_left(at, moment), kind=kind, said=said)
        for moment, kind, said in shown
    )


def _said(one: LevelChange) -> str:
    match one.kind:
        case levels.GIVEN:
            rested = "" if one.rows is None else f" on {one.rows:,} rows, {one.wrong or 0:,} wrong"
            return f"raised to {one.level} by {one.actor}{rested}"
        case levels.LOWERED:
            return f"lowered to {one.level}: {one.code.replace('_', ' ')}"
        case levels.SURGE:
            return f"a surge began after {one.code.replace('_', ' ')}"
        case _:
            return "the surge ended"
