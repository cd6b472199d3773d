"""The desk: who may say yes or no to what waits, and what a verdict leaves in the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from remit.domain import actor, clock
from remit.domain.action import Risk
from remit.domain.approval import ApprovalState, RejectReason, Verdict, behind
from remit.domain.desk_event import ApprovalClosed, ApprovalDecided, ApprovalVoted
from remit.domain.effect import BEGUN, EffectState
from remit.domain.effect_event import ActionExpired, ActionWithdrawn
from remit.domain.entry import Draft, Event
from remit.domain.event import CaseEscalated, WaitEnded
from remit.domain.value import Json
from remit.errors import (
    ApprovalClosedError,
    ApprovalExpiredError,
    IllegalMoveError,
    InvalidEditError,
    NotEntitledError,
    OwnRequestError,
    StaleDigestError,
)
from remit.governance import checks, inbox
from remit.governance.sessions import SignedIn
from remit.store import approvals as rows
from remit.store import cases, proposals, waits
from remit.store import votes as vote_rows
from remit.store.approvals import ApprovalRecord
from remit.store.unit import UnitOfWork

_CLEARING = frozenset({Verdict.APPROVE, Verdict.EDIT})
FRESH_RISKS = frozenset({Risk.MONEY.value, Risk.IRREVERSIBLE.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person says to what they were shown, and how."""

    verdict: Verdict
    digest: str  # of what they were shown
    channel: str
    edits: Mapping[str, Json] | None = None
    reason: RejectReason | None = None
    note: Json = None
    seconds_open: int | None = None
    signed_in: SignedIn | None = None
    batch: str | None = None  # the digest of the batch that it is one answer of


class _How(TypedDict, total=False):
    session: str
    strength: str
    auth_us: int


def decide(
    uow: UnitOfWork,
    approval_id: str,
    answer: Answer,
    *,
    person: str,
    roles: frozenset[str],
    lent: Mapping[str, frozenset[str]] | None = None,
) -> None:
    """Record one person's verdict, bound to the digest that they were shown.

    `lent` are the roles of others that they may use now, by giver: looked at where their own are
    not enough. A yes that is not yet enough is a vote; one no is a no. The same vote again
    changes nothing.
    Raises `NotFoundError`, `NotEntitledError`, `StaleDigestError`, `ApprovalClosedError` and
    `ApprovalExpiredError`.
    """
    row = inbox.found(uow.projected, approval_id)
    case = cases.find(uow.projected, row.case_id)
    role, giver = _roles(
        row, person, roles, lent or {}, requester="" if case is None else case.requester or ""
    )
    if answer.verdict in _CLEARING and case is not None and case.requester == person:
        raise OwnRequestError(
            f"`{person}` brought this case in and approves nothing of it; somebody else must"
        )
    if row.state is not ApprovalState.OPEN:
        if row.decided_by == person and row.verdict == answer.verdict.value:
            return
        if row.state in {ApprovalState.SUPERSEDED, ApprovalState.VOID} and not row.verdict:
            raise StaleDigestError(
                "what this rests on changed after it was shown; look at it again", approval_id
            )
        raise ApprovalClosedError(_closed(row))
    if uow.now >= clock.instant(row.expires_us):
        raise ApprovalExpiredError("the time to decide has passed; nothing was performed")
    if answer.digest != row.digest:
        raise StaleDigestError(
            "what you were shown is not what would run now; look again", approval_id
        )
    if answer.verdict is Verdict.EDIT and not answer.edits:
        raise InvalidEditError("nothing was changed; approve it, or change a field")
    if answer.verdict is Verdict.APPROVE and vote_rows.has_cast(
        uow.projected, approval_id, person
    ):
        return
    if answer.verdict is Verdict.APPROVE and not _enough(uow, row, person, role, giver):
        event: Event = ApprovalVoted(
            approval_id=approval_id, person=person, role=role, digest=answer.digest,
            channel=answer.channel, seconds_open=answer.seconds_open, batch=answer.batch,
            delegated_from=giver or None, **_how(answer.signed_in),
        )  # fmt: skip
    else:
        event = ApprovalDecided(
            approval_id=approval_id,
            action_id=row.action_id,
            verdict=answer.verdict.value,
            person=person,
            role=role,
            digest=answer.digest,
            channel=answer.channel,
            reason=None if answer.reason is None else answer.reason.value,
            seconds_open=answer.seconds_open,
            batch=answer.batch,
            delegated_from=giver or None,
            **_how(answer.signed_in),
        )
    payload: dict[str, Json] = {}
    if answer.edits:
        payload["edits"] = dict(answer.edits)
    if answer.note is not None:
        payload["note"] = answer.note
    append(
        uow, row, event, person=person, payloads={"reason": payload} if payload else {},
        tenant="default" if case is None else case.tenant,
    )  # fmt: skip


