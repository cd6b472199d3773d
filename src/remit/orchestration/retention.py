"""Retention at work: months of entries and content of closed cases go once their term ends."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from remit.domain import clock
from remit.domain.acknowledgement import Act
from remit.domain.actor import Actor, service
from remit.domain.entry import Draft, Event
from remit.domain.ledger_event import ErasureCompleted, RangePruned
from remit.domain.retention import Retention
from remit.errors import NotAcknowledgedError, RetentionError
from remit.governance.legal_holds import LOCK
from remit.ledger import erasure, prune
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.ledger.prune import Month
from remit.orchestration.erasure import Erasure
from remit.store import cases, legal_holds, partitions, prunes
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork

T = TypeVar("T")

log = logging.getLogger("remit.retention")

GROUND: Final = "retention"
VACUUM_PAGES: Final = 4_096  # of the file, given back with each page of cases
CASES_PER_ENTRY: Final = 200  # a case may have changed its key


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A month with entries: when it may go, or why it may not."""

    month: str
    due_at: datetime | None
    why: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """Lets go what is past its term in one installation."""

    erasure: Erasure
    terms: Mapping[str, Retention]

    def survey(self) -> list[Due]:
        """Return every month that has entries of cases, the oldest first."""
        return self.erasure.database.read(self._survey)

    def prune(self, month: str, *, by: Actor) -> RangePruned:
        """Let the entries of a month go; raises `RetentionError` with the due date.

        The entry that says so is acknowledged first; deletions follow in pages, and a crash
        between them is finished at the next start. All of it must be anchored outside before.
        Raises `NotAcknowledgedError`: nothing went.
        """
        now = self.erasure.rotation.now()
        found = self.erasure.database.read(lambda c: prune.survey(c, month, self.terms, now=now))
        self._outside(found)
        self._run(lambda uow: self._begin(uow, found, by))
        self._point("begun")
        self._finish(month)
        return found.event

    async def nightly(self) -> None:
        """Do what is due: end epochs, finish what was cut short, destroy content past its term.

        Entries go on a person's word alone.
        """
        await self.erasure.begin()
        await asyncio.to_thread(self._due)

    def _due(self) -> None:
        if self.erasure.database.dialect == "postgresql":
            self._run(lambda uow: partitions.prepare(uow.connection))
        self.resume()
        self.expire(by=service("retention"))

    def resume(self) -> None:
        """Finish the months whose pruning was begun and cut short."""
        for row in self.erasure.database.read(prunes.every):
            if self.erasure.database.read(lambda c, m=row.month: prune.left(c, m)):  # type: ignore[misc]  # a default binds the loop's value
                try:
                    self._finish(row.month)
                except NotAcknowledgedError as error:
                    log.error("%s stays for now: %s", row.month, error)  # noqa: TRY400 - it says what to do

    def expire(self, *, by: Actor) -> int:
        """Destroy the content of closed cases past `payload_days`; return how many cases."""
        done = 0
        for workflow, term in self.terms.items():
            if term.payload_days is None:
                continue
            until = self.erasure.rotation.now() - timedelta(days=term.payload_days)
            until_us = clock.microseconds(until)
            after = ""
            while True:
                page = self.erasure.database.read(
                    lambda c, w=workflow, u=until_us, a=after: cases.closed_before(  # type: ignore[misc]  # defaults bind the loop's values
                        c, w, until_us=u, after=a, limit=CASES_PER_ENTRY
                    )
                )
                if not page:
                    break
                after = page[-1]
                done += self._run(lambda uow, p=page: self._expire(uow, p, by))  # type: ignore[misc]  # a default binds the loop's value
        return done

    # -- steps -----------------------------------------------------------------------------------

    def _survey(self, connection: Connection) -> list[Due]:
        found = []
        for month in prune.months(connection):
            try:
                when = prune.due(connection, month, self.terms)
            except RetentionError as error:
                found.append(Due(month=month, due_at=None, why=str(error)))
            else:
                found.append(Due(month=month, due_at=when, why=""))
        return found

    def _outside(self, month: Month) -> None:
        """Raise `RetentionError` unless another operator keeps a checkpoint above what goes."""
        name, size = month.event.month, month.event.highest + 1
        told = self.erasure.acknowledger
        if told.witnessed is None:
            raise RetentionError(
                "nobody outside this host keeps checkpoints, and what goes cannot be shown again: "
                f"{name} stays; set `ledger.anchors`"
            )
        if not told.witnessed(size, timeout_seconds=told.seconds):
            raise RetentionError(
                f"entries of {name} are not anchored outside yet; look at `remit ledger anchors` "
                "and try again"
            )

    def _begin(self, uow: UnitOfWork, month: Month, by: Actor) -> None:
        uow.hold(LOCK)
        prune.due(uow.connection, month.event.month, self.terms)  # a hold may have come
        if not prune.unchanged(uow.connection, month):
            raise RetentionError(f"{month.event.month} has changed meanwhile; try again")
        prunes.carry(uow.connection, month.carried)
        uow.append(self._draft(month.event, by))

    def _finish(self, month: str) -> None:
        erasure = self.erasure
        erasure.acknowledger.covered(
            erasure.database.read(lambda c: prune.told(c, month)), Act.PRUNE
        )
        while self._run(lambda uow: self._page(uow, month)):
            self._point("page")
        self._run(lambda uow: prune.drop(uow.connection, month))

    def _page(self, uow: UnitOfWork, month: str) -> int:
        page = prune.page(uow.connection, month)
        keys = prune.keys_of(uow.connection, page)
        if keys:
            self.erasure.keys.destroy(keys)
        prune.delete(uow.connection, month, page)
        if uow.connection.dialect == "sqlite":
            uow.connection.rows(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
        return len(page)

    def _expire(self, uow: UnitOfWork, page: list[str], by: Actor) -> int:
        uow.hold(LOCK)
        free = [one for one in page if not legal_holds.on_cases(uow.connection, [one])]
        content = erasure.content(uow.connection, free)
        if not content.payloads:
            return 0
        self.erasure.keys.destroy(content.keys)
        payloads, values = erasure.delete(uow.connection, free)
        root, blind = self.erasure.blind()
        event = ErasureCompleted(
            erasure_id=self.erasure.new_id(), ground=GROUND, part=1, parts=1, cases=len(free),
            payloads=payloads, values=values, keys=(), root=root,
            blind_us=clock.microseconds(blind),
        )  # fmt: skip
        for draft in erasure.completed(self._draft(event, by), event, content.keys):
            uow.append(draft)
        return len(free)

    # -- parts -----------------------------------------------------------------------------------

    def _draft(self, event: Event, by: Actor) -> Draft:
        return Draft(
            event=event,
            case_id=control_stream(self.erasure.rotation.origin),
            workflow=CONTROL_WORKFLOW,
            actor=by,
        )

    def _run(self, work: Callable[[UnitOfWork], T]) -> T:
        receipt = self.erasure.writer.run(work, lane="control")
        return self.erasure.acknowledger.require(receipt, Act.ERASURE)

    def _point(self, name: str) -> None:
        for hook in self.erasure.points:
            hook(name)
