"""Jobs by the clock: each runs once for its due time; one that was missed runs once, late."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from remit.domain import actor, clock, cron
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.running_event import ScheduleRan
from remit.errors import RemitError
from remit.store import schedules
from remit.store.connection import Connection
from remit.store.schedules import Schedule
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

LATE_US = 60 * 1_000_000
STREAM = "schedules"  # whose control stream tells what ran

log = logging.getLogger("remit.jobs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is done, and when."""

    cron: str
    zone: str
    work: Callable[[], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class Jobs:
    """Runs the jobs of one deployment."""

    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    writer: Writer
    now: Callable[[], datetime]
    jobs: Mapping[str, Job] = field(default_factory=dict)
    ran: int = 0
    _running: set["asyncio.Task[None]"] = field(default_factory=set)

    async def begin(self) -> None:
        """Set the schedules up; raises `SettingsError` for a line that is none."""
        now = self.now()
        first = {
            name: clock.microseconds(cron.read(job.cron, job.zone).after(now))
            for name, job in self.jobs.items()
        }

        def work(uow: UnitOfWork) -> None:
            for name, job in self.jobs.items():
                schedules.put(
                    uow.connection, name, cron=job.cron, zone=job.zone, next_us=first[name]
                )

        await asyncio.wrap_future(self.writer.submit(work, lane="control"))

    async def tick(self) -> int:
        """Begin what is due; return how many jobs that were."""
        now = self.now()
        found: list[Schedule] = await self.read(
            lambda c: schedules.due(c, clock.microseconds(now))
        )
        begun = 0
        for one in found:
            job = self.jobs.get(one.name)
            if job is not None and await self._claim(one, now):
                begun += 1
                task = asyncio.ensure_future(self._run(one.name, job))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        self.ran += begun
        return begun

    async def finish(self) -> None:
        """Wait for the jobs that run."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _claim(self, one: Schedule, now: datetime) -> bool:
        """Record that the job runs for this due time, once; however many were missed."""
        next_us = clock.microseconds(cron.read(one.cron, one.zone).after(now))
        late = clock.microseconds(now) - one.next_us > LATE_US

        def work(uow: UnitOfWork) -> bool:
            uow.lock(control_stream(STREAM))
            if not schedules.move(uow.connection, one.name, due_us=one.next_us, next_us=next_us):
                return False
            uow.append(
                Draft(
                    event=ScheduleRan(name=one.name, due_us=one.next_us, late=late),
                    case_id=control_stream(STREAM),
                    workflow=STREAM,
                    actor=actor.service("clock"),
                )
            )
            return True

        receipt = await asyncio.wrap_future(self.writer.submit(work, lane="control"))
        return receipt.value

    async def _run(self, name: str, job: Job) -> None:
        try:
            await job.work()
        except RemitError as error:
            log.error("job `%s` failed: %s", name, error.code)  # noqa: TRY400 - no values of a trace
