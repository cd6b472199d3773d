"""The record proved: the whole of it judged, by hand and by the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from remit.domain import actor, cron
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.ledger_event import VerifyFinished
from remit.ledger import verify
from remit.ledger.anchoring import Anchors
from remit.ledger.append import Journal
from remit.ledger.keeper import Keeper
from remit.ledger.keys import KeyRing
from remit.ledger.remote_signer import SignerWatch
from remit.orchestration.jobs import Job
from remit.orchestration.retention import Keeping
from remit.orchestration.schedule import Timekeeper
from remit.store.database import Database


class Proving:
    """The part that judges the record; `remit.app.Remit` fills in what it works with."""

    database: Database
    keys: KeyRing
    keeper: Keeper
    anchors: Anchors
    keeping: Keeping
    timekeeper: Timekeeper
    write: Callable[..., Awaitable[Any]]
    _journal: Journal

    def schedule(self, *, verify_cron: str, zone: str, keep_cron: str = "") -> None:
        """Set up what is done by the clock; raises `SettingsError` for a line that is none."""
        lines = {
            "ledger-verify": (verify_cron, self._verified),
            "ledger-keep": (keep_cron, self.keeping.nightly),
        }
        for line, _ in lines.values():
            if line:
                cron.read(line, zone)
        self.timekeeper.jobs.jobs = {
            name: Job(cron=line, zone=zone, work=work)
            for name, (line, work) in lines.items()
            if line
        }

    async def _verified(self) -> None:
        """Verify the whole ledger and record what came of it."""
        report = await asyncio.to_thread(self.verify)
        size = report.size or 0
        await self.write(
            lambda uow: uow.append(
                Draft(
                    event=VerifyFinished(size=size, result=report.result),
                    case_id=control_stream("ledger"),
                    workflow="ledger",
                    actor=actor.service("clock"),
                )
            )
        )

    def verify(self) -> verify.VerifyReport:
        """Judge the whole record; never a bare OK."""
        self.keeper.drain()
        self.anchors.tell_local()
        self._journal.reload(self.database.read)
        return verify.verify(
            self.database,
            self._journal.vkeys,
            payload_keys=self.keys,
            anchors=self.anchors.receipts(),
            watchers=[SignerWatch(self._journal.remote)],
        )
