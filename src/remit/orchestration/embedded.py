"""The dispatcher inside one process: tasks on one loop, cases taken by lane from their rows.

A ready case is a row until its turn is near; at most a page for each lane is in memory.
"""

import asyncio
import functools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remit.domain import clock
from remit.errors import RemitError, StorageError
from remit.orchestration.dispatch import Drive
from remit.orchestration.lanes import PAGE, LaneQueue, LaneSettings, Shares, Waiting
from remit.store import claims, ready
from remit.store.connection import Connection
from remit.store.ready import Lane, Ready
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

RUNS_MAX = 256
BACKOFF_SECONDS = 1.0
BACKOFF_SECONDS_MAX = 60.0
FAILURES_MAX = 3  # so often in a row a case is stuck: tried on, but nobody waits for it
CANCEL_SECONDS = 5.0
LAGS_KEPT = 512
NOTE_SECONDS = 0.02  # so long a run goes on before it is noted; most have ended by then

log = logging.getLogger("remit.dispatch")


@dataclass(slots=True, kw_only=True)
class Embedded:
    """Implements `remit.orchestration.dispatch.Dispatcher` on the running event loop."""

    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    writer: Writer
    settings: Callable[[str], LaneSettings | None]  # of a workflow; None: it is not run here
    worker: str
    now: Callable[[], datetime]
    runs_max: int = RUNS_MAX
    may_start: Callable[[], bool] = lambda: True  # off while the clock is in doubt
    cut: Callable[[str], bool] = lambda _: True  # whether a run may be ended where it is
    draining: bool = False
    turns: int = 0  # runs begun since the start
    lags_us: deque[int] = field(default_factory=lambda: deque(maxlen=LAGS_KEPT))  # ready to begun
    _queues: dict[Lane, LaneQueue] = field(default_factory=dict)
    _shares: Shares = field(default_factory=Shares)
    _running: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _again: dict[str, Ready] = field(default_factory=dict)  # woken while they ran
    _failures: dict[str, int] = field(default_factory=dict)
    _delayed: dict[str, Lane] = field(default_factory=dict)
    _suspects: deque[str] = field(default_factory=deque)
    _lone: str = ""  # the suspect that runs now
    _wary: bool = False  # the process before this one died: claims are durable before runs begin
    _begun: list[str] = field(default_factory=list)  # not yet noted as claimed
    _ended: list[str] = field(default_factory=list)  # noted as claimed, not yet as given back
    _noted: set[str] = field(default_factory=set)  # noted as claimed
    _noting: asyncio.TimerHandle | None = None
    _unseen: bool = True  # there may be ready cases in lanes that are not in the round
    _filling: bool = False
    _poke: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    # -- the port --------------------------------------------------------------------------------

    def wake(self, connection: Connection, case: Ready) -> None:
        """Do nothing in the transaction: the ready row is the queue's entry."""

    def committed(self, ready: Sequence[Ready]) -> None:
        """Tell the lanes; safe from any thread."""
        loop = self._loop
        if ready and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._told, ready)

    async def run(self, drive: Drive) -> None:
        """Run ready cases until drained."""
        self._loop = asyncio.get_running_loop()
        self.draining = False
        self._unseen = True
        while not self.draining:
            self._poke.clear()
            self._filling = True
            try:
                await self._fill(drive)
            except StorageError as error:
                log.error("no case could be taken: %s", error.code)  # noqa: TRY400 - no values
                self._loop.call_later(BACKOFF_SECONDS, self.sweep)
            finally:
                self._filling = False
            self._note_soon()
            await self._poke.wait()

    def end(self) -> None:
        """Take no more cases from now on, and have runs end at their next step."""
        self.draining = True
        self._poke.set()

    async def drain(self, *, seconds: float) -> None:
        """Take no more cases, give runs so long to come to a step, and leave the rest ready."""
        self.end()
        tasks = list(self._running.values())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._queues.clear()
        self._shares = Shares()
        self._note()

    def cancel(self, case_id: str) -> None:
        """End a run that has not noticed after five seconds that its case is cancelled."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(
                self._loop.call_later, CANCEL_SECONDS, self._cut, case_id
            )

    def sweep(self) -> None:
        """Look again for ready cases that nobody has taken: a case can be late, not lost."""
        self._unseen = True
        for lane, queue in self._queues.items():
            queue.look_again()
            self._shares.enter(lane, queue.settings.weight)  # else nobody reads it
        self._poke.set()

    def suspect(self, case_ids: Sequence[str], *, wary: bool) -> None:
        """Run these alone first, one after the other: one of them may have killed a process."""
        self._suspects.extend(case_ids)
        self._wary = wary

    # -- how it stands ---------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether nothing runs here and nothing is about to, but for what is stuck."""
        return (
            not self._running
            and not self._filling
            and not self._suspects
            and not self._unseen
            and all(queue.empty for queue in self._queues.values())
            and set(self._delayed) <= self.stuck
        )

    @property
    def suspects(self) -> int:
        """How many suspects are still to run alone."""
        return len(self._suspects) + bool(self._lone)

    @property
    def running(self) -> int:
        """How many runs there are."""
        return len(self._running)

    @property
    def stuck(self) -> frozenset[str]:
        """Cases that could not even be run, several times in a row."""
        return frozenset(
            case_id for case_id, times in self._failures.items() if times >= FAILURES_MAX
        )

    # -- taking ----------------------------------------------------------------------------------

    def _told(self, woken: Sequence[Ready]) -> None:
        now_us = clock.microseconds(self.now())
        for case in woken:
            if case.case_id in self._running:
                self._again[case.case_id] = case
                continue
            if case.case_id in self._delayed:
                continue
            queue = self._queue(case.lane)
            if queue is not None:
                queue.add(case, now_us)
        self._poke.set()

    def _queue(self, lane: Lane) -> LaneQueue | None:
        queue = self._queues.get(lane)
        if queue is None:
            settings = self.settings(lane[1])
            if settings is None:
                return None  # a workflow that is not set up here: its cases stay ready
            queue = self._queues[lane] = LaneQueue(settings=settings)
        self._shares.enter(lane, queue.settings.weight)
        return queue

    async def _fill(self, drive: Drive) -> None:
        """Begin runs while there is room, each lane in its turn."""
        if await self._alone(drive):
            return
        if self._unseen:
            self._unseen = False
            for lane in await self.read(ready.lanes):
                self._queue(lane)
        while not self.draining and len(self._running) < self.runs_max and self.may_start():
            lane = self._shares.next(lambda one: self._queues[one].may_run)
            if lane is None:
                return
            case = await self._next(lane)
            if self.draining:
                return  # and its queues are gone
            if case is None:
                if self._queues[lane].unread:
                    continue  # a sweep came while its rows were read
                self._shares.leave(lane)
                if not self._queues[lane].running:
                    del self._queues[lane]
                continue
            await self._start(case, drive)

    async def _next(self, lane: Lane) -> Ready | None:
        queue = self._queues[lane]
        for kind in queue.unread:
            await self._page(lane, kind, resumed=kind is queue.begun)
        case = queue.pop()
        while case is not None and (
            case.case_id in self._running or case.case_id in self._delayed
        ):
            case = queue.pop()
        return case

    async def _page(self, lane: Lane, kind: Waiting, *, resumed: bool) -> None:
        busy = {*self._running, *self._delayed}
        limit = PAGE + len(busy)
        kind.more = False  # what becomes ready from here on is told
        found: list[Ready] = await self.read(
            lambda c: ready.page(c, lane, resumed=resumed, limit=limit)
        )
        now_us = clock.microseconds(self.now())
        told = [one for one in kind.cases.values() if one.case_id not in busy]
        there = {one.case_id for one in found}
        free = [one for one in found if one.case_id not in busy]
        kind.fill(
            [*free, *(one for one in told if one.case_id not in there)],
            more=kind.more or len(found) >= limit,
            now_us=now_us,
        )

    async def _start(self, case: Ready, drive: Drive) -> None:
        case_id, lane = case.case_id, case.lane
        self.lags_us.append(max(0, clock.microseconds(self.now()) - case.ready_us))
        noted = asyncio.Event() if self._wary else None
        self.turns += 1
        self._queues[lane].running += 1
        self._running[case_id] = asyncio.ensure_future(self._one(case_id, lane, drive, noted))
        self._begun.append(case_id)
        if noted is not None:
            await asyncio.wrap_future(self.writer.submit(self._claims(), lane="control"))
            noted.set()

    async def _alone(self, drive: Drive) -> bool:
        """Run the next suspect, and nothing else beside it; whether one has to be waited for."""
        while (self._suspects or self._lone) and not self.draining:
            if self._running or not self.may_start():
                return True
            self._lone = ""
            if not self._suspects:
                return False
            case_id = self._suspects.popleft()
            case: Ready | None = await self.read(functools.partial(ready.find, case_id=case_id))
            if case is not None and self._queue(case.lane) is not None:
                self._lone = case_id
                await self._start(case, drive)
        return False

    # -- one run ---------------------------------------------------------------------------------

    async def _one(
        self, case_id: str, lane: Lane, drive: Drive, noted: asyncio.Event | None
    ) -> None:
        try:
            if noted is not None:
                await noted.wait()
            status = await drive(case_id)
        except Exception as error:  # noqa: BLE001 - a run must never end the dispatcher
            code = error.code if isinstance(error, RemitError) else type(error).__name__
            self._failed(case_id, lane, code)
        else:
            if status is None:
                await self._not_run(case_id, lane)
            else:
                self._failures.pop(case_id, None)
        finally:
            del self._running[case_id]
            if case_id in self._noted:
                self._ended.append(case_id)
            self._queues[lane].running -= 1
            woken = self._again.pop(case_id, None)
            if woken is not None:
                self._told((woken,))
            self._poke.set()

    async def _not_run(self, case_id: str, lane: Lane) -> None:
        """Look why: most often it was not ready any more, and that is all right."""
        try:
            case: Ready | None = await self.read(lambda c: ready.find(c, case_id))
        except StorageError as error:
            self._failed(case_id, lane, error.code)
            return
        if case is None:
            self._failures.pop(case_id, None)
        else:
            self._failed(case_id, lane, "another run has it")

    def _failed(self, case_id: str, lane: Lane, code: str) -> None:
        """Try a case again that could not even be run, later each time; it is never dropped."""
        times = self._failures[case_id] = self._failures.get(case_id, 0) + 1
        log.error("case %s could not be run, time %d: %s", case_id, times, code)
        self._delayed[case_id] = lane
        seconds = min(BACKOFF_SECONDS * 2 ** (times - 1), BACKOFF_SECONDS_MAX)
        asyncio.get_running_loop().call_later(seconds, self._undelay, case_id)

    def _undelay(self, case_id: str) -> None:
        lane = self._delayed.pop(case_id, None)
        queue = None if lane is None else self._queue(lane)
        if queue is not None:
            queue.look_again()
        self._poke.set()

    def _cut(self, case_id: str) -> None:
        task = self._running.get(case_id)
        if task is None:
            return
        if self.cut(case_id):
            task.cancel()
        elif self._loop is not None:
            self._loop.call_later(1.0, self._cut, case_id)

    # -- what is noted of it ---------------------------------------------------------------------

    def _note_soon(self) -> None:
        """Note in a moment which runs go on and which have ended; nobody waits for it."""
        if self._noting is None and self._loop is not None and (self._begun or self._ended):
            self._noting = self._loop.call_later(NOTE_SECONDS, self._note)

    def _note(self) -> None:
        """Note which runs go on and which have ended."""
        if self._noting is not None:
            self._noting.cancel()
            self._noting = None
        begun = any(one in self._running for one in self._begun)
        if not begun and not self._ended:
            self._begun.clear()
            return
        try:
            self.writer.submit(self._claims(), lane="control")
        except StorageError as error:  # it is only a note
            log.warning("claims were not noted: %s", error.code)

    def _claims(self) -> Callable[[UnitOfWork], None]:
        begun = [one for one in self._begun if one in self._running]
        ended = [one for one in self._ended if one not in self._running]
        self._begun, self._ended = [], []
        self._noted.difference_update(ended)
        self._noted.update(begun)
        now_us, worker = clock.microseconds(self.now()), self.worker

        def work(uow: UnitOfWork) -> None:
            claims.give_back(uow.projected, ended, worker)
            claims.take(uow.projected, begun, worker, now_us=now_us)

        return work
