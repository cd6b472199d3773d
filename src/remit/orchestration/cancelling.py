"""Cancelling a case: what is not begun is withdrawn, what was intended runs to its outcome.

Cancelling undoes nothing; an undo is a decision of its own.
"""

from remit.domain import actor, clock
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.check_event import SEEDED
from remit.domain.desk_event import ApprovalClosed
from remit.domain.effect import BEGUN, UNSETTLED
from remit.domain.effect_event import (
    ActionWithdrawn,
    EffectAmbiguous,
    EffectConfirmed,
    EffectDispatched,
    EffectFailed,
    EffectReconciled,
)
from remit.domain.entry import Draft, Event
from remit.domain.event import (
    CaseClosed,
    IntentClassified,
    ModelAnswered,
    PassagesRetrieved,
    ToolRead,
    ValueDerived,
)
from remit.domain.running_event import CancelAsked
from remit.errors import CaseClosedError, IllegalMoveError, NotFoundError
from remit.governance import checks
from remit.store import approvals, cases, proposals
from remit.store.unit import UnitOfWork

CODE = "case.cancelled"

# What a run keeps that was cancelled under it: what the world did, and what it cost to look.
OUTCOMES: tuple[type[Event], ...] = (
    EffectConfirmed, EffectFailed, EffectAmbiguous, EffectDispatched, EffectReconciled,
)  # fmt: skip
KEPT: tuple[type[Event], ...] = (
    *OUTCOMES, IntentClassified, ModelAnswered, PassagesRetrieved, ToolRead, ValueDerived,
)  # fmt: skip


def ask(uow: UnitOfWork, case_id: str, *, person: str, reason: str) -> bool:
    """Record that a person cancels a case, once; return whether it is closed by that.

    A case with an effect whose outcome is not known closes when it is. Raises `NotFoundError`,
    `CaseClosedError` with who closed it, and `IllegalMoveError` for a case in quarantine.
    """
    row = cases.find(uow.connection, case_id)
    if row is None:
        raise NotFoundError(f"there is no case `{case_id}`")
    if row.tenant == SEEDED and row.status is not CaseStatus.CLOSED:
        return checks.given_up(uow, case_id, code="cancelled", by=actor.person(person))
    if row.status is CaseStatus.CLOSED and row.reason == CaseOutcome.CANCELLED.value:
        return True
    if row.status is CaseStatus.CLOSED:
        at = clock.text(clock.instant(row.closed_us or 0))[:16]
        raise CaseClosedError(
            f"`{row.closed_by}` closed case `{case_id}` at {at} UTC ({row.reason}); "
            "nothing was cancelled"
        )
    if row.status is CaseStatus.QUARANTINED:
        raise IllegalMoveError(f"case `{case_id}` is in quarantine; discard it instead")
    if row.asked:
        return False
    _append(uow, row, CancelAsked(), person=person, payloads={"reason": reason})
    return settle(uow, case_id, person=person)


def settle(uow: UnitOfWork, case_id: str, *, person: str | None) -> bool:
    """Withdraw what is not begun, and close the case unless an outcome is still to come."""
    row = cases.find(uow.connection, case_id)
    if row is None or row.status is CaseStatus.CLOSED:
        return True
    for approval in approvals.of_case(uow.connection, case_id):
        if approval.state.value in ("open", "approved"):
            _append(
                uow, row,
                ApprovalClosed(
                    approval_id=approval.approval_id, action_id=approval.action_id,
                    state="revoked", code=CODE,
                ),
                person=person,
            )  # fmt: skip
    begun = False
    for proposal in proposals.of_case(uow.connection, case_id):
        if proposal.state in BEGUN:
            begun = True
        elif proposal.state in UNSETTLED:
            withdrawn = ActionWithdrawn(action_id=proposal.action_id, code=CODE)
            _append(uow, row, withdrawn, person=person, path=proposal.path)
    if begun:
        return False
    _append(uow, row, CaseClosed(outcome=CaseOutcome.CANCELLED.value), person=person)
    return True


def _append(
    uow: UnitOfWork,
    row: cases.CaseRow,
    event: Event,
    *,
    person: str | None,
    path: str | None = None,
    payloads: dict[str, str] | None = None,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.workflow(row.workflow) if person is None else actor.person(person),
            path=path,
            payloads=payloads or {},
        )
    )
