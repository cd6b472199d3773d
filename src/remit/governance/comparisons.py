"""Comparisons of a new behaviour with what is known of others: a forecast, never evidence."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from remit.domain import actor, clock
from remit.domain.autonomy import Bar, Cell, Outcome
from remit.domain.comparison_event import (
    CaseCompared,
    ComparisonAbandoned,
    ComparisonFinished,
    ComparisonStarted,
)
from remit.domain.entry import Draft, Event
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.plan import DAY_US, Plan
from remit.evidence import gate, intervals
from remit.governance import compared, streams
from remit.governance.compared import COMPARABLE, WRONG, Came, Compared
from remit.store import checks, comparisons
from remit.store.comparisons import ComparedRow, ComparisonRow
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

CASES: Final = 50
CASES_MAX: Final = 200
DAYS: Final = 180  # so far back cases are taken
LOOKED_MAX: Final = 1_000  # rows, of which some are not settled
CHANCE: Final = 0.05  # that the interval does not hold the true rate
BY: Final = "comparisons"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Cases with known answers on which the behaviour of now can be tried; none: nothing to do."""

    cases: int
    asked: int  # answers of models that they took then
    before: tuple[str, ...]  # the behaviours under which they were proposed
    parameters: tuple[str, ...] = ()  # that decide; of others no difference is told


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedCase:
    """One case of a comparison, as people read it."""

    case_id: str
    action_id: str
    right: bool
    came: str
    code: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """A comparison that came to its end, or how it stands."""

    comparison_id: str
    cell: str
    fingerprint: str
    current: bool  # it is of the behaviour that runs now
    before: tuple[str, ...]
    person: str
    started: datetime
    ended: datetime | None
    state: str  # started | finished | abandoned
    code: str  # why it was broken off
    cases: int
    same: int
    fixed: int
    broken: int
    differs: int
    still_wrong: int
    incomparable: int
    escalated: int
    compared: int  # in which both can be held against each other
    wrong: int  # of those, with the ones of which nobody knows
    rate: tuple[float, float] | None  # that holds the true share of wrong
    expected: int | None  # labels to the bar at that rate; a forecast
    results: str
    rows: tuple[ComparedCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What is offered for a cell, and what came of the last one that ended well."""

    offer: Offer
    last: ComparisonView | None  # that was asked for, however it ended
    whole: ComparisonView | None  # the newest that came to its end


def chosen(
    connection: Connection, plan: Plan, cell: Cell, *, fingerprint: str, limit: int, now_us: int
) -> list[EvidenceRow]:
    """Return the newest rows of other behaviours whose label is final, drawn by the coin alone."""
    doubted = checks.doubted(connection, cell.workflow)
    rows = comparisons.labelled(
        connection, cell, but=fingerprint, since_us=now_us - DAYS * DAY_US, limit=LOOKED_MAX
    )
    final = (
        row
        for row in rows
        if streams.outcome(row, plan, now_us=now_us, doubted=doubted)
        in {Outcome.RIGHT, Outcome.WRONG}
    )
    return [row for _, row in zip(range(limit), final, strict=False)]


def offered(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    *,
    fingerprint: str,
    now_us: int,
    limit: int = CASES,
) -> Offer:
    """Return what can be compared now."""
    rows = chosen(connection, plan, cell, fingerprint=fingerprint, limit=limit, now_us=now_us)
    return Offer(
        cases=len(rows),
        asked=comparisons.asked(connection, [row.case_id for row in rows]),
        before=behaviours(rows),
        parameters=plan.material,
    )


def behaviours(rows: Sequence[EvidenceRow]) -> tuple[str, ...]:
    """Return the fingerprints of rows, each once, the newest first."""
    return tuple(dict.fromkeys(row.fingerprint for row in rows))


def of(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    *,
    fingerprint: str,
    bar: Bar | None,
    now_us: int,
) -> Comparison:
    """Return what is offered for a cell, and its last comparison."""
    last = comparisons.newest(connection, cell)
    whole = comparisons.newest(connection, cell, state=comparisons.FINISHED)

    def shown(rows: Sequence[ComparisonRow]) -> ComparisonView | None:
        if not rows:
            return None
        return view(connection, rows[0], fingerprint=fingerprint, bar=bar)

    return Comparison(
        offer=offered(connection, plan, cell, fingerprint=fingerprint, now_us=now_us),
        last=shown(last), whole=shown(whole),
    )  # fmt: skip


def view(
    connection: Connection, row: ComparisonRow, *, fingerprint: str, bar: Bar | None
) -> ComparisonView:
    """Return a comparison as people look at it; its results only where it came to its end."""
    rows = comparisons.cases(connection, row.comparison_id)
    count = {one: sum(each.came == one for each in rows) for one in Came}
    n = sum(count[one] for one in COMPARABLE)
    same_wrong = sum(one.came == Came.SAME and not one.right for one in rows)
    wrong = same_wrong + sum(count[one] for one in WRONG)
    return ComparisonView(
        comparison_id=row.comparison_id,
        cell=Cell(workflow=row.workflow, action=row.action, segment=row.segment).name,
        fingerprint=row.fingerprint, current=row.fingerprint == fingerprint, before=row.before,
        person=row.person, started=clock.instant(row.started_us),
        ended=None if row.ended_us is None else clock.instant(row.ended_us),
        state=row.state, code=row.code, cases=row.cases,
        same=count[Came.SAME], fixed=count[Came.FIXED], broken=count[Came.BROKEN],
        differs=count[Came.DIFFERS], still_wrong=count[Came.STILL_WRONG],
        incomparable=count[Came.INCOMPARABLE], escalated=count[Came.ESCALATED],
        compared=n, wrong=wrong,
        rate=intervals.rate(hits=wrong, n=n, chance=CHANCE) if n else None,
        expected=_expected(wrong, n, bar), results=row.results,
        rows=tuple(_case(one) for one in rows),
    )  # fmt: skip


def start(
    uow: UnitOfWork,
    cell: Cell,
    rows: Sequence[EvidenceRow],
    *,
    comparison_id: str,
    fingerprint: str,
    plan: Plan,
    person: str,
) -> None:
    """Record that somebody has it done."""
    event = ComparisonStarted(
        comparison_id=comparison_id, action=cell.action, segment=cell.segment,
        fingerprint=fingerprint, before=behaviours(rows), plan=plan.version, cases=len(rows),
        asked=comparisons.asked(uow.connection, [row.case_id for row in rows]), person=person,
    )  # fmt: skip
    _append(uow, cell, event, by=actor.person(person))


def finish(uow: UnitOfWork, cell: Cell, found: Sequence[Compared], *, comparison_id: str) -> None:
    """Record what came of every case, all at once: there is no half result."""
    count = {one: sum(each.came is one for each in found) for one in Came}
    for position, one in enumerate(found):
        event = CaseCompared(
            comparison_id=comparison_id, position=position, case_id=one.case_id,
            action_id=one.action_id, right=one.right, came=one.came.value, code=one.code,
            parameters=one.parameters,
        )  # fmt: skip
        _append(uow, cell, event, by=actor.service(BY))
    _append(
        uow,
        cell,
        ComparisonFinished(
            comparison_id=comparison_id, cases=len(found), same=count[Came.SAME],
            fixed=count[Came.FIXED], broken=count[Came.BROKEN], differs=count[Came.DIFFERS],
            still_wrong=count[Came.STILL_WRONG], incomparable=count[Came.INCOMPARABLE],
            escalated=count[Came.ESCALATED], results=compared.results(found),
        ),
        by=actor.service(BY),
    )  # fmt: skip


def abandon(
    uow: UnitOfWork, cell: Cell, *, comparison_id: str, code: str, done: int, person: str = ""
) -> None:
    """Record that it came to no end; nothing of it is told."""
    by = actor.person(person) if person else actor.service(BY)
    event = ComparisonAbandoned(comparison_id=comparison_id, code=code, done=done)
    _append(uow, cell, event, by=by)


# -- parts ---------------------------------------------------------------------------------------


def _expected(wrong: int, n: int, bar: Bar | None) -> int | None:
    """Return the labels expected at this rate, in all; none where that is at or above the bar."""
    if bar is None or not n:
        return None
    mean = gate.labels_expected(rate=(wrong + 0.5) / (n + 1), bar=bar)
    return None if mean is None or mean == float("inf") else math.ceil(mean)


def _case(row: ComparedRow) -> ComparedCase:
    return ComparedCase(
        case_id=row.case_id, action_id=row.action_id, right=row.right, came=row.came,
        code=row.code, parameters=row.parameters,
    )  # fmt: skip


def _append(uow: UnitOfWork, cell: Cell, event: Event, *, by: actor.Actor) -> None:
    uow.append(
        Draft(event=event, case_id=control_stream(cell.workflow), workflow=cell.workflow, actor=by)
    )
