"""A person's no: widened to everything of the same kind for one subject, and lifted again."""

from collections.abc import Collection
from datetime import timedelta

from remit.domain import actor, clock
from remit.domain.desk_event import DenialLifted, DenialWidened
from remit.domain.effect import EffectState
from remit.domain.entry import Draft
from remit.errors import IllegalMoveError, NotEntitledError, NotFoundError, RequestInvalidError
from remit.store import approvals, cases, proposals
from remit.store.approvals import ApprovalRecord
from remit.store.proposals import ProposalRow
from remit.store.unit import UnitOfWork

DAYS_MAX = 30


def widen(
    uow: UnitOfWork,
    action_id: str,
    *,
    kind: str,
    person: str,
    roles: Collection[str],
    days: int,
    reason: str,
) -> None:
    """Let a no that a person gave hold in all cases of its subject, for at most thirty days.

    `kind` is what it covers: the action's group, or the action. Raises `NotFoundError`,
    `RequestInvalidError`, `NotEntitledError`, and `IllegalMoveError` where no person said no or
    nobody knows whose case it is.
    """
    if not 1 <= days <= DAYS_MAX:
        raise RequestInvalidError(f"a no holds in other cases for 1 to {DAYS_MAX} days")
    row, asked = _refused(uow, action_id)
    if "owner" not in roles and not {one.role for one in asked.requirements} & set(roles):
        raise NotEntitledError(f"`{person}` may not decide on this, and so not widen a no either")
    case = cases.find(uow.connection, row.case_id)
    if case is None or not case.subject:
        raise IllegalMoveError(
            "nobody knows from whom this case came, so a no to it holds in this case alone"
        )
    _append(
        uow,
        row,
        DenialWidened(
            action_id=action_id,
            kind=kind,
            subject=case.subject,
            until_us=clock.microseconds(uow.now + timedelta(days=days)),
        ),
        person=person,
        reason=reason,
    )


def lift(uow: UnitOfWork, action_id: str, *, person: str, reason: str) -> None:
    """Take a person's no away, in its case and in all others: the owner's word, with a reason.

    What is proposed from here on is judged anew; what was denied stays denied. Raises
    `NotFoundError`, `RequestInvalidError`, and `IllegalMoveError` where no person said no.
    """
    if not reason.strip():
        raise RequestInvalidError("say why the no is lifted; it stands in the record")
    row, _ = _refused(uow, action_id)
    _append(uow, row, DenialLifted(action_id=action_id), person=person, reason=reason)


def _refused(uow: UnitOfWork, action_id: str) -> tuple[ProposalRow, ApprovalRecord]:
    row = proposals.find(uow.connection, action_id)
    if row is None:
        raise NotFoundError(f"there is no action `{action_id}`")
    asked = [
        one
        for one in approvals.of_case(uow.connection, row.case_id)
        if one.action_id == action_id and one.verdict == "reject"
    ]
    if row.state is not EffectState.DENIED or not asked:
        raise IllegalMoveError("no person said no to this; what a rule denies is judged each time")
    return row, asked[-1]


def _append(
    uow: UnitOfWork,
    row: ProposalRow,
    event: DenialWidened | DenialLifted,
    *,
    person: str,
    reason: str,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.person(person),
            path=row.path,
            payloads={"reason": reason},
        )
    )
