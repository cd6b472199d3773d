"""The timekeeper: what is due happens once, never early, in the order of its time."""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remit.domain import actor, clock
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft, Event
from remit.domain.event import CaseEscalated, WaitEnded
from remit.domain.intake_event import QuarantineReminded
from remit.domain.running_event import ApprovalReminded, CaseOverdue
from remit.errors import RemitError
from remit.governance import approvals
from remit.governance.escalation import Chain, Move, moved
from remit.orchestration.clock_watch import ClockWatch
from remit.orchestration.jobs import Jobs
from remit.store import approvals as approval_rows
from remit.store import cases, timers, waits
from remit.store.connection import Connection
from remit.store.timers import Timer
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

PAGE = 500
TICK_SECONDS = 0.25
SWEEP_SECONDS = 60.0
SWEPT_MAX = 10_000  # parked cases that one sweep looks at

log = logging.getLogger("remit.timekeeper")


@dataclass(slots=True, kw_only=True)
class Timekeeper:
    """Watches the clock for one deployment."""

    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    writer: Writer
    now: Callable[[], datetime]
    watch: ClockWatch
    wake: Callable[[], None]  # has the dispatcher look for ready cases again
    jobs: Jobs
    leads: Callable[[], bool] = lambda: True  # whether this process keeps the time of all
    fired: int = 0
    lost: int = 0  # parked cases that waited for nothing
    roles: Callable[[], Awaitable[int]] | None = None  # what follows from roles that changed
    monitors: Callable[[], Awaitable[int]] | None = None  # what lowers a cell by itself
    looks: Callable[[], Awaitable[int]] | None = None  # what is asked of other systems meanwhile
    chains: Mapping[str, Chain] = field(default_factory=dict)  # by workflow
    _doubted: bool = False
    _swept: str = ""  # up to which case the last sweep looked
    _looking: "asyncio.Task[int] | None" = None

    async def run(self) -> None:
        """Keep time until cancelled."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1
            if not self.leads():
                continue
            try:
                await self.tick()
                if ticks * TICK_SECONDS % SWEEP_SECONDS == 0:
                    await self.sweep()
            except RemitError as error:
                log.error("the timekeeper failed: %s", error.code)  # noqa: TRY400 - no values of a trace

    async def tick(self) -> int:
        """Fire every timer whose time has come; return how many there were."""
        if self._in_doubt():
            return 0
        now_us, after, before = clock.microseconds(self.now()), (0, ""), self.fired
        while True:
            page: list[Timer] = await self.read(
                functools.partial(timers.due, now_us=now_us, after=after, limit=PAGE)
            )
            await self._fire(page)
            if len(page) < PAGE:
                await self.jobs.tick()
                if self.roles is not None:
                    await self.roles()
                if self.monitors is not None:
                    await self.monitors()
                self._look()
                return self.fired - before
            after = (page[-1].due_us, page[-1].timer_id)

    async def sweep(self) -> int:
        """Have ready cases looked for, and hand to a person what waits for nothing; how many."""
        self.wake()
        found, last = await self.read(lambda c: waits.lost(c, self._swept, SWEPT_MAX))
        self._swept = last
        for case_id in found:
            receipt = await asyncio.wrap_future(
                self.writer.submit(
                    functools.partial(_escalate_lost, case_id=case_id),
                    lane="control",
                    streams=(case_id,),
                )
            )
            self.lost += receipt.value
        return len(found)

    def _look(self) -> None:
        """Begin to ask other systems, unless they are being asked: time does not wait for them."""
        if self.looks is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.ensure_future(self.looks())

    async def looked(self) -> None:
        """Wait until other systems were asked that were about to be."""
        if self._looking is not None:
            await self._looking

    async def end(self) -> None:
        """Wait for no other system any more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _in_doubt(self) -> bool:
        doubtful = self.watch.doubtful
        if doubtful and not self._doubted:
            log.error(
                "the clock is %.0f s ahead: nothing is cleared and nothing expires until it is"
                " set right or a person confirms it", self.watch.ahead_seconds,
            )  # fmt: skip
        if self._doubted and not doubtful:
            self.wake()
        self._doubted = doubtful
        return doubtful

    async def _fire(self, page: list[Timer]) -> None:
        """Fire a page in its order; timers of one case one after the other."""
        wave: dict[str, asyncio.Future[Any]] = {}
        for timer in page:
            if timer.case_id in wave:
                await self._landed(wave)
            wave[timer.case_id] = asyncio.wrap_future(
                self.writer.submit(
                    functools.partial(fire, timer_id=timer.timer_id, chains=self.chains),
                    lane="control",
                    streams=(timer.case_id,),
                )
            )
        await self._landed(wave)

    async def _landed(self, wave: "dict[str, asyncio.Future[Any]]") -> None:
        for done in await asyncio.gather(*wave.values(), return_exceptions=True):
            if isinstance(done, RemitError):
                log.error("a timer could not fire and is tried again: %s", done.code)
            elif isinstance(done, BaseException):
                raise done
            else:
                self.fired += done.value
        wave.clear()


