"""Alarms of a cell, folded from the first row whose outcome changed.

The same as `monitors.alarms` over all rows, which `tests/properties/test_sounding.py` holds; how
far the detectors had come is kept at the end of each day (`store.marks`), so that a label costs
what the rows since its day cost, and not those of a quarter.
"""

import json
import math
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US, PPM, Plan
from remit.domain.value import Json, digest
from remit.evidence import detector, gate
from remit.evidence.detector import Detector
from remit.governance.alarm import BREACH, Alarm, Bound, bounds
from remit.store import evidence_watch, marks
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.evidence_watch import Glimpse, Seen

BESIDE_US: Final = DAY_US  # no mark is younger: a row that others decide now may still come before


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Which rows of a cell are watched, and by which detectors."""

    plan: Plan
    cell: Cell
    seen: Seen
    bounds: tuple[Bound, ...]

    @property
    def basis(self) -> str:
        """What tells the marks of this watch from those of every other."""
        said: list[Json] = [
            self.plan.version, self.seen.fingerprint, self.seen.since_us, self.seen.level,
            self.seen.score_min,
        ]  # fmt: skip
        return digest(
            [said, [[one.detector, one.rate_max_ppm, one.run_min] for one in self.bounds]]
        )


def of_cell(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    grant: GrantRow | None,
    *,
    fingerprint: str,
    begins_us: int,
    score_min: int | None,
) -> Watch:
    """Return what watches a cell at its level: what ran alone, or would where it is allowed.

    `begins_us` is when its attempt began, for a cell that nothing was granted to; `score_min` the
    score at which the walk over thresholds begins, as in `judged.would_run`.
    """
    level = plan.starts if grant is None else Level(grant.level)
    alone = level.rank > Level.APPROVE_EACH.rank
    since_us = begins_us if grant is None else grant.given_us
    seen = Seen(
        fingerprint=fingerprint, since_us=since_us, level="" if alone else level.value, score_min=0
    )
    if level is Level.APPROVE_EACH and evidence_watch.is_scored(connection, cell, seen):
        seen = Seen(
            fingerprint=fingerprint, since_us=since_us, level=level.value, score_min=score_min
        )
    return Watch(plan=plan, cell=cell, seen=seen, bounds=bounds(plan, grant))


def alarms(connection: Connection, watch: Watch, *, at_us: int, now_us: int) -> list[Alarm]:
    """Return the alarms at and behind the day of a row whose outcome changed; keeps marks."""
    kept = marks.before(connection, watch.cell, at_us=at_us, basis=watch.basis)
    folds = [_Fold(one) for one in watch.bounds]
    since_us = watch.seen.since_us
    if kept is not None:
        since_us, said = kept[0], json.loads(kept[1])
        for fold, state in zip(folds, said, strict=True):
            fold.resume(state)
    found: list[Alarm] = []
    new: list[tuple[int, str]] = []
    rows = evidence_watch.watched(connection, watch.cell, watch.seen, since_us=since_us)
    for day, of_day in groupby(rows, key=lambda row: row.at_us // DAY_US):
        begin_us = day * DAY_US
        if since_us < begin_us <= now_us - BESIDE_US:
            new.append((begin_us, json.dumps([fold.state for fold in folds])))
        names, outcomes = _clusters(of_day)
        for fold in folds:
            found += fold.run(names, outcomes)
    if new:
        marks.put(connection, watch.cell, new, basis=watch.basis)
    return found


def _clusters(rows: Iterator[Glimpse]) -> tuple[list[str], list[Outcome]]:
    """Return the first row of each cluster of a day, and the worst that is known of its rows."""
    first: dict[str, str] = {}
    known = []
    for row in rows:
        first.setdefault(row.cluster, row.action_id)
        known.append((row.cluster, _OUTCOMES.get(row.outcome, Outcome.PENDING)))
    return list(first.values()), list(gate.clusters(known))


# What is wrong counts, what is surely void is left out, and all else is right to a detector.
_OUTCOMES: Final = {"wrong": Outcome.WRONG, "void": Outcome.VOID, "right": Outcome.RIGHT}


class _Fold:
    """One detector on its way through the rows."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.rest = detector.start(rate_max=bound.rate_max_ppm / PPM, run_min=bound.run_min)
        self.at: Detector = self.rest
        self.rows = 0
        self.over = False  # a breach sounds once: the level falls with it

    @property
    def state(self) -> Json:
        return [self.rows, self.over, [one.hex() for one in self.at.wealth]]

    def resume(self, state: list[Json]) -> None:
        """Go on from a mark."""
        rows, over, wealth = state
        self.rows, self.over = int(str(rows)), bool(over)
        words = wealth if isinstance(wealth, list) else []
        self.at = detector.resumed(self.rest, [float.fromhex(str(one)) for one in words])

    def run(self, names: list[str], outcomes: list[Outcome]) -> Iterator[Alarm]:
        """Fold the clusters of a day; yield each alarm."""
        begin = 0
        while not self.over:
            self.at, fired = detector.fold(self.at, outcomes[begin:])
            if fired is None:
                break
            begin += fired
            yield Alarm(
                detector=self.bound.detector, rate_max_ppm=self.bound.rate_max_ppm,
                run_min=self.bound.run_min, rows=self.rows + begin, row=names[begin - 1],
                log_statistic=math.log(self.at.statistic),
            )  # fmt: skip
            self.at = self.rest
            self.over = self.bound.detector == BREACH
        self.rows += len(names)
