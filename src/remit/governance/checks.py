"""Seeded checks: what comes of an answer, and how one that waits looks like any other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from remit.domain import actor
from remit.domain.actor import Actor
from remit.domain.approval import Verdict
from remit.domain.case import CaseOutcome
from remit.domain.check_event import SEEDED, CheckAnswered, CheckClosed
from remit.domain.desk_event import ApprovalClosed
from remit.domain.effect import EffectState
from remit.domain.entry import Draft, Entry, Event
from remit.domain.event import CaseClosed
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.store import approvals, checks, proposals
from remit.store.checks import CheckRow
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork

HIDDEN: Final = "governance:check"  # how events begin that would tell which is a check


def answered(uow: UnitOfWork, entry: Entry, keys: KeyRing) -> bool:
    """Record what somebody said of a check, tell what was true, and close its case; was it one?

    INVARIANT: it is no label, no row, no effect and no figure (tests/stories/test_seeded.py).
    """
    row = checks.by_approval(uow.connection, entry.word("approval_id"))
    if row is None or row.closed_us is not None:
        return False
    bad, critical = truth(uow, keys, row)
    yes = entry.word("verdict") == Verdict.APPROVE.value
    person = actor.person(entry.word("person"))
    event = CheckAnswered(
        check_id=row.check_id, reviewer=entry.word("person"), verdict=entry.word("verdict"),
        bad=bad, caught=yes != bad, critical=critical, seconds_open=entry.number("seconds_open"),
    )  # fmt: skip
    uow.append(Draft(event=event, case_id=row.stream, workflow=row.workflow, actor=person))
    if yes:
        found = approvals.find(uow.connection, row.approval_id)
        action_id = "" if found is None else found.action_id
        used = ApprovalClosed(
            approval_id=row.approval_id, action_id=action_id, state="consumed", code="check"
        )
        _append(uow, row, used, by=person)
    _append(uow, row, CaseClosed(outcome=CaseOutcome.HANDLED.value, result="check"), by=person)
    return True


def told(connection: Connection, approval_id: str, person: str) -> str:
    """Return what somebody is told of an approval that is answered; empty for a real one.

    How it was answered is told to whoever did.
    """
    row = checks.by_approval(connection, approval_id)
    if row is None or row.closed_us is None:
        return ""
    if row.reviewer != person or not person:
        return "check"
    if row.bad:
        return "caught" if row.caught else "missed"
    return "right" if row.caught else "refused"


def given_up(uow: UnitOfWork, case_id: str, *, code: str, by: Actor) -> bool:
    """Close a check that nobody has answered: it measures nobody; false where there is none."""
    row = checks.by_case(uow.connection, case_id)
    if row is None or row.closed_us is not None:
        return False
    event = CheckClosed(check_id=row.check_id, code=code)
    uow.append(Draft(event=event, case_id=row.stream, workflow=row.workflow, actor=by))
    found = approvals.find(uow.connection, row.approval_id)
    if found is not None and found.state == "open":
        closed = ApprovalClosed(
            approval_id=row.approval_id, action_id=found.action_id, state="revoked", code=code
        )
        _append(uow, row, closed, by=by)
    outcome = CaseOutcome.CANCELLED if code == "cancelled" else CaseOutcome.HANDLED
    _append(uow, row, CaseClosed(outcome=outcome.value), by=by)
    return True


def truth(uow: UnitOfWork, keys: KeyRing, row: CheckRow) -> tuple[bool, bool]:
    """Return whether the proposal of a check is bad, and whether missing it is critical."""
    (dealt,) = record.several(uow.connection, keys, [(row.stream, row.seq)])
    told = dealt.payloads["truth"]
    if not isinstance(told, dict):
        raise TypeError("the truth of a check is a record")
    return told["bad"] is True, told.get("critical") is True


def disguised(entries: Sequence[Entry]) -> list[Entry]:
    """Return entries without what would tell a check from a real case.

    What is noted so that no answer can clear it is shown as held, as it is anywhere else.
    """
    return [_plain(one) for one in entries if not one.event.startswith(HIDDEN)]


def _plain(entry: Entry) -> Entry:
    if entry.tenant != SEEDED:
        return entry
    body = entry.body
    if body.get("state") == EffectState.NOTED.value:
        body = {**body, "state": EffectState.HELD.value}
    return replace(entry, body=body, tenant="default")


def _append(uow: UnitOfWork, row: CheckRow, event: Event, *, by: Actor) -> None:
    found = approvals.find(uow.connection, row.approval_id)
    proposal = None if found is None else proposals.find(uow.connection, found.action_id)
    uow.append(
        Draft(
            event=event, case_id=row.case_id, workflow=row.workflow, actor=by, tenant=SEEDED,
            path=None if proposal is None or isinstance(event, CaseClosed) else proposal.path,
        )
    )  # fmt: skip
