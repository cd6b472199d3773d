"""Tasks: what is left to people, and what they may say of an effect that nobody is sure about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from remit.domain import actor, clock
from remit.domain.action import Risk
from remit.domain.case import CaseStatus
from remit.domain.effect import EffectState
from remit.domain.effect_event import (
    ActionWithdrawn,
    EffectCompensated,
    EffectConfirmed,
    EffectFailed,
    EffectReconciled,
    EffectUncompensated,
)
from remit.domain.entry import Draft, Event
from remit.domain.event import WaitEnded
from remit.domain.task import OF_EFFECTS, SAYS, Finding, TaskKind, task_id
from remit.domain.task_event import EffectAttested, TaskClosed, TaskOpened
from remit.domain.value import Json
from remit.errors import ApprovalClosedError, IllegalMoveError, NotFoundError
from remit.store import cases, incidents, proposals, tasks, waits
from remit.store.among import Workflows
from remit.store.connection import Connection
from remit.store.proposals import ProposalRow
from remit.store.tasks import AttestedRow, TaskRow
from remit.store.unit import UnitOfWork

PAGE_MAX = 200
NAMED_MAX = 2
_BY_PERSON = "person"
_SERIOUS = frozenset({Risk.MONEY.value, Risk.IRREVERSIBLE.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """One task, as people see it."""

    task_id: str
    kind: str
    says: str  # what to do
    case_id: str
    workflow: str
    action_id: str
    action: str
    risk: str
    state: str  # of the effect
    attempt: int
    owner: str
    code: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by: str
    how: str
    needed: int  # how many people must say the same of the effect
    said: tuple[AttestedRow, ...]
    incident_id: str = ""  # that was opened as the level fell


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    rows: tuple[TaskView, ...]
    after: str | None


def page(
    connection: Connection,
    *,
    closed: bool = False,
    workflow: Workflows = None,
    after: str | None = None,
    limit: int = 60,
) -> TaskPage:
    """Return a page of tasks, the oldest first."""
    limit = max(1, min(limit, PAGE_MAX))
    rows = tasks.page(
        connection, closed=closed, workflow=workflow, after=_cursor(after), limit=limit + 1
    )
    shown = [view(connection, row) for row in rows[:limit]]
    more = rows[limit - 1] if len(rows) > limit else None
    return TaskPage(
        rows=tuple(shown), after=None if more is None else f"{more.opened_us}-{more.task_id}"
    )


def named(connection: Connection, start: str) -> TaskRow:
    """Return the task whose id begins so; raises `NotFoundError`."""
    found = tasks.starting_with(connection, start, NAMED_MAX)
    if not found:
        raise NotFoundError(f"there is no task `{start}`; `remit tasks` lists them")
    if len(found) > 1:
        raise NotFoundError(f"more than one task begins with `{start}`; write more of it")
    return found[0]


def view(connection: Connection, row: TaskRow) -> TaskView:
    """Return one task with what is known of its effect."""
    effect = proposals.find(connection, row.action_id) if row.action_id else None
    said = (
        () if effect is None else tuple(tasks.attested(connection, row.action_id, effect.attempt))
    )
    return TaskView(
        task_id=row.task_id,
        kind=row.kind,
        says=SAYS[TaskKind(row.kind)],
        case_id=row.case_id,
        workflow=row.workflow,
        action_id=row.action_id,
        action="" if effect is None else effect.action,
        risk="" if effect is None else effect.risk,
        state="" if effect is None else effect.state.value,
        attempt=0 if effect is None else effect.attempt,
        owner=row.owner,
        code=row.code,
        opened_at=clock.instant(row.opened_us),
        closed_at=None if row.closed_us is None else clock.instant(row.closed_us),
        closed_by=row.closed_by,
        how=row.how,
        needed=1 if effect is None else needed(effect),
        said=said,
        incident_id=incidents.found_on(connection, row.action_id)
        if row.kind == TaskKind.LOWERED and row.action_id else "",
    )  # fmt: skip


def needed(effect: ProposalRow) -> int:
    """Return how many people must say the same of an effect: two where much is at stake."""
    return 2 if effect.risk in _SERIOUS else 1


# -- what people do ------------------------------------------------------------------------------


def attest(
    uow: UnitOfWork,
    action_id: str,
    *,
    person: str,
    finding: Finding,
    reference: str,
    receipt: Json,
    evidence: str,
    owner: str,
) -> bool:
    """Record what a person says of an effect; return whether it is settled by that.

    Raises `NotFoundError`, and `IllegalMoveError` for an effect that nobody is in doubt about.
    """
    row = proposals.find(uow.connection, action_id)
    if row is None:
        raise NotFoundError(f"there is no action `{action_id}`")
    _may(uow, row, finding)
    said = EffectAttested(
        action_id=action_id, attempt=row.attempt, finding=finding.value, person=person,
        reference=reference,
    )  # fmt: skip
    _append(uow, row, said, person=person, payloads={"evidence": evidence})
    agreed = [
        one.person
        for one in tasks.attested(uow.connection, action_id, row.attempt)
        if one.finding == finding.value and one.reference == reference
    ]
    if len(agreed) < needed(row):
        return False
    for event, payloads in _outcome(row, finding, reference, receipt, owner=owner):
        _append(uow, row, event, person=person, payloads=payloads)
    _close(uow, row.case_id, {action_id} | _settled_with(row, finding), person=person)
    _wake(uow, row, person=person)
    return True


def withdraw(uow: UnitOfWork, action_id: str, *, person: str) -> None:
    """Take back what is allowed and was not begun; raises `ApprovalClosedError` too late."""
    row = proposals.find(uow.connection, action_id)
    begins_us = None if row is None else row.begins_us
    if row is None or row.state is not EffectState.CLEARED or begins_us is None:
        raise ApprovalClosedError("too late to take it back; undo it instead")
    if uow.now >= clock.instant(begins_us):
        raise ApprovalClosedError("too late to take it back; undo it instead")
    withdrawn = ActionWithdrawn(action_id=action_id, code="desk.taken_back")
    _append(uow, row, withdrawn, person=person)
    _wake(uow, row, person=person)


def close(uow: UnitOfWork, row: TaskRow, *, person: str, note: str) -> None:
    """Close a task that no effect settles; raises `IllegalMoveError` for any other."""
    if TaskKind(row.kind) in OF_EFFECTS:
        raise IllegalMoveError(
            f"task `{row.task_id[:8]}` ends when its effect is settled; say what became of it"
        )
    known = tasks.find(uow.connection, row.task_id)
    if known is None or known.closed_us is not None:
        raise IllegalMoveError("this task is closed already")
    uow.append(
        Draft(
            event=TaskClosed(task_id=row.task_id, how="closed"),
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.person(person),
            payloads={"evidence": note},
        )
    )


def close_faults(uow: UnitOfWork, case_id: str, *, person: str) -> None:
    """Close what a case's faults left to a person, who has handled the case."""
    for row in tasks.open_of(uow.connection, case_id):
        if row.kind == TaskKind.FAULT.value:
            uow.append(
                Draft(
                    event=TaskClosed(task_id=row.task_id, how="handled"),
                    case_id=case_id,
                    workflow=row.workflow,
                    actor=actor.person(person),
                )
            )


