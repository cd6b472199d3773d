"""What one process does to run cases: takes over what is left, dispatches, keeps time."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from remit.errors import StorageError
from remit.orchestration import takeover
from remit.orchestration.clock_watch import ClockWatch
from remit.orchestration.dispatch import Drive
from remit.orchestration.embedded import Embedded
from remit.orchestration.jobs import Jobs
from remit.orchestration.lanes import LaneSettings
from remit.orchestration.schedule import Timekeeper
from remit.store import workers
from remit.store.connection import Connection
from remit.store.writer import Writer

DRAIN_SECONDS = 25.0
BOOT = Path("/proc/sys/kernel/random/boot_id")


def begin(
    *,
    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
    writer: Writer,
    settings: Callable[[str], LaneSettings | None],
    now: Callable[[], datetime],
    elapsed: Callable[[], float],
    may_cut: Callable[[str], bool],
    name: str,
    runs_max: int,
) -> "Worker":
    """Return the worker of this process, not yet at work."""
    watch = ClockWatch(now=now, elapsed=elapsed)
    dispatcher = Embedded(
        read=read, writer=writer, settings=settings, worker=name, now=now, runs_max=runs_max,
        may_start=lambda: not watch.doubtful, cut=may_cut,
    )  # fmt: skip
    timekeeper = Timekeeper(
        read=read,
        writer=writer,
        now=now,
        watch=watch,
        wake=dispatcher.sweep,
        jobs=Jobs(read=read, writer=writer, now=now),
    )
    return Worker(
        name=name,
        writer=writer,
        dispatcher=dispatcher,
        timekeeper=timekeeper,
    )


def this_process(name: str, *, releases: str = "", sessions: str = "") -> workers.Worker:
    """Return the row of this process."""
    return workers.Worker(
        name=name,
        host=socket.gethostname(),
        pid=os.getpid(),
        boot=BOOT.read_text("utf-8").strip() if BOOT.exists() else "",
        releases=releases,
        sessions=sessions,
    )


@dataclass(slots=True, kw_only=True)
class Worker:
    """The work of one process on one event loop."""

    name: str
    writer: Writer
    dispatcher: Embedded
    timekeeper: Timekeeper
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    async def start(self, drive: Drive) -> None:
        """Take up every case that is ready, and begin to watch the clock."""
        begun = await asyncio.wrap_future(
            self.writer.submit(
                lambda uow: takeover.begin(uow, this_process(self.name)), lane="control"
            )
        )
        await self.timekeeper.jobs.begin()
        suspects, wary = begun.value
        self.dispatcher.suspect(suspects, wary=wary)
        self._tasks = [
            asyncio.ensure_future(self.dispatcher.run(drive)),
            asyncio.ensure_future(self.timekeeper.run()),
        ]
        await asyncio.sleep(0)

    async def stop(self, *, seconds: float = DRAIN_SECONDS) -> None:
        """Let runs come to a step, then let go; what is unfinished stays ready."""
        if not self._tasks:
            return
        dispatching, keeping = self._tasks
        self._tasks = []
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
        await self.timekeeper.end()
        await self.timekeeper.jobs.finish()
        await self.dispatcher.drain(seconds=seconds)
        await dispatching
        with contextlib.suppress(StorageError):  # a writer that refuses: the next start sees to it
            await asyncio.wrap_future(
                self.writer.submit(lambda uow: takeover.end(uow, self.name), lane="control")
            )
