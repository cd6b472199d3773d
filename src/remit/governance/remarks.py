"""Claim, assign, comment, ask, snooze: what people do about an approval; none of it decides."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from remit.domain import clock
from remit.domain.approval import ApprovalState
from remit.domain.remark_event import (
    ApprovalAssigned,
    ApprovalClaimed,
    ApprovalCommented,
    ApprovalFreed,
    ApprovalSnoozed,
)
from remit.domain.value import Json
from remit.errors import (
    ApprovalClaimedError,
    ApprovalClosedError,
    NotEntitledError,
    RequestInvalidError,
)
from remit.governance import approvals, inbox
from remit.governance.owners import READ_ONLY_ROLES
from remit.governance.remark import (
    CLAIM_MINUTES_MAX,
    COMMENT_CHARACTERS_MAX,
    SNOOZE_MINUTES_MAX,
)
from remit.store.approvals import ApprovalRecord
from remit.store.unit import UnitOfWork


def claim(
    uow: UnitOfWork, approval_id: str, *, person: str, able: Collection[str], minutes: int
) -> None:
    """Say that this person is at it, for a while; nobody is kept from deciding it.

    Raises `ApprovalClaimedError` where somebody else is at it, `NotEntitledError`,
    `ApprovalClosedError`, `RequestInvalidError`.
    """
    if not 1 <= minutes <= CLAIM_MINUTES_MAX:
        raise RequestInvalidError(f"`minutes`: claim it for 1 to {CLAIM_MINUTES_MAX} minutes")
    row = _waiting(uow, approval_id)
    _demand(person, able)
    now_us = clock.microseconds(uow.now)
    if row.claimed_by not in {"", person} and row.claimed_until_us > now_us:
        until = clock.text(clock.instant(row.claimed_until_us))[11:16]
        raise ApprovalClaimedError(
            f"`{row.claimed_by}` is at it until {until} UTC; ask them, or decide it all the same"
        )
    ends = clock.microseconds(uow.now + timedelta(minutes=minutes))
    until_us = min(ends, row.expires_us)
    approvals.append(
        uow, row, ApprovalClaimed(approval_id=approval_id, until_us=until_us), person=person
    )


def let_go(uow: UnitOfWork, approval_id: str, *, person: str) -> None:
    """Say that whoever claimed it is not at it any more: only they can."""
    row = _waiting(uow, approval_id)
    if row.claimed_by == person:
        approvals.append(uow, row, ApprovalFreed(approval_id=approval_id), person=person)
    elif row.claimed_by:
        raise NotEntitledError(f"`{row.claimed_by}` claimed this; only they let it go")


def assign(
    uow: UnitOfWork, approval_id: str, *, person: str, to: str, able: Collection[str]
) -> None:
    """Move attention to one person, who must be entitled to decide it."""
    row = _waiting(uow, approval_id)
    if to not in able:
        raise NotEntitledError(
            f"`{to}` may not decide this; pass it to {' or '.join(sorted(able)) or 'the owner'}"
        )
    if row.held_by != f"person:{to}":
        approvals.append(uow, row, ApprovalAssigned(approval_id=approval_id, to=to), person=person)


def comment(
    uow: UnitOfWork, approval_id: str, *, person: str, text: Json, asked: str = ""
) -> None:
    """Record a word about it, masked already; with `asked` it is a question to that person."""
    row = _waiting(uow, approval_id)
    event = ApprovalCommented(approval_id=approval_id, asked=asked)
    approvals.append(uow, row, event, person=person, payloads={"comment": text})


def snooze(uow: UnitOfWork, approval_id: str, *, person: str, minutes: int | None) -> None:
    """Take it out of this person's own lists: so long, or until it is due; 0 brings it back.

    Raises `RequestInvalidError` for a time beyond its due time: the clock goes on.
    """
    row = _waiting(uow, approval_id)
    now_us = clock.microseconds(uow.now)
    if minutes is not None and not 0 <= minutes <= SNOOZE_MINUTES_MAX:
        raise RequestInvalidError(f"`minutes`: snooze it for 0 to {SNOOZE_MINUTES_MAX} minutes")
    until_us = row.due_us if minutes is None else now_us + minutes * 60_000_000
    if until_us > row.due_us or (minutes is None and row.due_us <= now_us):
        due = clock.text(clock.instant(row.due_us))[:16].replace("T", " ")
        raise RequestInvalidError(
            f"it is due at {due} UTC, and a snooze ends before that; name a shorter time"
        )
    approvals.append(
        uow, row, ApprovalSnoozed(approval_id=approval_id, until_us=until_us), person=person
    )


def words(text: str) -> str:
    """Return a comment as it was written; raises `RequestInvalidError` without repeating it."""
    if not text.strip() or len(text) > COMMENT_CHARACTERS_MAX:
        raise RequestInvalidError(f"`text`: write 1 to {COMMENT_CHARACTERS_MAX:,} characters")
    return text.strip()


def demand_worker(person: str, roles: Collection[str]) -> None:
    """Raise `NotEntitledError` for somebody who reads only."""
    if not set(roles) - READ_ONLY_ROLES:
        raise NotEntitledError(f"`{person}` may read this only; ask the workflow's owner")


def _waiting(uow: UnitOfWork, approval_id: str) -> ApprovalRecord:
    row = inbox.found(uow.projected, approval_id)
    if row.state is not ApprovalState.OPEN or uow.now >= clock.instant(row.expires_us):
        raise ApprovalClosedError("this waits for nobody any more; look at the case")
    return row


def _demand(person: str, able: Collection[str]) -> None:
    if person not in able:
        others: Sequence[str] = sorted(able)
        who = f"; {' or '.join(others)} may" if others else ""
        raise NotEntitledError(f"`{person}` may not decide this{who}")
