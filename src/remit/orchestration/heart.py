"""The heart of a process: says each minute in the record that it is at work, so silence shows.

One process has one heart, whatever number of sessions it writes through. It beats when it begins
and then only while a case is open, and says so when it ends. Who finds that another was silent
writes that down; where it is the only process there can be, it knows that the other crashed.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from remit.domain import clock
from remit.domain.case import OPEN
from remit.domain.ledger_event import HeartbeatEnded, HeartbeatRecorded
from remit.errors import RemitError
from remit.ledger import heartbeats
from remit.ledger.heartbeats import Heard
from remit.ledger.silence import HEARTBEAT_SECONDS_MAX
from remit.store import cases
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

HEARTBEAT_SECONDS: Final = 60
TICK_SECONDS: Final = 1.0

log = logging.getLogger("remit.heart")


@dataclass(slots=True, kw_only=True)
class Heart:
    """Beats for one process; `alone` where no other can run cases of this database."""

    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    writer: Writer
    now: Callable[[], datetime]
    alone: bool
    leads: Callable[[], bool] = lambda: True
    keep: Callable[[], None] = lambda: None  # what else is looked after each minute
    name: str = ""
    _looked: datetime | None = None  # when it last beat, or found that it need not
    _task: "asyncio.Task[None] | None" = None

    async def begin(self, name: str) -> None:
        """Say that this process is at work, and what is known of others; go on until `end`."""
        self.name, self._looked = name, self.now()
        await self._write(self._fallen(await self.read(heartbeats.heard)))
        await asyncio.to_thread(self.keep)
        self._task = asyncio.ensure_future(self._run())

    async def tick(self) -> bool:
        """Beat if it is time and a case is open; return whether it did."""
        now = self.now()
        if self._looked is None or now < self._looked + timedelta(seconds=HEARTBEAT_SECONDS):
            return False
        await asyncio.to_thread(self.keep)
        opened, others = await self.read(self._look)
        fallen = self._fallen(others)
        if opened or fallen:
            await self._write(fallen)
        self._looked = now  # not when the write was answered: a beat is as old as its look
        return bool(opened or fallen)

    async def end(self) -> None:
        """Say that this process has ended in peace."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        try:
            await self._write((), how="stopped")
        except RemitError as error:
            log.warning("the end is not in the record: %s", error.code)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.tick()
            except RemitError as error:
                log.error("a heartbeat is not in the record: %s", error.code)  # noqa: TRY400 - no values of a trace

    def _look(self, connection: Connection) -> tuple[bool, dict[str, Heard]]:
        counts = cases.counts(connection)
        opened = any(counts.get(status.value) for status in OPEN)
        return opened, heartbeats.heard(connection) if self.leads() and not self.alone else {}

    def _fallen(self, found: dict[str, Heard]) -> tuple[HeartbeatEnded, ...]:
        """Return what is to be said of others that have neither ended nor been heard of."""
        until = clock.microseconds(self.now()) - HEARTBEAT_SECONDS_MAX * 1_000_000
        how = "crashed" if self.alone else "silent"
        return tuple(
            HeartbeatEnded(process=one.process, number=one.number, how=how)
            for one in found.values()
            if one.process != self.name
            and (one.how in ("", "silent") if self.alone else not one.how and one.at_us < until)
        )

    async def _write(self, fallen: tuple[HeartbeatEnded, ...], *, how: str = "") -> None:
        now, looked = self.now(), self._looked
        silent = 0 if looked is None else int((now - looked).total_seconds())
        told = silent if silent > 2 * HEARTBEAT_SECONDS else None

        def work(uow: UnitOfWork) -> None:
            uow.lock(heartbeats.STREAM)
            known = heartbeats.heard(uow.connection, limit=heartbeats.OWN_BACK_MAX).get(self.name)
            number = 0 if known is None else known.number
            for one in fallen:
                uow.append(heartbeats.draft(one))
            uow.append(
                heartbeats.draft(
                    HeartbeatEnded(process=self.name, number=number, how=how, silent_seconds=told)
                    if how
                    else HeartbeatRecorded(
                        process=self.name, number=number + 1, silent_seconds=told
                    )
                )
            )

        await asyncio.wrap_future(self.writer.submit(work, lane="control"))