# -- parts ---------------------------------------------------------------------------------------


def _may(uow: UnitOfWork, row: ProposalRow, finding: Finding) -> None:
    doubtful = row.state in {EffectState.AMBIGUOUS, EffectState.DISPATCHED}
    correct = row.state is EffectState.UNCOMPENSATED
    if not (correct if finding is Finding.CORRECTED else doubtful):
        raise IllegalMoveError(
            f"`{row.action}` is {row.state.value}; there is nothing to say of it that is not known"
        )
    case = cases.find(uow.connection, row.case_id)
    if not row.undoes and case is not None and case.status is CaseStatus.READY:
        raise IllegalMoveError("the other system is being asked at this moment; try again")


def _outcome(
    row: ProposalRow,
    finding: Finding,
    reference: str,
    receipt: Json,
    *,
    owner: str,
) -> list[tuple[Event, Mapping[str, Json]]]:
    action_id, attempt = row.action_id, row.attempt
    if finding is Finding.CORRECTED:
        return [(EffectCompensated(action_id=action_id, by="", by_hand=True), {})]
    known = EffectReconciled(
        action_id=action_id, effect_id=row.effect_id, attempt=attempt, finding=_BY_PERSON
    )
    if finding is Finding.HAPPENED:
        done = EffectConfirmed(
            action_id=action_id, effect_id=row.effect_id, attempt=attempt, reference=reference,
            latency_ms=0,
        )  # fmt: skip
        undone = EffectCompensated(action_id=row.undoes, by=action_id)
        return [(known, {}), (done, {"receipt": receipt}), *([(undone, {})] if row.undoes else [])]
    failed = EffectFailed(
        action_id=action_id, effect_id=row.effect_id, attempt=attempt, code="person.absent",
        sent=True,
    )  # fmt: skip
    events: list[tuple[Event, Mapping[str, Json]]] = [(known, {}), (failed, {})]
    if row.undoes:
        task = TaskOpened(
            task_id=task_id(TaskKind.UNCOMPENSATED, row.undoes),
            kind=TaskKind.UNCOMPENSATED.value, owner=owner, code="person.absent",
            action_id=row.undoes,
        )  # fmt: skip
        lost = EffectUncompensated(action_id=row.undoes, by=action_id, code="person.absent")
        events += [(lost, {}), (task, {})]
    return events


def _settled_with(row: ProposalRow, finding: Finding) -> set[str]:
    return {row.undoes} if row.undoes and finding is Finding.HAPPENED else set()


def _close(uow: UnitOfWork, case_id: str, actions: set[str], *, person: str) -> None:
    for task in tasks.open_of(uow.connection, case_id):
        if task.action_id in actions and TaskKind(task.kind) in OF_EFFECTS:
            uow.append(
                Draft(
                    event=TaskClosed(task_id=task.task_id, how="settled"),
                    case_id=case_id,
                    workflow=task.workflow,
                    actor=actor.person(person),
                )
            )


def _wake(uow: UnitOfWork, row: ProposalRow, *, person: str) -> None:
    """Let the case go on where it waits for what is known now."""
    case = cases.find(uow.connection, row.case_id)
    standing = waits.standing(uow.connection, row.case_id, row.path)
    if case is None or case.status is not CaseStatus.PARKED or standing is None:
        return
    kind, ref = standing
    _append(uow, row, WaitEnded(kind=kind, ref=ref, how=_BY_PERSON), person=person)


def _append(
    uow: UnitOfWork,
    row: ProposalRow,
    event: Event,
    *,
    person: str,
    payloads: Mapping[str, Json] | None = None,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.person(person),
            path=row.path,
            payloads=payloads or {},
        )
    )


def _cursor(after: str | None) -> tuple[int, str] | None:
    opened, _, task = (after or "").partition("-")
    return (int(opened), task) if task and opened.isascii() and opened.isdigit() else None
