"""The composition root: settings and workflows become a running Remit."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

from remit.assembly import Assembled
from remit.domain import clock, ids
from remit.domain.entry import Entry
from remit.governance.owners import Person
from remit.ledger import verify
from remit.ledger.anchor_standing import AnchorsView
from remit.ledger.anchoring import Anchors
from remit.ledger.append import Journal
from remit.ledger.keeper import Keeper
from remit.ledger.rotation import DEFAULT_EPOCHS, Epochs, Rotation
from remit.ledger.seal import KeyRing
from remit.observability.feed import Feed
from remit.orchestration import admission
from remit.orchestration.admission import Admission, Admitted, Intake
from remit.orchestration.desk import Desk
from remit.orchestration.dispatch import Dispatcher
from remit.orchestration.engine import Engine
from remit.orchestration.equipment import Equipment
from remit.orchestration.erasure import Erasure
from remit.orchestration.executor import Executor
from remit.orchestration.fresh import Fresh
from remit.orchestration.proposals import Proposals
from remit.orchestration.rollback import Rollback
from remit.orchestration.runs import Runs
from remit.orchestration.standing import TOUCHING, Authority
from remit.orchestration.steps import Steps
from remit.orchestration.window import Window
from remit.retrieval import fulltext
from remit.retrieval.retriever import Retriever
from remit.settings import PersonSettings
from remit.store import cases, projections
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Committed, Receipt, Writer, open_writer

T = TypeVar("T")

KNOWN_MAX = 500
OWNER_ROLE = "owner"
READY_SHOWN_MAX = 1_000


class Remit(Window, Desk):
    """A running Remit: what pages, endpoints and commands may ask for.

    It hands out no connector and no vault.
    """

    def __init__(
        self,
        *,
        database: Database,
        keys: KeyRing,
        origin: str,
        anchors: Anchors,
        assembled: Mapping[str, Assembled],
        people: Mapping[str, PersonSettings],
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        locale: str | None = None,
        zone: str | None = None,
        runs_max: int = 64,
        epochs: Epochs = DEFAULT_EPOCHS,
    ) -> None:
        self.database = database
        self.keys = keys
        self.now = now
        self._random_bytes = random_bytes
        self.anchors = anchors
        self._people = {
            handle: Person(handle=handle, name=one.name, roles=one.roles, active=one.active)
            for handle, one in people.items()
        }
        self._journal = Journal(keys, origin=origin, ids=self.new_id, random_bytes=random_bytes)
        self._feed = Feed()
        self._fresh = Fresh()
        self._authority = Authority(alone=database.dialect == "sqlite")
        self.keeper = Keeper(database, self._journal)
        self.writer: Writer = open_writer(
            database, self._journal, self._projected, now, on_commit=self._committed
        )
        self.keeper.on_trouble = self.writer.refuse
        anchors.attach(self.writer, origin=origin)
        self._index(assembled)
        self.equipment: dict[str, Equipment] = {
            name: one.equipment(
                Retriever(database.read, one.collections) if one.collections else None
            )
            for name, one in assembled.items()
        }
        self.runs = Runs(
            database=database,
            keys=keys,
            writer=self.writer,
            equipment=self.equipment,
            read=self.read,
            now=now,
            new_id=self.new_id,
            random_bytes=random_bytes,
            fresh=self._fresh,
            authority=self._authority,
        )
        self._executor = Executor(
            {key: value for one in assembled.values() for key, value in one.connectors.items()},
            credentials={
                key: value for one in assembled.values() for key, value in one.credentials.items()
            },
        )
        self.intake = Intake(
            masker=self.runs.new_scope,
            keyed=lambda data: keys.keyed("intake", data),
            new_id=self.new_id,
            now=now,
            locale=locale,
            zone=zone,
        )
        steps = Steps(executor=self._executor)
        self.engine = Engine(
            open_run=self.runs.ready,
            steps=steps,
            proposals=Proposals(executor=self._executor, steps=steps, read=self.read),
            jitter=lambda: int.from_bytes(random_bytes(4), "big") / 2**32,
        )
        self.rollback = Rollback(
            executor=self._executor, database=database, open_run=self.runs.open, read=self.read
        )
        rotation = Rotation(database, self.writer, keys, origin, now, epochs)
        self.erasure = Erasure(database, self.writer, keys, self._fresh, rotation, self.new_id)
        self.dispatcher = Dispatcher(
            database=database,
            writer=self.writer,
            drive=self.engine.run,
            now=now,
            runs_max=runs_max,
        )

    # -- life ------------------------------------------------------------------------------------

    async def start(self, *, work: bool = True) -> None:
        """Begin to tell subscribers on this event loop, and to run cases unless `work` is off."""
        self._feed.open(asyncio.get_running_loop())
        self.anchors.start()
        if work:
            await self.dispatcher.start()
            await self.erasure.begin()

    async def stop(self) -> None:
        """Let runs come to a pause and close everything; what is unfinished stays."""
        await self.dispatcher.stop()
        await self._executor.close()
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Close the writer, give everything its place in the log, and close the database."""
        self.anchors.finish()
        self.writer.close()
        self.keeper.close()
        self.anchors.tell_local()
        self.keys.close()
        self.database.close()

    async def settled(self) -> None:
        """Return once no case is ready or running; for tests, imports and the demo."""
        while True:
            if self.dispatcher.depth <= len(self.dispatcher.stuck) and not self._left():
                return
            await asyncio.sleep(0.005)

    def _left(self) -> bool:
        """Is anything ready that this Remit can run?"""
        ready = self.database.read(lambda c: cases.ready(c, READY_SHOWN_MAX))
        stuck = self.dispatcher.stuck
        return any(case_id not in stuck and name in self.equipment for case_id, name in ready)

    def new_id(self) -> str:
        """Return a new time-ordered id."""
        milliseconds = clock.microseconds(self.now()) // 1000
        return ids.uuid7(milliseconds=milliseconds, random_bytes=self._random_bytes(10))

    # -- intake ----------------------------------------------------------------------------------

    def admit(
        self,
        workflow: str,
        raw: Mapping[str, object],
        *,
        channel: str,
        external_id: str | None = None,
    ) -> Admitted:
        """Read a message for a workflow without writing it.

        Raises `UnknownWorkflowError`, `IntakeError`.
        """
        return self.intake.read(
            self.runs.workflow(workflow), raw, channel=channel, external_id=external_id
        )

    async def receive(
        self,
        workflow: str,
        raw: Mapping[str, object],
        /,
        *,
        channel: str,
        external_id: str | None = None,
    ) -> Admission:
        """Take a message in; it is durable when this returns. A known id is the same case."""
        admitted = self.admit(workflow, raw, channel=channel, external_id=external_id)
        return await self.write(lambda uow: admission.receive(uow, admitted))

    def submit(self, admitted: Admitted, /) -> "Future[Receipt[Admission]]":
        """Queue a message that was read; many that are queued at once share one commit.

        The future raises what `receive` raises. Raises `BusyError` when the queue is full.
        """
        return self.writer.submit(lambda uow: admission.receive(uow, admitted))

    def known(
        self, workflow: str, messages: Sequence[tuple[Mapping[str, object], str | None]], /
    ) -> list[bool]:
        """Return for each (message, external id) whether it is a case; reads no message."""
        identities = [self.intake.identity(raw, external_id=name) for raw, name in messages]
        there: set[str] = set()
        for start in range(0, len(identities), KNOWN_MAX):
            some = identities[start : start + KNOWN_MAX]
            there |= self.database.read(lambda c, s=some: cases.known_externals(c, workflow, s))  # type: ignore[misc]  # a default binds the loop's value
        return [identity in there for identity in identities]

    # -- the whole -------------------------------------------------------------------------------

    def verify(self) -> verify.VerifyReport:
        """Judge the whole record; never a bare OK."""
        self.keeper.drain()
        self.anchors.tell_local()
        return verify.verify(
            self.database,
            self._journal.vkey,
            payload_keys=self.keys,
            anchors=self.anchors.receipts(),
        )

    def anchored(self) -> AnchorsView:
        """Say how the anchors stand, without asking one."""
        return self.anchors.status(now=self.now())

    def subscribe(self) -> AsyncIterator[tuple[int | None, str, str]]:
        """Yield (position, event, case) after each commit; names only, never content."""
        return self._feed.listen()

    # -- parts -----------------------------------------------------------------------------------

    def _committed(self, committed: Committed) -> None:
        self.keeper.nudge()
        self._authority.settled()
        for entry in committed.entries:
            self._fresh.committed(entry)
        if committed.ready:
            workflows = {entry.case_id: entry.workflow for entry in committed.entries}
            self.dispatcher.wake(
                tuple((case_id, workflows.get(case_id, "")) for case_id in committed.ready)
            )
        self._feed.tell(committed.entries, size=committed.size)

    def _projected(self, uow: UnitOfWork, entry: Entry) -> None:
        if entry.event in TOUCHING:
            self._authority.changing()
        ready = projections.project(uow.connection, entry)
        if ready is not None:
            uow.ready(ready)

    def _index(self, assembled: Mapping[str, Assembled]) -> None:
        documents = tuple(one for each in assembled.values() for one in each.documents)
        if documents:

            def index(uow: UnitOfWork) -> None:
                uow.hold("documents")
                fulltext.index(uow.connection, documents)

            self.writer.run(index)
