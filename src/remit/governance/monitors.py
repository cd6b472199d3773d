"""What lowers a cell: detectors over its labels, hard triggers, and the surge before them.

Each is folded from the rows of the cell as they count now, so that it does not matter when, how
often or by which process it is looked at: the same entries fire the same alarm, once.
"""

import math
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import Final

from remit.domain import actor, clock
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.entry import Draft, Event
from remit.domain.evidence_event import DetectorFired, SurgeBegun
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.incident import Seen
from remit.domain.plan import DAY_US, PPM, Plan
from remit.domain.task import TaskKind, task_id
from remit.domain.task_event import TaskOpened
from remit.evidence import detector, gate
from remit.governance import (
    alarm,
    calibration,
    grants,
    incidents,
    judged,
    sounding,
    streams,
)
from remit.governance.alarm import BREACH, WARN, Alarm
from remit.governance.streams import EvidenceStream
from remit.store import affected, evidence, plans
from remit.store.authority import GrantRow
from remit.store.evidence import EvidenceRow
from remit.store.plans import GridRow
from remit.store.unit import UnitOfWork

SURGE_CASES: Final = 150
_ROWS_AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A detector and the drawn rows that it looks at, with what is known of each."""

    detector: str
    rate_max_ppm: int
    run_min: int
    rows: tuple[EvidenceRow, ...]
    outcomes: tuple[Outcome, ...]


def react(uow: UnitOfWork, row: EvidenceRow, outcome: Outcome, *, severity: str = "") -> None:
    """Do at once what a label demands: lower the cell, or have each of its cases looked at.

    What is right is not folded: such a row, labelled or not yet, brings no detector nearer to its
    alarm than it would rest by itself. What is void is left out, which may; and so may what was
    wrong or void before.
    INVARIANT: it is the transaction of the label, so the next gate call of every worker sees it
    (tests/stories/test_earned.py).
    """
    plan = plans.find(uow.connection, workflow=row.workflow, action=row.action)
    if plan is None:
        return
    cell = row.cell
    grant = grants.of_cell(uow.connection, cell)
    level = plan.starts if grant is None else Level(grant.level)
    alone = level.rank > Level.APPROVE_EACH.rank
    fall = partial(record_lowering, uow, cell, row.fingerprint, level, row=row.action_id)
    since_us = incidents.began(uow.connection, cell, grant)
    seen = partial(incidents.seen, uow, row, risk=plan.risk, since_us=since_us)
    if severity and (alone or affected.ran_alone(uow.connection, row.action_id)):
        if alone:
            of = row.fingerprint if grant is None else grant.fingerprint
            to = Level.APPROVE_EACH
            record_lowering(uow, cell, of, level, to, severity, row=row.action_id)
        seen(code=Seen(severity))
        if alone:
            return
    if not (row.eligible and row.drawn):
        return
    calibration.fix(uow, plan, row)
    turns = {Outcome.WRONG, Outcome.VOID}  # what is neither is right to a detector
    new = _sounded(uow, plan, grant, row) if {outcome, row.outcome} & turns else set()
    if outcome is Outcome.RIGHT:
        return  # a correction may move an alarm, which is recorded, and lowers nothing
    if BREACH in new:
        to = Level.APPROVE_EACH if alone else _below(level)
        if to.rank < level.rank:
            fall(to, BREACH)
        if alone:
            seen(code=Seen.BREACH)
    elif alone and grant is not None and _rests(uow, plan, grant, row):
        fall(Level.APPROVE_EACH, "unsupported")
    elif WARN in new:
        surge(uow, cell, code=WARN)


def _sounded(uow: UnitOfWork, plan: Plan, grant: GrantRow | None, row: EvidenceRow) -> set[str]:
    """Record the alarms of a cell that are not in the record yet; return the detectors."""
    connection, cell = uow.connection, row.cell
    over = plans.over(connection, cell, row.fingerprint)
    grid = plans.grid(connection, cell, row.fingerprint, over.attempt + 1)
    watch = sounding.of_cell(
        connection, plan, cell, grant, fingerprint=row.fingerprint, begins_us=over.resumes_us,
        score_min=None if grid is None else grid.thresholds[grid.begins],
    )  # fmt: skip
    now_us = clock.microseconds(uow.now)
    known = {(one.detector, one.row) for one in plans.alarms(connection, cell)}
    found = sounding.alarms(connection, watch, at_us=row.at_us, now_us=now_us)
    new = [one for one in found if (one.detector, one.row) not in known]
    for one in new:
        append(uow, cell, fired(one, cell, row.fingerprint))
    return {one.detector for one in new}


def _rests(uow: UnitOfWork, plan: Plan, grant: GrantRow, row: EvidenceRow) -> bool:
    """Say whether a grant rests on this row, and is supported no more."""
    last = evidence.find(uow.connection, grant.evidence_last) if grant.evidence_last else None
    if last is None or (row.at_us, row.action_id) > (last.at_us, last.action_id):
        return False
    stream = streams.read(uow.connection, plan, row.cell, row.fingerprint)
    now_us = clock.microseconds(uow.now)
    return grants.lapsed(uow.connection, stream, grant, now_us=now_us)


def alarms(
    stream: EvidenceStream, grant: GrantRow | None, grid: GridRow | None, *, now_us: int
) -> list[Alarm]:
    """Return every alarm of a cell since its level was set, folded anew from its rows."""
    found: list[Alarm] = []
    for one in watches(stream, grant, grid, now_us=now_us):
        fired = folded(
            one.detector, one.rows, one.outcomes, rate_ppm=one.rate_max_ppm, run=one.run_min
        )
        found += fired[:1] if one.detector == BREACH else fired
    return found


def watches(
    stream: EvidenceStream, grant: GrantRow | None, grid: GridRow | None, *, now_us: int
) -> list[Watched]:
    """Return the detectors that watch a cell at its level, with the rows that each looks at.

    The stream has all rows since the level was set: `streams.since_level`.
    """
    plan = stream.plan
    level = plan.starts if grant is None else Level(grant.level)
    since_us = stream.since_us if grant is None else grant.given_us
    alone = level.rank > Level.APPROVE_EACH.rank
    rows = [
        row
        for row in stream.drawn(since_us=since_us)
        if (row.alone if alone else row.level == level.value)
    ]
    if level is Level.APPROVE_EACH:
        rows = judged.would_run(rows, grid)
    rows, outcomes = _one_a_cluster(stream, rows, now_us=now_us)
    return [
        Watched(
            detector=one.detector, rate_max_ppm=one.rate_max_ppm, run_min=one.run_min,
            rows=tuple(rows), outcomes=tuple(outcomes),
        )
        for one in alarm.bounds(plan, grant)
    ]  # fmt: skip


def _one_a_cluster(
    stream: EvidenceStream, rows: Sequence[EvidenceRow], *, now_us: int
) -> tuple[list[EvidenceRow], list[Outcome]]:
    """Return the first row of each cluster and day, and the worst that is known of its rows."""
    found: list[EvidenceRow] = []
    outcomes: list[Outcome] = []
    for _, day in groupby(rows, key=lambda row: row.at_us // DAY_US):
        of_day = list(day)
        first: dict[str, EvidenceRow] = {}
        for row in of_day:
            first.setdefault(row.cluster, row)
        found += first.values()
        outcomes += gate.clusters(
            (row.cluster, _seen(stream.outcome(row, now_us=now_us), row)) for row in of_day
        )
    return found, outcomes


def _seen(outcome: Outcome, row: EvidenceRow) -> Outcome:
    """Leave out what would not run any more, unless it was wrong: pending is right here."""
    return Outcome.VOID if row.gone and outcome is not Outcome.WRONG else outcome


def folded(
    name: str,
    rows: Sequence[EvidenceRow],
    outcomes: Sequence[Outcome],
    *,
    rate_ppm: int,
    run: int,
) -> list[Alarm]:
    """Return each row at which a detector fires that begins again after every alarm."""
    found, begin = [], 0
    rest = state = detector.start(rate_max=rate_ppm / PPM, run_min=run)
    while begin < len(rows):
        state, fired = detector.fold(state, outcomes[begin : begin + _ROWS_AT_ONCE])
        if fired is None:
            begin += _ROWS_AT_ONCE
            continue
        begin += fired
        found.append(
            Alarm(
                detector=name, rate_max_ppm=rate_ppm, run_min=run, rows=begin,
                row=rows[begin - 1].action_id, log_statistic=math.log(state.statistic),
            )
        )  # fmt: skip
        state = rest
    return found


def surge(uow: UnitOfWork, cell: Cell, *, code: str, cases: int = SURGE_CASES) -> None:
    """Have each of the next cases of a cell looked at and drawn."""
    append(
        uow,
        cell,
        SurgeBegun(action=cell.action, segment=cell.segment, cases=cases, code=code),
    )


def _below(level: Level) -> Level:
    return list(Level)[max(level.rank - 1, 0)]


def record_lowering(
    uow: UnitOfWork,
    cell: Cell,
    fingerprint: str,
    before: Level,
    to: Level,
    code: str,
    *,
    row: str = "",
) -> None:
    """Lower a cell and end its attempt: what it earns from here on is counted anew."""
    grants.lower(uow, cell, level=to, code=code, fingerprint=fingerprint, before=before.value)
    if fingerprint:
        streams.close(uow, cell, fingerprint, code=f"demoted.{code}")
    tell_owner(uow, cell, code=code, row=row)


def tell_owner(uow: UnitOfWork, cell: Cell, *, code: str, row: str = "") -> None:
    """Leave it to the owner to see why a level fell; `row` is the proposal that it fell on."""
    at = str(clock.microseconds(uow.now))
    append(
        uow,
        cell,
        TaskOpened(
            task_id=task_id(TaskKind.LOWERED, cell.name, code, at), kind=TaskKind.LOWERED.value,
            owner="role:owner", code=f"lowered.{code}", action_id=row,
        ),
    )  # fmt: skip


def fired(one: Alarm, cell: Cell, fingerprint: str) -> Event:
    """Return the event that tells of an alarm."""
    return DetectorFired(
        action=cell.action, segment=cell.segment, fingerprint=fingerprint,
        detector=one.detector, rate_max_ppm=one.rate_max_ppm, run_min=one.run_min,
        rows=one.rows, row=one.row, statistic=f"{one.log_statistic:.9f}",
    )  # fmt: skip


def append(uow: UnitOfWork, cell: Cell, event: Event) -> None:
    """Record something about a cell that no person did."""
    uow.append(
        Draft(
            event=event, case_id=control_stream(cell.workflow), workflow=cell.workflow,
            actor=actor.service("monitors"),
        )
    )  # fmt: skip
