"""Rollbacks as people see them, and what the record keeps of one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from remit.domain import actor, clock
from remit.domain.action import ActionSpec
from remit.domain.effect import EffectState
from remit.domain.entry import Draft, Event
from remit.domain.ids import control_stream
from remit.domain.incident import Correction
from remit.domain.money import Money
from remit.domain.rollback_event import (
    RollbackFinished,
    RollbackPlanned,
    RollbackSettled,
    RollbackStarted,
)
from remit.domain.value import Json, digest
from remit.errors import NotFoundError, RequestInvalidError, StaleDigestError
from remit.governance.cards import sentence
from remit.governance.casebook import proposed
from remit.ledger.seal import KeyRing
from remit.store import affected, incidents, performed, proposals, rollbacks
from remit.store.connection import Connection
from remit.store.proposals import ProposalRow
from remit.store.rollbacks import ItemRow, RollbackRow
from remit.store.unit import UnitOfWork

PLANNED_MAX = 1_000
ACTIONS_AN_ENTRY = 200
SHOWN_MAX = 100
SENTENCES_MAX = 200
COMPENSATED, UNCOMPENSATED, NOT_NEEDED = "compensated", "uncompensated", "not_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which effects are to be taken back: of a workflow, in a window of time."""

    workflow: str
    since: datetime
    until: datetime
    action: str | None = None
    case_id: str | None = None
    incident_id: str | None = None  # only what is still to check of this one


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedUndo:
    """One effect of a plan, and what would be done about it."""

    action_id: str
    case_id: str
    action: str
    undo: str  # empty where none is declared
    state: str
    risk: str
    record: str  # a keyed digest: the same for effects on the same record
    at: datetime
    note: str  # empty, or why it will not simply be undone
    money: str = ""
    sentence: str = ""  # what was done, of the first `SENTENCES_MAX`; empty where it was erased


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rollback would take back, newest first; its digest is what a person starts."""

    workflow: str
    items: tuple[PlannedUndo, ...]
    digest: str
    sums: tuple[str, ...] = ()  # of the money that moved, for each currency
    incident_id: str = ""  # whose effects they are


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One effect of a rollback, and what became of it."""

    position: int
    action_id: str
    case_id: str
    action: str
    state: str
    outcome: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackView:
    """A rollback: planned = compensated + uncompensated + not needed, once it is finished."""

    rollback_id: str
    workflow: str
    person: str
    started_at: datetime
    finished_at: datetime | None
    planned: int
    compensated: int
    uncompensated: int
    not_needed: int
    items: tuple[ItemView, ...]
    incident_id: str = ""  # whose effects it takes back


def planned(connection: Connection, selection: Selection, undos: Mapping[str, str | None]) -> Plan:
    """Return what would be taken back, newest first; `undos` are those declared, by action.

    Raises `RequestInvalidError` for more than can be looked at.
    """
    rows = _selected(connection, selection)
    if len(rows) > PLANNED_MAX:
        raise RequestInvalidError(
            f"`since`: more than {PLANNED_MAX:,} effects; take a shorter time, or one action"
        )
    forms: list[Json] = [[row.action_id, row.state.value] for row in rows]
    return Plan(
        workflow=selection.workflow,
        items=tuple(_planned(row, undos.get(row.action)) for row in rows),
        digest=digest([selection.workflow, forms]),
        incident_id=selection.incident_id or "",
        sums=_sums(rows),
    )


def told(
    connection: Connection, keys: KeyRing, plan: Plan, specs: Mapping[str, ActionSpec]
) -> Plan:
    """Return a plan with the sentences of its first effects, each as its card said it."""
    first = plan.items[:SENTENCES_MAX]
    given = {
        case_id: proposed(connection, keys, case_id) for case_id in {one.case_id for one in first}
    }
    said = (
        replace(one, sentence=sentence(specs[one.action], given[one.case_id][one.action_id]))
        if one.action in specs and one.action_id in given[one.case_id]
        else one
        for one in first
    )
    return replace(plan, items=(*said, *plan.items[SENTENCES_MAX:]))


def start(
    uow: UnitOfWork,
    plan: Plan,
    *,
    rollback_id: str,
    person: str,
    reason: str,
    shown: str,
) -> None:
    """Record that exactly the plan which was shown is carried out.

    Raises `StaleDigestError` when it is another by now, `RequestInvalidError` for an empty one.
    """
    if shown != plan.digest:
        raise StaleDigestError("what you were shown is not what would be undone now; look again")
    if not plan.items:
        raise RequestInvalidError("`since`: nothing was done there that could be taken back")
    ids = [one.action_id for one in plan.items]
    events: list[Event] = [
        RollbackStarted(
            rollback_id=rollback_id,
            person=person,
            planned=len(ids),
            plan=plan.digest,
            incident_id=plan.incident_id or None,
        )
    ]
    events += [
        RollbackPlanned(
            rollback_id=rollback_id,
            first=first,
            actions=tuple(ids[first : first + ACTIONS_AN_ENTRY]),
        )
        for first in range(0, len(ids), ACTIONS_AN_ENTRY)
    ]
    for event in events:
        _append(
            uow, plan.workflow, event, person=person,
            payloads={"reason": reason} if isinstance(event, RollbackStarted) else {},
        )  # fmt: skip


