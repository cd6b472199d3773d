"""The in-process dispatcher: takes ready cases in turn, and wakes those whose time has come."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from remit.domain import actor, clock
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft
from remit.domain.event import WaitEnded
from remit.errors import RemitError
from remit.governance import approvals
from remit.store import cases, waits
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

RUNS_MAX = 256
CLAIM_MAX = 4_096
DUE_MAX = 500
TICK_SECONDS = 0.25
SWEEP_TICKS = 240
BACKOFF_SECONDS = 1.0
BACKOFF_SECONDS_MAX = 60.0
FAILURES_MAX = 3  # so often in a row a case is stuck: tried on, but nobody waits for it

log = logging.getLogger("remit.dispatch")


@dataclass(slots=True, kw_only=True)
class Dispatcher:
    """Runs ready cases, each at least once and one run at a time."""

    database: Database
    writer: Writer
    drive: Callable[[str], Awaitable[CaseStatus | None]]
    now: Callable[[], datetime]
    runs_max: int = RUNS_MAX
    _lanes: dict[str, deque[str]] = field(default_factory=dict)
    _queued: set[str] = field(default_factory=set)
    _running: set[str] = field(default_factory=set)
    _again: set[str] = field(default_factory=set)
    _failures: dict[str, int] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _keeper: asyncio.Task[None] | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _draining: bool = False
    _turn: int = 0

    async def start(self) -> None:
        """Take up every case that is ready, and begin to watch the clock."""
        self._loop = asyncio.get_running_loop()
        self._draining = False
        self.sweep()
        self._keeper = self._loop.create_task(self._keep())

    async def stop(self, *, seconds: float = 25.0) -> None:
        """Let runs reach their next pause, then let go; what is unfinished stays ready."""
        self._draining = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self, ready: tuple[tuple[str, str], ...]) -> None:
        """Queue (case, workflow) pairs; safe from any thread."""
        loop = self._loop
        if ready and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._add, ready)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing is queued."""
        return not self._queued and not self._running

    @property
    def depth(self) -> int:
        """How many cases are queued or running."""
        return len(self._queued) + len(self._running)

    @property
    def stuck(self) -> frozenset[str]:
        """Cases that could not even be run, several times in a row."""
        return frozenset(
            case_id for case_id, times in self._failures.items() if times >= FAILURES_MAX
        )

    def sweep(self) -> None:
        """Queue what is ready and not queued: a case can be late, not lost."""
        self._add(tuple(self.database.read(lambda c: cases.ready(c, CLAIM_MAX))))

    # -- lanes -----------------------------------------------------------------------------------

    def _add(self, ready: tuple[tuple[str, str], ...]) -> None:
        for case_id, workflow in ready:
            if case_id in self._running:
                self._again.add(case_id)
            elif case_id not in self._queued:
                self._queued.add(case_id)
                self._lanes.setdefault(workflow, deque()).append(case_id)
        self._fill()

    def _fill(self) -> None:
        while not self._draining and self._queued and len(self._running) < self.runs_max:
            case_id = self._next()
            self._queued.discard(case_id)
            self._running.add(case_id)
            task = asyncio.ensure_future(self._one(case_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _next(self) -> str:
        """Take from the lanes in turn, so that one full lane does not hold up the others."""
        lanes = [lane for lane in self._lanes.values() if lane]
        self._turn += 1
        return lanes[self._turn % len(lanes)].popleft()

    async def _one(self, case_id: str) -> None:
        status: CaseStatus | None = None
        try:
            status = await self.drive(case_id)
            self._failures.pop(case_id, None)
        except Exception as error:  # noqa: BLE001 - a run must never end the dispatcher
            await self._failed(case_id, error)
        finally:
            self._running.discard(case_id)
        if case_id in self._again or status is CaseStatus.READY:
            self._again.discard(case_id)
            row = self.database.read(lambda c: cases.find(c, case_id))
            if row is not None and row.status is CaseStatus.READY:
                self._add(((case_id, row.workflow),))
        self._fill()

    async def _failed(self, case_id: str, error: Exception) -> None:
        """Try a case again that could not even be run, later each time; it is never dropped."""
        times = self._failures[case_id] = self._failures.get(case_id, 0) + 1
        code = error.code if isinstance(error, RemitError) else type(error).__name__
        log.error("case %s could not be run, time %d: %s", case_id, times, code)
        await asyncio.sleep(min(BACKOFF_SECONDS * 2 ** (times - 1), BACKOFF_SECONDS_MAX))
        self._again.add(case_id)

    # -- the clock -------------------------------------------------------------------------------

    async def _keep(self) -> None:
        tick = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            tick += 1
            try:
                await self.tick()
                if tick % SWEEP_TICKS == 0 or (self.idle and tick % 20 == 0):
                    self.sweep()
            except RemitError as error:
                log.error("the keeper failed: %s", error.code)  # noqa: TRY400 - no values of a trace

    async def tick(self) -> int:
        """Let every wait whose time has come end; return how many there were."""
        now_us = clock.microseconds(self.now())
        due = self.database.read(lambda c: waits.due(c, now_us, DUE_MAX))
        for case_id, path, kind, ref in due:
            await asyncio.wrap_future(
                self.writer.submit(
                    lambda uow, c=case_id, p=path, k=kind, r=ref: _due(uow, c, p, k, r),  # type: ignore[misc]  # defaults bind the loop's values
                    lane="control",
                    streams=(case_id,),
                )
            )
        return len(due)


def _due(uow: UnitOfWork, case_id: str, path: str, kind: str, ref: str) -> None:
    """End one wait, once: whoever comes second finds it gone."""
    if waits.standing(uow.connection, case_id, path) != (kind, ref):
        return
    row = cases.find(uow.connection, case_id)
    if row is None or row.status is not CaseStatus.PARKED:
        return
    if kind == "approval":
        approvals.expire(uow, ref)
        return
    uow.append(
        Draft(
            event=WaitEnded(kind=kind, ref=ref, how=kind),
            case_id=case_id,
            workflow=row.workflow,
            actor=actor.service("clock"),
            path=path,
        )
    )


def ready_of(connection: Connection, case_ids: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return (case, workflow) of these cases."""
    found = (cases.find(connection, case_id) for case_id in case_ids)
    return tuple((row.case_id, row.workflow) for row in found if row is not None)
