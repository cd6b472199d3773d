"""A store whose cases do nothing but end: what tests of dispatchers begin with."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from remit.domain.actor import service, workflow
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft, Entry, Event
from remit.domain.event import CaseClosed, WaitEnded, WaitStarted
from remit.domain.intake_event import CaseReceived
from remit.ledger.append import Journal
from remit.ledger.seal import KeyRing
from remit.orchestration import dbos
from remit.orchestration.dbos import Queue
from remit.orchestration.dispatch import Dispatcher
from remit.orchestration.embedded import Embedded
from remit.orchestration.lanes import LaneSettings
from remit.orchestration.queued import Queued
from remit.store import cases, projections
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.ready import Ready
from remit.store.unit import UnitOfWork
from remit.store.writer import Committed, Writer, open_writer
from tests.opened import ORIGIN, Ticking, ids

T = TypeVar("T")
DESK = "refund-desk"


@dataclass(kw_only=True)
class World:
    """Cases in a database, and a dispatcher that runs them."""

    database: Database
    writer: Writer
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    dispatcher: Dispatcher = field(init=False)
    ran: list[str] = field(default_factory=list)  # cases, in the order in which runs began
    ends: Callable[[str], CaseStatus] = lambda _: CaseStatus.CLOSED
    deaf: bool = False  # what should be told of a commit is lost: nobody is
    url: str = ""
    gate: "asyncio.Event | None" = None  # runs wait for it

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.read, work)

    def projected(self, uow: UnitOfWork, entry: Entry) -> None:
        woken = projections.project(uow.projected, entry, uow.tally)
        if woken is not None:
            uow.ready(woken)

    def ready(self, connection: Connection, woken: tuple[Ready, ...]) -> None:
        for case in () if self.deaf else woken:
            self.dispatcher.wake(connection, case)

    def committed(self, committed: Committed) -> None:
        if committed.ready and not self.deaf:
            self.dispatcher.committed(committed.ready)

    def receive(self, name: str = DESK, *, priority: str | None = None) -> str:
        """Bring a case in; return it."""
        return self.receive_many(1, name, priority=priority)[0]

    def receive_many(
        self, number: int, name: str = DESK, *, priority: str | None = None
    ) -> list[str]:
        """Bring cases in with one commit; return them in order of age."""
        made = [self.new_id() for _ in range(number)]

        def work(uow: UnitOfWork) -> None:
            for case_id in made:
                uow.append(received(case_id, name, priority=priority))

        self.writer.run(work)
        return made

    def append(self, case_id: str, *events: Event) -> None:
        """Append entries to a case with one commit."""

        def work(uow: UnitOfWork) -> None:
            for event in events:
                uow.append(draft(case_id, event))

        self.writer.run(work)

    async def drive(self, case_id: str) -> CaseStatus | None:
        """Run a case: it ends at once, or parks; `None` if it was not ready."""
        row = await self.read(lambda c: cases.find(c, case_id))
        if row is None or row.status is not CaseStatus.READY:
            return None
        self.ran.append(case_id)
        if self.gate is not None:
            await self.gate.wait()
        status = self.ends(case_id)
        event = (
            CaseClosed(outcome="completed")
            if status is CaseStatus.CLOSED
            else WaitStarted(kind="time", ref="sleep")
        )
        await asyncio.wrap_future(
            self.writer.submit(lambda uow: uow.append(draft(case_id, event, name=row.workflow)))
        )
        return status

    def standing(self) -> dict[str, int]:
        return self.database.read(cases.counts)

    async def settle(self, *, left: int = 0) -> None:
        """Wait until no case but so many is ready, and nothing is under way."""
        await self.until(lambda: self.standing().get("ready", 0) <= left)
        await self.until(lambda: self.dispatcher.idle)

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(60):
            while not true():  # noqa: ASYNC110 - what is awaited happens in threads and rows
                await asyncio.sleep(0.002)


def received(case_id: str, name: str, *, priority: str | None = None) -> Draft:
    return draft(
        case_id,
        CaseReceived(
            channel="test", external=case_id, content="c", outcomes={}, assumptions=(),
            priority=priority,
        ),
        name=name,
    )  # fmt: skip


def draft(case_id: str, event: Event, *, name: str = DESK) -> Draft:
    by = service("clock") if isinstance(event, WaitEnded) else workflow(name)
    return Draft(event=event, case_id=case_id, workflow=name, actor=by, path="1")


Make = Callable[[World, Callable[[str], LaneSettings | None], int], Dispatcher]


def embedded(world: World, lanes: Callable[[str], LaneSettings | None], runs_max: int) -> Embedded:
    return Embedded(
        read=world.read,
        writer=world.writer,
        settings=lanes,
        worker="worker-1",
        now=world.clock,
        runs_max=runs_max,
    )


def queued(world: World, lanes: Callable[[str], LaneSettings | None], runs_max: int) -> Queued:
    dbos.migrate(world.url)
    return Queued(
        url=world.url,
        queue=Queue(world.url, lanes=lanes),
        database=world.database,
        writer=world.writer,
        workflows=lambda: (DESK,) if lanes(DESK) is not None else ("narrow", "wide"),
        worker="worker-1",
        sessions="remit tests",
        now=world.clock,
        runs_max=runs_max,
        polling_seconds=0.01,
        late_seconds=0.0,
    )


@contextmanager
def opened(
    url: str,
    folder: Path,
    make: Make = embedded,
    *,
    lanes: Callable[[str], LaneSettings | None] = lambda _: LaneSettings(),
    runs_max: int = 4,
    seed: int = 1,
    clock: Callable[[], datetime] | None = None,
) -> Iterator[World]:
    """Open a store with all projections and a dispatcher that is not running yet."""
    chance = random.Random(seed)
    keys = KeyRing.open(folder, random_bytes=chance.randbytes)
    clock = clock or Ticking()
    database = open_database(url, schema=projections.SCHEMA, durability_check=False, clock=clock)
    try:
        journal = Journal(keys, origin=ORIGIN, ids=ids(seed), random_bytes=chance.randbytes)
        hooks: list[World] = []
        writer = open_writer(
            database, journal, lambda uow, entry: hooks[0].projected(uow, entry), clock,  # noqa: PLW0108 - not there yet
            on_commit=lambda committed: hooks[0].committed(committed),  # noqa: PLW0108
            on_ready=lambda connection, woken: hooks[0].ready(connection, woken),  # noqa: PLW0108
        )  # fmt: skip
        try:
            world = World(
                database=database, writer=writer, clock=clock, new_id=ids(seed + 100), url=url
            )
            world.dispatcher = make(world, lanes, runs_max)
            hooks.append(world)
            yield world
            if isinstance(world.dispatcher, Queued):
                world.dispatcher.queue.close()
        finally:
            writer.close()
    finally:
        database.close()


async def running(
    world: World, work: Callable[[], Awaitable[Any]], *, seconds: float = 25.0
) -> None:
    """Run cases while `work` goes on, then drain."""
    task = asyncio.ensure_future(world.dispatcher.run(world.drive))
    await asyncio.sleep(0)
    try:
        await work()
    finally:
        await world.dispatcher.drain(seconds=seconds)
        await task


def counted(ran: Sequence[str]) -> dict[str, int]:
    return {case_id: ran.count(case_id) for case_id in ran}