def settle(uow: UnitOfWork, row: RollbackRow, action_id: str, *, outcome: str, code: str) -> None:
    """Record once what became of one effect; with the last one, that the rollback is finished."""
    uow.lock(control_stream(row.workflow))
    items = rollbacks.items(uow.connection, row.rollback_id)
    if any(one.action_id == action_id and one.outcome for one in items):
        return
    settled = RollbackSettled(
        rollback_id=row.rollback_id, action_id=action_id, outcome=outcome, code=code[:200]
    )
    _append(uow, row.workflow, settled, person=None)
    after = Counter(one.outcome for one in items if one.outcome)
    after[outcome] += 1
    if after.total() == row.planned:
        finished = RollbackFinished(
            rollback_id=row.rollback_id, planned=row.planned, compensated=after[COMPENSATED],
            uncompensated=after[UNCOMPENSATED], not_needed=after[NOT_NEEDED],
        )  # fmt: skip
        _append(uow, row.workflow, finished, person=None)


def view(connection: Connection, rollback_id: str, *, whole: bool = True) -> RollbackView:
    """Return one rollback; raises `NotFoundError`."""
    row = rollbacks.find(connection, rollback_id)
    if row is None:
        raise NotFoundError(f"there is no rollback `{rollback_id}`")
    return _view(connection, row, whole=whole)


def newest(connection: Connection) -> tuple[RollbackView, ...]:
    """Return rollbacks without their effects, the newest first."""
    return tuple(
        _view(connection, row, whole=False) for row in rollbacks.newest(connection, SHOWN_MAX)
    )


# -- parts ---------------------------------------------------------------------------------------


def _selected(connection: Connection, selection: Selection) -> list[ProposalRow]:
    """Return the effects of a selection, newest first; one more than may be planned at most."""
    since_us, until_us = map(clock.microseconds, (selection.since, selection.until))
    if selection.incident_id is None:
        return performed.done_between(
            connection, workflow=selection.workflow, since_us=since_us, until_us=until_us,
            action=selection.action, case_id=selection.case_id, limit=PLANNED_MAX + 1,
        )  # fmt: skip
    incident = incidents.find(connection, selection.incident_id)
    if incident is None or incident.scope.workflow != selection.workflow:
        raise NotFoundError(f"there is no incident `{selection.incident_id[:64]}`")
    found = affected.effects(
        connection, incident, limit=PLANNED_MAX + 1, finding=Correction.TO_CHECK
    )
    rows = [proposals.find(connection, one.action_id) for one in found]
    wanted = [
        row
        for row in rows
        if row is not None
        and row.state in performed.DONE
        and since_us <= row.changed_us <= until_us
        and selection.action in {None, row.action}
        and selection.case_id in {None, row.case_id}
    ]
    return sorted(wanted, key=lambda row: (row.changed_us, row.action_id), reverse=True)


def _planned(row: ProposalRow, undo: str | None) -> PlannedUndo:
    if undo is None:
        note = "it cannot be undone: a task for its owner"
    elif row.state is not EffectState.CONFIRMED:
        note = f"it is {row.state.value}: undone once it is known to have happened"
    else:
        note = ""
    return PlannedUndo(
        action_id=row.action_id,
        case_id=row.case_id,
        action=row.action,
        undo=undo or "",
        state=row.state.value,
        risk=row.risk,
        record=row.record,
        at=clock.instant(row.changed_us),
        note=note,
        money=""
        if row.money_minor is None
        else str(Money.of_minor(row.money_minor, row.currency)),
    )


def _sums(rows: Sequence[ProposalRow]) -> tuple[str, ...]:
    sums = Counter[str]()
    for row in rows:
        sums[row.currency] += row.money_minor or 0
    return tuple(str(Money.of_minor(sums[one], one)) for one in sorted(sums) if one)


def _view(connection: Connection, row: RollbackRow, *, whole: bool) -> RollbackView:
    items = rollbacks.items(connection, row.rollback_id)
    counts = Counter(one.outcome for one in items)
    return RollbackView(
        rollback_id=row.rollback_id,
        workflow=row.workflow,
        person=row.person,
        started_at=clock.instant(row.started_us),
        finished_at=None if row.finished_us is None else clock.instant(row.finished_us),
        planned=row.planned,
        compensated=counts[COMPENSATED],
        uncompensated=counts[UNCOMPENSATED],
        not_needed=counts[NOT_NEEDED],
        items=_items(connection, items) if whole else (),
        incident_id=row.incident_id,
    )


def _items(connection: Connection, items: Sequence[ItemRow]) -> tuple[ItemView, ...]:
    found: list[ItemView] = []
    for one in items:
        effect = proposals.find(connection, one.action_id)
        found.append(
            ItemView(
                position=one.position,
                action_id=one.action_id,
                case_id="" if effect is None else effect.case_id,
                action="" if effect is None else effect.action,
                state="" if effect is None else effect.state.value,
                outcome=one.outcome,
                code=one.code,
            )
        )
    return tuple(found)


def _append(
    uow: UnitOfWork,
    workflow: str,
    event: Event,
    *,
    person: str | None,
    payloads: Mapping[str, Json] | None = None,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=control_stream(workflow),
            workflow=workflow,
            actor=actor.service("rollback") if person is None else actor.person(person),
            payloads=payloads or {},
        )
    )
