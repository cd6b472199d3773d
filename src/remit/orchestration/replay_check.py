"""Closed cases, replayed in the background: code that does not do the same twice is found early.

The keeper's sweep calls `tick`. A share of the closed cases, drawn by their ids, is replayed with
all doors shut under the code that ran them. A difference is a finding: an entry beside the case,
and a line of the log, before an open case runs into it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from remit.domain.actor import service
from remit.domain.entry import Draft
from remit.domain.running_event import ReplayDiffered
from remit.errors import RemitError
from remit.ledger.keys import KeyRing
from remit.orchestration import divergence, rehearsal
from remit.orchestration.equipment import Equipment
from remit.orchestration.rehearsal import Rehearsed
from remit.store import cases
from remit.store.writer import Writer

PAGE: Final = 500  # closed cases that one look draws from

log = logging.getLogger("remit.replay")


@dataclass(slots=True, kw_only=True)
class ReplayCheck:
    """Replays a share of what has closed since this process began."""

    read: Callable[[Callable[..., Any]], Awaitable[Any]]
    writer: Writer
    keys: KeyRing
    equipment: Mapping[str, Equipment]
    random_bytes: Callable[[int], bytes]
    share: float
    after: tuple[int, str] = (0, "")  # (closed, case) up to which it has looked
    replayed: int = 0
    differed: int = 0

    async def tick(self) -> int:
        """Look at the next page of closed cases; return how many were replayed."""
        if self.share <= 0:
            return 0
        found = await self.read(lambda c: cases.closed_after(c, self.after, PAGE))
        before = self.replayed
        for closed_us, case_id, workflow in found:
            self.after = (closed_us, case_id)
            if rehearsal.drawn(case_id, self.share):
                await self._one(case_id, workflow)
        return self.replayed - before

    async def _one(self, case_id: str, workflow: str) -> None:
        equipment = self.equipment.get(workflow)
        if equipment is None:
            return
        try:
            past = await self.read(
                lambda c: rehearsal.opened(c, self.keys, case_id, random_bytes=self.random_bytes)
            )
        except RemitError:
            return  # erased since, or written to by a newer Remit
        if past.history.versions != {equipment.fingerprint}:
            return  # other code has run it: it need not fit this one
        self.replayed += 1
        came = await rehearsal.rehearse(past, equipment.workflow)
        if came.end == "diverged":
            self.differed += 1
            await self._found(case_id, equipment, came)

    async def _found(self, case_id: str, equipment: Equipment, came: Rehearsed) -> None:
        log.error(
            "case %s of `%s`, replayed, does not come out the same: %s; owner %s",
            case_id, equipment.name, came.said, equipment.owner or "nobody",
        )  # fmt: skip
        found = came.divergence or divergence.Divergence(path="", why="result")
        draft = Draft(
            event=ReplayDiffered(
                version=equipment.fingerprint, why=found.why, recorded=found.recorded,
                found=found.found, at=found.at,
            ),
            case_id=case_id,
            workflow=equipment.name,
            actor=service("replay"),
            path=found.path or None,
            payloads={"calls": divergence.form(came.pairs, came.said)},
        )  # fmt: skip
        await asyncio.wrap_future(
            self.writer.submit(lambda uow: uow.append(draft), lane="ordinary", streams=(case_id,))
        )
