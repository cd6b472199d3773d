"""What an erasure would do: whose content, what is open or under way, and what holds it."""

from dataclasses import dataclass
from typing import Final

from remit.domain.actor import person
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.effect import EffectState
from remit.domain.effect_event import ActionWithdrawn
from remit.domain.entry import Draft
from remit.domain.event import CaseClosed
from remit.domain.ledger_event import ErasureRefused
from remit.governance import approvals
from remit.ledger import erasure
from remit.orchestration import value_erasure
from remit.store import cases, legal_holds, proposals, vault
from remit.store.connection import Connection
from remit.store.erasures import ErasureRow
from remit.store.legal_holds import HoldRow
from remit.store.unit import UnitOfWork

HOLD_CODE: Final = "legal_hold"
_UNCERTAIN: Final = frozenset(
    {EffectState.INTENDED, EffectState.DISPATCHED, EffectState.AMBIGUOUS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose content goes: that of a person by handle, of one case, or one value of a case."""

    handle: str = ""
    case_id: str = ""
    token: str = ""  # of that case: its value alone goes

    def rows(self, connection: Connection, *, until_us: int) -> list[cases.CaseRow]:
        """Return the cases, those alone that were there at that instant."""
        if self.handle:
            return cases.of_subject(connection, self.handle, until_us=until_us)
        row = cases.find(connection, self.case_id)
        return [] if row is None else [row]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePlan:
    """What an erasure would do, or has done."""

    subject: Subject
    cases: tuple[str, ...]
    open: tuple[tuple[str, str], ...]  # case, status: withdrawn and closed first
    unsettled: tuple[tuple[str, str, str], ...]  # case, action, state: waited for
    payloads: int
    values: int  # originals in the vault
    keys: int
    holds: tuple[HoldRow, ...]
    in_clear: tuple[int, ...] = ()  # entries that hold the one value beside its token


def plan_of(connection: Connection, subject: Subject, *, until_us: int) -> ErasurePlan:
    """Return what is there of a subject; of one value, what its case holds in all."""
    rows = subject.rows(connection, until_us=until_us)
    case_ids = tuple(row.case_id for row in rows)
    content = erasure.content(connection, case_ids)
    return ErasurePlan(
        subject=subject,
        cases=case_ids,
        open=tuple(
            (row.case_id, row.status.value) for row in rows if row.status is not CaseStatus.CLOSED
        ),
        unsettled=tuple(
            (one.case_id, one.action, one.state.value)
            for case_id in case_ids
            for one in proposals.of_case(connection, case_id)
            if one.state in _UNCERTAIN
        ),
        payloads=content.payloads,
        values=sum(vault.count(connection, case_id) for case_id in case_ids),
        keys=len(content.keys),
        holds=tuple(legal_holds.on_cases(connection, case_ids)),
    )


def close(uow: UnitOfWork, case_id: str, by: str) -> None:
    """Withdraw what waits and close a case, if it is certain what became of its effects."""
    row = cases.find(uow.connection, case_id)
    if row is None or row.status is CaseStatus.CLOSED:
        return
    if any(one.state in _UNCERTAIN for one in proposals.of_case(uow.connection, case_id)):
        return
    approvals.withdraw(uow, case_id, person=by)
    drafts = [
        ActionWithdrawn(action_id=one.action_id, code="ledger.erasure")
        for one in proposals.of_case(uow.connection, case_id)
        if one.state in value_erasure.WAITING
    ]
    aside = row.status is CaseStatus.QUARANTINED
    outcome = CaseOutcome.DISCARDED if aside else CaseOutcome.CANCELLED
    run = uow.tail(case_id) + 1  # a run that is under way finds another, and stops without a trace
    for event in (*drafts, CaseClosed(outcome=outcome.value)):
        uow.append(
            Draft(event=event, case_id=case_id, workflow=row.workflow, actor=person(by), run=run)
        )


def refusal(erasure_id: str, ground: str, plan: ErasurePlan, subject: Subject) -> ErasureRefused:
    """Return the entry of an erasure that something holds."""
    return ErasureRefused(
        erasure_id=erasure_id,
        ground=ground,
        code=HOLD_CODE if plan.holds else value_erasure.IN_CLEAR_CODE,
        holds=tuple(hold.hold_id for hold in plan.holds),
        **whose(subject),
    )


def whose(subject: Subject) -> dict[str, str | None]:
    """Return the members of an entry that say whose content it is about."""
    return {
        "subject": subject.handle or None,
        "case_id": subject.case_id or None,
        "token": subject.token or None,
    }


def subject_of(row: ErasureRow) -> Subject:
    """Return whose content a row is about."""
    return Subject(handle=row.subject, case_id=row.case_id, token=row.token)


def same(row: ErasureRow, subject: Subject) -> bool:
    """Tell whether a row is about the same content."""
    return subject_of(row) == subject