def fire(uow: UnitOfWork, *, timer_id: str, chains: Mapping[str, Chain] | None = None) -> bool:
    """Let one timer have its consequence; false where it has had it, or its time has not come."""
    timer = timers.find(uow.connection, timer_id)
    if timer is None or timer.due_us > clock.microseconds(uow.now):
        return False
    row = cases.find(uow.connection, timer.case_id)
    if row is None:
        return False
    match timer.kind:
        case timers.WAIT:
            if row.status is not CaseStatus.PARKED:
                return False  # it runs: it waits again, or not any more
            standing = waits.standing(uow.connection, timer.case_id, timer.path)
            kind, ref = standing or ("", timer.subject)
            _append(uow, row, WaitEnded(kind=kind, ref=ref, how=kind), path=timer.path)
            return True
        case timers.LOOK:
            if row.status is not CaseStatus.PARKED:
                return False  # it runs, and waits again
            ended = WaitEnded(kind="approval", ref=timer.subject, how=timers.LOOK)
            _append(uow, row, ended, path=timer.path)
            return True
        case timers.EXPIRE:
            parked = row.status is CaseStatus.PARKED
            return approvals.expire(uow, timer.subject, escalate=parked)
        case timers.CASE:
            _append(uow, row, CaseOverdue(due_us=timer.due_us))
            return True
        case kind if kind.startswith(timers.ASIDE):
            return _still_aside(uow, row, timer)
        case _:
            return _remind(uow, row, timer, (chains or {}).get(row.workflow, Chain()))


def _remind(uow: UnitOfWork, row: cases.CaseRow, timer: Timer, chain: Chain) -> bool:
    """Move attention, never the decision: somebody should look at this approval."""
    approval = approval_rows.find(uow.connection, timer.subject)
    if approval is None:
        return False
    found = Move(to="", step=0, next_us=None)
    if timer.kind != timers.WARN:
        found = moved(chain, timer.due_us - approval.due_us)
    event = ApprovalReminded(
        approval_id=timer.subject, stage=timer.kind, step=found.step, due_us=timer.due_us,
        expires_us=approval.expires_us, to=found.to,
        next_us=None if found.next_us is None else approval.due_us + found.next_us,
    )  # fmt: skip
    _append(uow, row, event, path=timer.path or None)
    return True


def _still_aside(uow: UnitOfWork, row: cases.CaseRow, timer: Timer) -> bool:
    """Move attention to a message in quarantine.

    INVARIANT: no age releases or discards one (tests/stories/test_quarantine.py).
    """
    if row.status is not CaseStatus.QUARANTINED:
        return False
    stage = timer.kind.removeprefix(timers.ASIDE)
    late_us = 0 if row.settle_us is None else timer.due_us - row.settle_us
    step = max(1, late_us // timers.HOUR_US) if stage == timers.ESCALATE else 0
    _append(uow, row, QuarantineReminded(stage=stage, step=step, due_us=timer.due_us))
    return True


def _escalate_lost(uow: UnitOfWork, *, case_id: str) -> bool:
    row = cases.find(uow.connection, case_id)
    if row is None or row.status is not CaseStatus.PARKED:
        return False
    if waits.of_case(uow.connection, case_id):
        return False
    log.error("case %s waited for nothing; a person has it now", case_id)
    _append(uow, row, CaseEscalated(code="nothing-to-wait-for"))
    return True


def _append(uow: UnitOfWork, row: cases.CaseRow, event: Event, *, path: str | None = None) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=row.case_id,
            workflow=row.workflow,
            actor=actor.service("clock"),
            path=path,
        )
    )
