"""Erasing a person, a case or one value: holds are asked, work is settled, then the keys go.

Each part may be done again. What was requested and not completed is taken up at the next start.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from remit.domain import clock
from remit.domain.acknowledgement import Act
from remit.domain.actor import Actor, person, service
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft, Event
from remit.domain.ledger_event import ErasureCompleted, ErasureRequested
from remit.errors import NotFoundError
from remit.governance.legal_holds import LOCK
from remit.ledger import erasure
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.keys import ContentKey, KeyRing
from remit.ledger.rotation import Rotation
from remit.orchestration import value_erasure
from remit.orchestration.erasure_plan import (
    ErasurePlan,
    Subject,
    close,
    plan_of,
    refusal,
    same,
    subject_of,
    whose,
)
from remit.orchestration.fresh import Fresh
from remit.store import erasures
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.erasures import ErasureRow
from remit.store.unit import UnitOfWork
from remit.store.writer import Receipt, Writer

T = TypeVar("T")

__all__ = ["Erasure", "ErasureOutcome", "ErasurePlan", "Subject"]

SETTLE_SECONDS_MAX: Final = 3600.0
SETTLE_STEP_SECONDS: Final = 0.05
LOG_TRIES_MAX: Final = 20


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
    random_bytes: Callable[[int], bytes]
    points: list[Callable[[str], None]] = field(default_factory=list)  # tests kill here

    def plan(self, subject: Subject) -> ErasurePlan:
        """Return what an erasure would do; nothing is written."""
        until = clock.microseconds(self.rotation.now())
        return self.database.read(lambda c: self._planned(c, subject, until_us=until))

    async def erase(
        self,
        subject: Subject,
        *,
        by: str,
        ground: str,
        settle_seconds: float = SETTLE_SECONDS_MAX,
    ) -> ErasureOutcome:
        """Erase; one that was requested before is taken up.

        Raises `NotFoundError` where nobody of that handle, no such case or no such value is known.
        """
        known = [row for row in self.database.read(erasures.pending) if same(row, subject)]
        if known:
            return await self._finish(known[0], settle_seconds=settle_seconds)
        plan = self.plan(subject)
        if not plan.cases:
            raise NotFoundError("there is no case of that person; see `remit cases`")
        if not (plan.values if subject.token else plan.payloads or plan.open):
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
        plan = self._planned(uow.connection, subject, until_us=clock.microseconds(uow.now))
        erasure_id = self.new_id()
        event: Event = ErasureRequested(
            erasure_id=erasure_id, ground=ground, cases=len(plan.cases), **whose(subject)
        )
        if plan.holds or plan.in_clear:
            event = refusal(erasure_id, ground, plan, subject)
        uow.append(self._draft(event, person(by)))
        row = erasures.find(uow.connection, erasure_id)
        if row is None:
            raise NotFoundError(f"there is no erasure `{erasure_id}`")
        return row

    async def _finish(self, row: ErasureRow, *, settle_seconds: float) -> ErasureOutcome:
        subject = subject_of(row)
        plan = await self._settled(row, subject, settle_seconds)
        if (plan.open or plan.unsettled) and not row.key_id:
            return ErasureOutcome(erasure_id=row.erasure_id, state="waiting", plan=plan)
        self._point("settled")
        root, blind = self.blind()
        if row.token:
            kept = await self._one_value(row, root, blind)
        else:
            kept = await self._write(lambda uow: self._destroy(uow, row, plan.cases, root, blind))
        if kept:
            state = "refused" if kept.holds else "waiting"
            return ErasureOutcome(erasure_id=row.erasure_id, state=state, plan=kept)
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
            plan = self._now(row, subject)
            for case_id, _ in plan.open:
                await self._write(
                    lambda uow, c=case_id: close(uow, c, row.person),  # type: ignore[misc]  # a default binds the loop's value
                    streams=(case_id,),
                )
            plan = self._now(row, subject)
            if not (plan.open or plan.unsettled) or row.key_id or waited >= settle_seconds:
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
        subject = subject_of(row)
        plan = plan_of(uow.connection, subject, until_us=row.requested_us)
        if plan.holds:
            event: Event = refusal(row.erasure_id, row.ground, plan, subject)
            uow.append(self._draft(event, service("erasure")))
            return plan
        keys = erasure.content(uow.connection, case_ids).keys
        self.keys.destroy(keys)
        for case_id in case_ids:
            self.fresh.take(case_id)
        self._point("destroyed")
        payloads, values = erasure.delete(uow.connection, case_ids)
        self._complete(uow, row, len(case_ids), payloads, values, keys, root, blind)
        return None

    async def _one_value(self, row: ErasureRow, root: str, blind: datetime) -> ErasurePlan | None:
        """Put the other values under a new key, then destroy the one before; or say why not.

        Two steps, each durable: the key goes only when the other values have theirs.
        """
        fresh = self.keys.draw()
        kept = await self._write(lambda uow: self._reseal(uow, row, fresh), streams=(row.case_id,))
        if kept is None:
            self._point("resealed")
            await self._write(lambda uow: self._destroy_one(uow, row, root, blind))
        return kept

    def _reseal(self, uow: UnitOfWork, row: ErasureRow, fresh: ContentKey) -> ErasurePlan | None:
        uow.hold(LOCK)
        now = erasures.find(uow.connection, row.erasure_id)
        if now is None or now.state != row.state or now.key_id:
            return None  # done before a crash, or by another process
        plan = self._planned(uow.connection, subject_of(row), until_us=row.requested_us)
        if plan.holds:
            event = refusal(row.erasure_id, row.ground, plan, subject_of(row))
            uow.append(self._draft(event, service("erasure")))
            return plan
        if plan.unsettled:
            return plan  # it was woken in between
        if plan.values:  # else the whole case was erased meanwhile
            value_erasure.reseal(uow, self.keys, row, fresh=fresh, random_bytes=self.random_bytes)
        self.fresh.take(row.case_id)
        return None

    def _destroy_one(self, uow: UnitOfWork, row: ErasureRow, root: str, blind: datetime) -> None:
        uow.hold(LOCK)
        now = erasures.find(uow.connection, row.erasure_id)
        if now is None or now.state != row.state:
            return
        keys = (now.key_id,) if now.key_id else ()
        self.keys.destroy(keys)
        self._point("destroyed")
        payloads = sum(
            erasure.delete_originals(uow.connection, row.case_id, key_id=key) for key in keys
        )
        self._complete(uow, row, 1, payloads, len(keys), keys, root, blind)

    def _complete(
        self,
        uow: UnitOfWork,
        row: ErasureRow,
        number: int,
        payloads: int,
        values: int,
        keys: Sequence[str],
        root: str,
        blind: datetime,
    ) -> None:
        done = ErasureCompleted(
            erasure_id=row.erasure_id, ground=row.ground, part=1, parts=1, cases=number,
            payloads=payloads, values=values, keys=(), root=root,
            blind_us=clock.microseconds(blind), **whose(subject_of(row)),
        )  # fmt: skip
        for draft in erasure.completed(self._draft(done, service("erasure")), done, keys):
            uow.append(draft)

    async def empty_log(self) -> bool:
        """Empty the write-ahead log; False where a reader of another process holds it."""
        for _ in range(LOG_TRIES_MAX):
            if self.database.empty_log():
                return True
            await asyncio.sleep(SETTLE_STEP_SECONDS)
        return False

    # -- parts -----------------------------------------------------------------------------------

    def _now(self, row: ErasureRow, subject: Subject) -> ErasurePlan:
        return self.database.read(lambda c: self._planned(c, subject, until_us=row.requested_us))

    def _planned(self, connection: Connection, subject: Subject, *, until_us: int) -> ErasurePlan:
        plan = plan_of(connection, subject, until_us=until_us)
        if not (subject.token and plan.cases):
            return plan
        seen = value_erasure.look(
            connection, self.keys, subject.case_id, subject.token, random_bytes=self.random_bytes
        )
        running = [
            (case_id, "its run", status)
            for case_id, status in plan.open
            if status == CaseStatus.READY.value
        ]
        return replace(
            plan, open=(), unsettled=(*plan.unsettled, *running), payloads=seen.messages,
            values=int(seen.there), keys=int(seen.there), in_clear=seen.in_clear,
        )  # fmt: skip

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
