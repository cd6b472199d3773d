"""The dispatcher of several workers: cases come from a queue in PostgreSQL to this event loop."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from remit.domain import clock
from remit.domain.case import CaseStatus
from remit.errors import RemitError, StorageError
from remit.orchestration.dbos import Executor, Queue, Taken
from remit.orchestration.dispatch import Drive
from remit.store import ready
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.ready import Ready
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 30.0, 30.0)
RUNS_MAX = 256
POLLING_SECONDS = 0.05
ELSEWHERE_SECONDS = 1.0  # a case of a workflow that is not set up here waits for another worker
DOUBT_SECONDS = 1.0
LATE_SECONDS = 60  # ready so long without an entry: queued again
SWEPT_MAX = 500
FORGOTTEN_PAGES_MAX = 100
KEPT = timedelta(days=1)  # finished entries, so that a late second wake is still known
RESTART_SECONDS = 25

log = logging.getLogger("remit.dispatch")


@dataclass(slots=True, kw_only=True)
class Queued:
    """Implements `remit.orchestration.dispatch.Dispatcher`; `run` is for processes that work."""

    url: str
    queue: Queue
    database: Database
    writer: Writer
    workflows: Callable[[], Sequence[str]]  # that are set up here
    worker: str
    sessions: str  # the name under which the server shows this process
    now: Callable[[], datetime]
    runs_max: int = RUNS_MAX
    polling_seconds: float = POLLING_SECONDS
    may_start: Callable[[], bool] = lambda: True  # off while the clock is in doubt
    stranded: Callable[[str], bool] = lambda _: False  # a case that waits for another version
    draining: bool = False
    turns: int = 0  # runs begun since the start
    late_seconds: float = LATE_SECONDS
    _tasks: set["asyncio.Task[str]"] = field(default_factory=set)
    _failures: dict[str, int] = field(default_factory=dict)
    _sweeping: "asyncio.Future[None] | None" = None
    _executor: Executor | None = None
    _drive: Drive | None = None
    _begun: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)

    # -- the port --------------------------------------------------------------------------------

    def wake(self, connection: Connection, case: Ready) -> None:
        """Put the run on the queue, in the transaction in which the case became ready."""
        self.queue.put(connection, case)

    def committed(self, ready: Sequence[Ready]) -> None:
        """Do nothing: whichever worker looks next finds the entry."""

    async def run(self, drive: Drive) -> None:
        """Take cases off the queue and run them here until drained."""
        self._loop = asyncio.get_running_loop()
        self._drive = drive
        self.draining = False
        self._ended.clear()
        async with self._changing:
            await self._launch()
        self._begun.set()
        await self._ended.wait()

    async def begun(self, running: "asyncio.Task[None]") -> None:
        """Wait until cases are taken; raises what `run` raised instead."""
        waiting = asyncio.ensure_future(self._begun.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            running.result()

    def end(self) -> None:
        """Have runs end at their next step; what is taken from now on goes back for others."""
        self.draining = True

    async def drain(self, *, seconds: float) -> None:
        """Take no more cases, give runs so long to come to a step, and queue the rest again."""
        self.draining = True
        async with self._changing:
            await self._end(seconds=seconds)
        self._ended.set()

    def cancel(self, case_id: str) -> None:
        """Do nothing: the run sees the entry at its next write, wherever it is."""

    def sweep(self) -> None:
        """Look, in a thread, for what is ready and has no entry; forget what is long finished."""
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.ensure_future(asyncio.to_thread(self._swept))

    def _swept(self) -> None:
        try:
            self._queue_lost()
            for _ in range(FORGOTTEN_PAGES_MAX):
                if not self.queue.forget(self.now() - KEPT):
                    return
        except StorageError as error:
            log.error("the queue was not swept: %s", error.code)  # noqa: TRY400 - no values

    def _queue_lost(self) -> None:
        before_us = clock.microseconds(self.now()) - int(self.late_seconds * 1_000_000)
        late = self.database.read(lambda c: ready.since(c, before_us, SWEPT_MAX))
        known = self.queue.queued([case.case_id for case in late])
        lost = [case for case in late if case.case_id not in known]
        minute = before_us // 60_000_000

        def work(uow: UnitOfWork) -> None:
            for case in lost:
                self.queue.put(uow.connection, case, again=f":{minute}")

        if lost:
            log.warning("%d ready cases had no queue entry and got one", len(lost))
            self.writer.run(work, lane="control")

    # -- how it stands ---------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether nothing runs here; what waits in the queue may be anybody's."""
        return not self._tasks

    @property
    def running(self) -> int:
        """How many runs there are here."""
        return len(self._tasks)

    @property
    def lags_us(self) -> Sequence[int]:
        """Nothing: how long an entry waited stands in the queue's own rows."""
        return ()

    @property
    def suspects(self) -> int:
        """Nothing: suspects wait in a queue of their own, for whichever worker is free."""
        return 0

    @property
    def stuck(self) -> frozenset[str]:
        """Cases that could not even be run, several times in a row."""
        return frozenset(case for case, times in self._failures.items() if times >= 3)  # noqa: PLR2004 - as in-process

    # -- a life under a new name -----------------------------------------------------------------

    def begin_again(self, worker: str) -> None:
        """Go on under a new name: the old one was declared gone. Safe from any thread."""
        if self._loop is not None and self._drive is not None:
            asyncio.run_coroutine_threadsafe(self._again(worker), self._loop)
        else:
            self.worker = worker

    async def _again(self, worker: str) -> None:
        async with self._changing:
            executor, self._executor = self._executor, None
            if executor is not None:
                # Runs of the old life end by themselves: whatever they write is refused.
                seconds = RESTART_SECONDS if self._tasks else 0
                await asyncio.to_thread(executor.end, seconds=seconds)
            old, self.worker = self.worker, worker
            for pause in (*RETRY_SECONDS, None):
                if self.draining:
                    return
                try:
                    await asyncio.to_thread(self._give_back, old)
                    await self._launch()
                except Exception:
                    log.exception("worker %s could not begin; it tries again", worker)
                    await asyncio.sleep(RETRY_SECONDS[-1] if pause is None else pause)
                else:
                    return

    async def _launch(self) -> None:
        workflows = tuple(self.workflows())
        await asyncio.to_thread(
            self.queue.register,
            workflows,
            runs_max=self.runs_max,
            polling_seconds=self.polling_seconds,
        )
        executor = Executor(self.url, worker=self.worker, sessions=self.sessions)
        executor.launch(self._driven, self.queue.names(workflows))
        self._executor = executor

    async def _end(self, *, seconds: float) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        await asyncio.to_thread(executor.end, seconds=max(1, int(seconds)) if self._tasks else 0)
        left = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        try:
            await asyncio.to_thread(self._give_back, self.worker)
        except StorageError as error:  # whoever takes over does the same
            log.warning("what was unfinished could not be put back: %s", error.code)

    def _give_back(self, worker: str) -> None:
        self.queue.give_back(self.queue.held(worker))

    # -- one run ---------------------------------------------------------------------------------

    async def _driven(self, entry: Taken, workflow: str) -> str:
        """Run a case for an entry; never raises for reasons of the case."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.turns += 1
        case_id = entry.case_id
        for pause in (*RETRY_SECONDS, None):
            try:
                if self.draining:
                    await self._queue_again(entry, delay_seconds=ELSEWHERE_SECONDS)
                    return "elsewhere"
                status = await self._once(case_id) if workflow in self.workflows() else None
                if status is CaseStatus.READY:
                    await self._queue_again(entry, delay_seconds=self._delay())
                elif status is None and (
                    workflow not in self.workflows() or self.stranded(case_id)
                ):
                    # For a worker that has the workflow, or the version under which it began.
                    await self._queue_again(entry, delay_seconds=ELSEWHERE_SECONDS)
            except Exception as error:  # noqa: BLE001 - a run must never end the worker
                times = self._failures[case_id] = self._failures.get(case_id, 0) + 1
                code = error.code if isinstance(error, RemitError) else type(error).__name__
                log.error("case %s could not be run, time %d: %s", case_id, times, code)  # noqa: TRY400 - no values of a trace
                if pause is None or self.draining:
                    return "failed"  # it is still ready: the sweep finds it
                await asyncio.sleep(pause)
            else:
                self._failures.pop(case_id, None)
                return "" if status is None else status.value
        raise AssertionError("the last try returns")

    def _delay(self) -> float:
        """Return how long a case that goes on waits: this worker must not take it as it ends."""
        return ELSEWHERE_SECONDS if self.draining else 0

    async def _queue_again(self, entry: Taken, *, delay_seconds: float = 0) -> None:
        """Queue a case that is still ready, unless something has made it ready anew."""
        now_us = clock.microseconds(self.now())

        def work(uow: UnitOfWork) -> None:
            case = ready.find(uow.connection, entry.case_id)
            if case is not None and case.seq <= entry.seq:
                self.queue.put(
                    uow.connection, case, again=f":{now_us}", delay_seconds=delay_seconds
                )

        await asyncio.wrap_future(self.writer.submit(work, lane="control"))

    async def _once(self, case_id: str) -> CaseStatus | None:
        if self._drive is None:
            raise StorageError("this process does not work on cases")
        while not self.may_start() and not self.draining:  # noqa: ASYNC110 - it is a clock's word
            await asyncio.sleep(DOUBT_SECONDS)
        return await self._drive(case_id)
