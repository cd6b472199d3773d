"""Erasing a person, or one case: holds are asked, work is settled, then the keys are destroyed.

Each part may be done again. What was requested and not completed is taken up at the next start.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeVar

from remit.domain import clock
from remit.domain.acknowledgement import Act
from remit.domain.actor import Actor, person, service
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.effect import EffectState
from remit.domain.entry import Draft, Event
from remit.domain.event import ActionWithdrawn, CaseClosed
from remit.domain.ledger_event import ErasureCompleted, ErasureRefused, ErasureRequested
from remit.errors import NotFoundError
from remit.governance import approvals
from remit.governance.legal_holds import LOCK
from remit.ledger import erasure
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.keys import KeyRing
from remit.ledger.rotation import Rotation
from remit.orchestration.fresh import Fresh
from remit.store import cases, erasures, legal_holds, proposals, vault
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.erasures import ErasureRow
from remit.store.legal_holds import HoldRow
from remit.store.unit import UnitOfWork
from remit.store.writer import Receipt, Writer

T = TypeVar("T")

SETTLE_SECONDS_MAX: Final = 3600.0
SETTLE_STEP_SECONDS: Final = 0.05
LOG_TRIES_MAX: Final = 20
HOLD_CODE: Final = "legal_hold"
_UNCERTAIN: Final = frozenset(
    {EffectState.INTENDED, EffectState.DISPATCHED, EffectState.AMBIGUOUS}
)
_WAITING: Final = frozenset({EffectState.HELD, EffectState.BLOCKED, EffectState.CLEARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whose content goes: that of a person by handle, or that of one case."""

    handle: str = ""
    case_id: str = ""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOutcome:
    """How an erasure stands."""

    erasure_id: str
    state: str  # completed | refused | waiting: effects are not settled yet | nothing
    plan: ErasurePlan
    root: str = ""
    blind_at: datetime | None = None  # from then on no backup opens it
    log_emptied: bool = True


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erases in one installation."""

    database: Database
    writer: Writer
    keys: KeyRing
    fresh: Fresh
    rotation: Rotation
    new_id: Callable[[], str]
    acknowledger: Acknowledger
    points: list[Callable[[str], None]] = field(default_factory=list)  # tests kill here

    def plan(self, subject: Subject) -> ErasurePlan:
        """Return what an erasure would do; nothing is written."""
        until = clock.microseconds(self.rotation.now())
        return self.database.read(lambda c: _plan(c, subject, until_us=until))

    async def erase(
        self,
        subject: Subject,
        *,
        by: str,
        ground: str,
        settle_seconds: float = SETTLE_SECONDS_MAX,
    ) -> ErasureOutcome:
        """Erase; one that was requested before is taken up.

        Raises `NotFoundError` where nobody of that handle, or no such case, is known.
        """
        known = [row for row in self.database.read(erasures.pending) if _same(row, subject)]
        if known:
            return await self._finish(known[0], settle_seconds=settle_seconds)
        plan = self.plan(subject)
        if not plan.cases:
            raise NotFoundError("there is no case of that person; see `remit cases`")
        if not (plan.payloads or plan.open):
            return ErasureOutcome(erasure_id="", state="nothing", plan=plan)
        row = await self._write(lambda uow: self._request(uow, subject, by, ground))
        if row.state == "refused":
            return ErasureOutcome(erasure_id=row.erasure_id, state="refused", plan=plan)
        self._point("requested")
        return await self._finish(row, settle_seconds=settle_seconds)

    async def begin(self) -> None:
        """Do what is due at a start: end epochs, and take up what was cut short."""
        await asyncio.to_thread(self.rotation.keep)
        if self.database.read(erasures.ever):
            await self.resume()
            await self.empty_log()

    async def resume(self, *, settle_seconds: float = 0.0) -> list[ErasureOutcome]:
        """Take up what was requested and not completed."""
        rows = self.database.read(erasures.pending)
        return [await self._finish(row, settle_seconds=settle_seconds) for row in rows]

    # -- steps -----------------------------------------------------------------------------------

    def _request(self, uow: UnitOfWork, subject: Subject, by: str, ground: str) -> ErasureRow:
        uow.hold(LOCK)
        plan = _plan(uow.connection, subject, until_us=clock.microseconds(uow.now))
        erasure_id = self.new_id()
        whose = {"subject": subject.handle or None, "case_id": subject.case_id or None}
        event: Event = ErasureRequested(
            erasure_id=erasure_id, ground=ground, cases=len(plan.cases), **whose
        )
        if plan.holds:
            event = _refused(erasure_id, ground, plan.holds, subject)
        uow.append(self._draft(event, person(by)))
        row = erasures.find(uow.connection, erasure_id)
        if row is None:
            raise NotFoundError(f"there is no erasure `{erasure_id}`")
        return row

    async def _finish(self, row: ErasureRow, *, settle_seconds: float) -> ErasureOutcome:
        subject = Subject(handle=row.subject, case_id=row.case_id)
        plan = await self._settled(row, subject, settle_seconds)
        if plan.open or plan.unsettled:
            return ErasureOutcome(erasure_id=row.erasure_id, state="waiting", plan=plan)
        self._point("settled")
        root, blind = self.blind()
        refused = await self._write(lambda uow: self._destroy(uow, row, plan.cases, root, blind))
        if refused:
            return ErasureOutcome(erasure_id=row.erasure_id, state="refused", plan=refused)
        self._point("completed")
        return ErasureOutcome(
            erasure_id=row.erasure_id,
            state="completed",
            plan=plan,
            root=root,
            blind_at=blind,
            log_emptied=await self.empty_log(),
        )

    async def _settled(
        self, row: ErasureRow, subject: Subject, settle_seconds: float
    ) -> ErasurePlan:
        """Withdraw and close what is certain, and wait for what is under way."""
        waited = 0.0
        while True:
            plan = self.database.read(lambda c: _plan(c, subject, until_us=row.requested_us))
            for case_id, _ in plan.open:
                await self._write(
                    lambda uow, c=case_id: _close(uow, c, row.person),  # type: ignore[misc]  # a default binds the loop's value
                    streams=(case_id,),
                )
            plan = self.database.read(lambda c: _plan(c, subject, until_us=row.requested_us))
            if not (plan.open or plan.unsettled) or waited >= settle_seconds:
                return plan
            await asyncio.sleep(SETTLE_STEP_SECONDS)
            waited += SETTLE_STEP_SECONDS

    def _destroy(
        self,
        uow: UnitOfWork,
        row: ErasureRow,
        case_ids: Sequence[str],
        root: str,
        blind: datetime,
    ) -> ErasurePlan | None:
        """Destroy keys and rows and record it, or return what holds them.

        The keys go before the commit: a crash in between leaves rows that nothing opens, and the
        request, which is taken up again.
        """
        uow.hold(LOCK)
        now = erasures.find(uow.connection, row.erasure_id)
        if now is None or now.state != row.state:
            return None  # another process has taken it up and was first
        subject = Subject(handle=row.subject, case_id=row.case_id)
        plan = _plan(uow.connection, subject, until_us=row.requested_us)
        if plan.holds:
            event: Event = _refused(row.erasure_id, row.ground, plan.holds, subject)
            uow.append(self._draft(event, service("erasure")))
            return plan
        keys = erasure.content(uow.connection, case_ids).keys
        self.keys.destroy(keys)
        for case_id in case_ids:
            self.fresh.take(case_id)
        self._point("destroyed")
        payloads, values = erasure.delete(uow.connection, case_ids)
        done = ErasureCompleted(
            erasure_id=row.erasure_id,
            ground=row.ground,
            part=1,
            parts=1,
            cases=len(case_ids),
            payloads=payloads,
            values=values,
            keys=(),
            root=root,
            blind_us=clock.microseconds(blind),
            subject=row.subject or None,
            case_id=row.case_id or None,
        )
        for draft in erasure.completed(self._draft(done, service("erasure")), done, keys):
            uow.append(draft)
        return None

    async def empty_log(self) -> bool:
        """Empty the write-ahead log; False where a reader of another process holds it."""
        for _ in range(LOG_TRIES_MAX):
            if self.database.empty_log():
                return True
            await asyncio.sleep(SETTLE_STEP_SECONDS)
        return False

    # -- parts -----------------------------------------------------------------------------------

    def blind(self) -> tuple[str, datetime]:
        """Return the root key of this epoch, and when it will be destroyed at the latest."""
        current, epochs = self.keys.epoch(), self.rotation.epochs
        ends = clock.instant(current.began_us) + timedelta(days=epochs.rotation_days)
        later = timedelta(days=epochs.destroy_after_days)
        return current.root, max(ends, self.rotation.now()) + later

    def _draft(self, event: Event, by: Actor) -> Draft:
        return Draft(
            event=event,
            case_id=control_stream(self.rotation.origin),
            workflow=CONTROL_WORKFLOW,
            actor=by,
        )

    async def _write(self, work: Callable[[UnitOfWork], T], *, streams: Sequence[str] = ()) -> T:
        receipt: Receipt[T] = await asyncio.wrap_future(
            self.writer.submit(work, lane="control", streams=streams)
        )
        return await asyncio.to_thread(self.acknowledger.require, receipt, Act.ERASURE)

    def _point(self, name: str) -> None:
        for hook in self.points:
            hook(name)


def _plan(connection: Connection, subject: Subject, *, until_us: int) -> ErasurePlan:
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


def _close(uow: UnitOfWork, case_id: str, by: str) -> None:
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
        if one.state in _WAITING
    ]
    aside = row.status is CaseStatus.QUARANTINED
    outcome = CaseOutcome.DISCARDED if aside else CaseOutcome.CANCELLED
    run = uow.tail(case_id) + 1  # a run that is under way finds another, and stops without a trace
    for event in (*drafts, CaseClosed(outcome=outcome.value)):
        uow.append(
            Draft(event=event, case_id=case_id, workflow=row.workflow, actor=person(by), run=run)
        )


def _refused(
    erasure_id: str, ground: str, holds: Sequence[HoldRow], subject: Subject
) -> ErasureRefused:
    return ErasureRefused(
        erasure_id=erasure_id,
        ground=ground,
        code=HOLD_CODE,
        holds=tuple(hold.hold_id for hold in holds),
        subject=subject.handle or None,
        case_id=subject.case_id or None,
    )


def _same(row: ErasureRow, subject: Subject) -> bool:
    return (row.subject, row.case_id) == (subject.handle, subject.case_id)