def eligible(row: ApprovalRecord, roles: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Return the handles of those who may decide this, by the roles that people hold now."""
    wanted = {one.role for one in row.requirements}
    return tuple(sorted(handle for handle, held in roles.items() if held & wanted))


def needs_fresh(row: ApprovalRecord, verdict: Verdict) -> bool:
    """Needs this verdict a fresh sign-in? A no never does: to stop is never harder."""
    return verdict in _CLEARING and row.risk in FRESH_RISKS


def take_back(
    uow: UnitOfWork, approval_id: str, *, person: str, grace_until: datetime
) -> ApprovalRecord:
    """Take a yes back inside its grace time: certain, for nothing has been intended.

    Raises `NotFoundError`, `NotEntitledError`, and `ApprovalClosedError` when it is too late.
    """
    row = inbox.found(uow.connection, approval_id)
    if row.state is not ApprovalState.APPROVED or uow.now >= grace_until:
        raise ApprovalClosedError("too late to take it back; undo it instead")
    if person not in {vote.person for vote in vote_rows.of_approval(uow.connection, approval_id)}:
        raise NotEntitledError("only somebody who said yes can take it back")
    append(
        uow,
        row,
        ApprovalClosed(
            approval_id=approval_id, action_id=row.action_id, state="revoked", code="taken_back"
        ),
        person=person,
    )
    if not proposals.is_noted(uow.connection, row.action_id):
        withdrawn = ActionWithdrawn(action_id=row.action_id, code="desk.taken_back")
        append(uow, row, withdrawn, person=person)
    return rows.find(uow.connection, approval_id) or row


def withdraw(uow: UnitOfWork, case_id: str, *, person: str) -> None:
    """Withdraw whatever of a case still waits for a yes or for its grace time to end.

    Raises `IllegalMoveError` while it is not certain what became of an effect.
    """
    for proposal in proposals.of_case(uow.connection, case_id):
        if proposal.state in BEGUN:
            raise IllegalMoveError(
                f"`{proposal.action}` is {proposal.state.value}; hand the case back, "
                "so that it is found out first"
            )
    for row in rows.of_case(uow.connection, case_id):
        if row.state not in {ApprovalState.OPEN, ApprovalState.APPROVED}:
            continue
        closed = ApprovalClosed(
            approval_id=row.approval_id, action_id=row.action_id, state="revoked",
            code="case_closed",
        )  # fmt: skip
        append(uow, row, closed, person=person)
        if not proposals.is_noted(uow.connection, row.action_id):
            withdrawn = ActionWithdrawn(action_id=row.action_id, code="desk.case_closed")
            append(uow, row, withdrawn, person=person)
    for proposal in proposals.of_case(uow.connection, case_id):
        if proposal.state not in {EffectState.HELD, EffectState.BLOCKED}:
            continue  # what no person was asked about: it waited for something to happen
        withdrawn = ActionWithdrawn(action_id=proposal.action_id, code="desk.case_closed")
        uow.append(
            Draft(
                event=withdrawn, case_id=case_id, workflow=proposal.workflow,
                actor=actor.person(person), path=proposal.path,
            )
        )  # fmt: skip


def look_again(uow: UnitOfWork, approval_id: str, *, person: str) -> None:
    """End an open request whose facts a person has changed; the gate asks anew where it must."""
    row = rows.find(uow.connection, approval_id)
    if row is None or row.state is not ApprovalState.OPEN:
        raise ApprovalClosedError("this is decided; look at the case")
    append(
        uow,
        row,
        ApprovalClosed(
            approval_id=approval_id, action_id=row.action_id, state="superseded", code="endorsed"
        ),
        person=person,
    )
    waiting = waits.of_case(uow.connection, row.case_id)
    if any(ref == approval_id for _, _, ref in waiting):
        append(
            uow, row, WaitEnded(kind="approval", ref=approval_id, how="endorsed"), person=person
        )


def expire(uow: UnitOfWork, approval_id: str, *, escalate: bool) -> bool:
    """End an approval that nobody decided in time; it never approves.

    The case escalates at once, or without `escalate` when its run comes to it.
    """
    row = rows.find(uow.connection, approval_id)
    if row is None or row.state is not ApprovalState.OPEN:
        return False
    if uow.now < clock.instant(row.expires_us):
        return False
    closed = ApprovalClosed(
        approval_id=approval_id, action_id=row.action_id, state="expired", code="expired"
    )
    append(uow, row, closed, person=None)
    if proposals.is_noted(uow.connection, row.action_id):
        checks.given_up(uow, row.case_id, code="expired", by=actor.service("clock"))
        return True
    expired = ActionExpired(action_id=row.action_id, approval_id=approval_id)
    append(uow, row, expired, person=None)
    if escalate:
        append(uow, row, CaseEscalated(code="approval.expired"), person=None)
    return True


def grace_ends(decided_us: int, seconds: int) -> datetime:
    """Return when a yes can no longer be taken back."""
    return clock.instant(decided_us) + timedelta(seconds=seconds)


def append(
    uow: UnitOfWork,
    row: ApprovalRecord,
    event: Event,
    *,
    person: str | None,
    payloads: Mapping[str, Json] | None = None,
    tenant: str = "default",
) -> None:
    """Append what somebody did about an approval, or the clock, to its case where it was asked."""
    found = proposals.find(uow.projected, row.action_id)
    path = None if found is None else found.path
    uow.append(
        Draft(
            event=event,
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.service("clock") if person is None else actor.person(person),
            path=path,
            payloads=payloads or {},
            tenant=tenant,
        )
    )


# -- parts ---------------------------------------------------------------------------------------


def _how(signed_in: SignedIn | None) -> _How:
    """Return what the record keeps of how a person signed in."""
    if signed_in is None:
        return {}
    return {
        "session": signed_in.session,
        "strength": signed_in.strength,
        "auth_us": clock.microseconds(signed_in.auth_at),
    }


def _roles(
    row: ApprovalRecord,
    person: str,
    roles: frozenset[str],
    lent: Mapping[str, frozenset[str]],
    *,
    requester: str,
) -> tuple[str, str]:
    """Return the asked-for roles that this person may use, and whose they are if not their own.

    One yes may meet several requirements, and is of one giver. INVARIANT: nobody acts for who
    brought the case in (tests/security/test_approvals.py).
    """
    wanted = list(dict.fromkeys(requirement.role for requirement in row.requirements))
    for giver, held in (("", roles), *sorted(lent.items())):
        met = [role for role in wanted if role in held]
        if met and (not giver or giver != requester):
            return " ".join(met), giver
    if lent.get(requester, frozenset()) & set(wanted):
        raise OwnRequestError(
            f"`{requester}` brought this case in, so `{person}` may not act for them here"
        )
    raise NotEntitledError(
        f"`{person}` may not decide this; it needs the role {' or '.join(wanted)}"
    )


def _enough(uow: UnitOfWork, row: ApprovalRecord, person: str, role: str, giver: str) -> bool:
    """Is it said by enough people once this person has said it for these roles?"""
    votes = [
        *(
            (one.person, one.role, one.delegated_from)
            for one in vote_rows.of_approval(uow.projected, row.approval_id)
        ),
        *((person, one, giver) for one in role.split()),
    ]
    one = behind((person, giver) for person, _, giver in votes)
    return all(
        len({one[person] for person, role, _ in votes if role == requirement.role})
        >= requirement.people
        for requirement in row.requirements
    )


def _closed(row: ApprovalRecord) -> str:
    if row.state is ApprovalState.EXPIRED:
        return "the time to decide has passed; nothing was performed"
    if row.decided_by:
        words = {"approve": "approved", "reject": "rejected", "edit": "edited"}
        what = words.get(row.verdict, "took over")
        when = clock.text(clock.instant(row.decided_us or 0))[11:16]
        return f"{row.decided_by} {what} this at {when} UTC; your answer was not recorded"
    return f"this approval is {row.state.value}; your answer was not recorded"
