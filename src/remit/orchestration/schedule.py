"""The timekeeper: what is due happens once, never early, in the order of its time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remit.domain import actor, clock
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft
from remit.domain.event import WaitEnded
from remit.errors import RemitError
from remit.governance import approvals
from remit.store import cases, waits
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

DUE_MAX = 500
TICK_SECONDS = 0.25
SWEEP_SECONDS = 60.0

log = logging.getLogger("remit.timekeeper")


@dataclass(slots=True, kw_only=True)
class Timekeeper:
    """Watches the clock for one deployment."""

    read: Callable[[Callable[[Connection], Any]], Awaitable[Any]]
    writer: Writer
    now: Callable[[], datetime]
    sweep: Callable[[], None]

    async def run(self) -> None:
        """Keep time until cancelled."""
        ticks = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1
            try:
                while await self.tick() >= DUE_MAX:
                    pass
                if ticks * TICK_SECONDS % SWEEP_SECONDS == 0:
                    self.sweep()
            except RemitError as error:
                log.error("the timekeeper failed: %s", error.code)  # noqa: TRY400 - no values of a trace

    async def tick(self) -> int:
        """Let every wait whose time has come end; return how many there were."""
        now_us = clock.microseconds(self.now())
        due = await self.read(lambda c: waits.due(c, now_us, DUE_MAX))
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
