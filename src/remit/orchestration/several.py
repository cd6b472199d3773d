"""One process of several on one PostgreSQL: how it queues cases, works on them and is watched."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remit.orchestration.clock_watch import ClockWatch
from remit.orchestration.dbos import Lanes, Queue
from remit.orchestration.dispatch import Drive
from remit.orchestration.jobs import Jobs
from remit.orchestration.queued import Queued
from remit.orchestration.schedule import Timekeeper
from remit.orchestration.supervisor import Supervisor
from remit.orchestration.worker import DRAIN_SECONDS, this_process
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveralSettings:
    """What is said of one process among several."""

    url: str
    sessions: str  # the name under which the server shows this process
    release: str
    runs_max: int
    polling_seconds: float
    frozen_seconds: float


def begin(
    settings: SeveralSettings,
    *,
    database: Database,
    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
    writer: Writer,
    lanes: Lanes,
    workflows: Callable[[], Sequence[str]],
    new_id: Callable[[], str],
    now: Callable[[], datetime],
    elapsed: Callable[[], float],
    leads: Callable[[], bool],
    stranded: Callable[[str], bool],
) -> "Several":
    """Return the part of this process, which neither works nor keeps time yet."""
    queue = Queue(settings.url, lanes=lanes)
    watch = ClockWatch(now=now, elapsed=elapsed)
    dispatcher = Queued(
        url=settings.url,
        queue=queue,
        database=database,
        writer=writer,
        workflows=workflows,
        worker=new_id(),
        sessions=settings.sessions,
        now=now,
        runs_max=settings.runs_max,
        polling_seconds=settings.polling_seconds,
        may_start=lambda: not watch.doubtful,
        stranded=stranded,
    )
    return Several(
        settings=settings,
        writer=writer,
        queue=queue,
        dispatcher=dispatcher,
        timekeeper=Timekeeper(
            read=read,
            writer=writer,
            now=now,
            watch=watch,
            wake=dispatcher.sweep,
            jobs=Jobs(read=read, writer=writer, now=now),
            leads=leads,
        ),
        open_session=database.session,
        new_id=new_id,
    )


@dataclass(slots=True, kw_only=True)
class Several:
    """The work of one process of several; one that only shows and decides keeps time at most."""

    settings: SeveralSettings
    writer: Writer
    queue: Queue
    dispatcher: Queued
    timekeeper: Timekeeper
    open_session: Callable[[], Connection]
    new_id: Callable[[], str]
    _supervisor: Supervisor | None = None
    _tasks: list["asyncio.Task[Any]"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The id under which this process works now."""
        return self.dispatcher.worker

    async def start(self, drive: Drive | None) -> None:
        """Keep time where this process leads; with a `drive`, be seen as a worker and take cases.

        Raises `StorageError` where the queue is not there.
        """
        await self.timekeeper.jobs.begin()
        self._tasks = [asyncio.ensure_future(self.timekeeper.run())]
        if drive is None:
            return
        supervisor = Supervisor(
            worker=this_process(
                self.name, releases=self.settings.release, sessions=self.settings.sessions
            ),
            open_session=self.open_session,
            queue=self.queue,
            writer=self.writer,
            new_id=self.new_id,
            begin_again=self.dispatcher.begin_again,
            frozen_seconds=self.settings.frozen_seconds,
        )
        await asyncio.to_thread(supervisor.start)
        self._supervisor = supervisor
        running = asyncio.ensure_future(self.dispatcher.run(drive))
        self._tasks.append(running)
        await self.dispatcher.begun(running)

    async def stop(self, *, seconds: float = DRAIN_SECONDS) -> None:
        """Let runs come to a step, queue the rest again, and end as a worker."""
        tasks, self._tasks = self._tasks, []
        for keeping in tasks[:1]:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            await self.timekeeper.end()
            await self.timekeeper.jobs.finish()
        working = tasks[1:]
        if working:
            await self.dispatcher.drain(seconds=seconds)
            await asyncio.gather(*working, return_exceptions=True)
        if self._supervisor is not None:
            await asyncio.to_thread(self._supervisor.stop)

    def close(self) -> None:
        """Close the queue's sessions."""
        self.queue.close()
