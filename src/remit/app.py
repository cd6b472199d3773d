"""The composition root: settings and workflows become a running Remit."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from remit.assembly import Assembled, joined
from remit.domain import clock, ids
from remit.domain.entry import Entry
from remit.errors import DatabaseLostError, LedgerMismatchError
from remit.governance import delegations, following, stops
from remit.governance.access import Roster
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.anchoring import Anchors
from remit.ledger.append import Journal
from remit.ledger.keeper import Keeper
from remit.ledger.log_keys import LogKeys
from remit.ledger.remote_signer import RemoteSigner
from remit.ledger.rotation import DEFAULT_EPOCHS, Epochs, Rotation
from remit.ledger.seal import KeyRing
from remit.observability.feed import Feed
from remit.orchestration import awaited, loading, worker
from remit.orchestration.admission import Intake
from remit.orchestration.answerable import Answerable
from remit.orchestration.batching import Batching
from remit.orchestration.breakers import Breakers, guarded, let_go
from remit.orchestration.checkup import Checkup
from remit.orchestration.coins import Coins
from remit.orchestration.delegating import Delegating
from remit.orchestration.denying import Denying
from remit.orchestration.dispatch import Drive
from remit.orchestration.duties import Duties
from remit.orchestration.endorsing import Endorsing
from remit.orchestration.engine import Engine
from remit.orchestration.equipment import Equipment
from remit.orchestration.erasure import Erasure
from remit.orchestration.executor import Executor
from remit.orchestration.fresh import Fresh
from remit.orchestration.heart import Heart
from remit.orchestration.intending import Intending
from remit.orchestration.lanes import LaneSettings
from remit.orchestration.metrics import Metrics
from remit.orchestration.places import Places, lowest
from remit.orchestration.pressure import Pressure
from remit.orchestration.proposals import Proposals
from remit.orchestration.proving import Proving
from remit.orchestration.reception import Reception
from remit.orchestration.remarking import Remarking
from remit.orchestration.replay_check import ReplayCheck
from remit.orchestration.retention import Keeping
from remit.orchestration.ruling import Ruling
from remit.orchestration.runs import Runs
from remit.orchestration.seeding import Seeding
from remit.orchestration.shelf import Shelf
from remit.orchestration.standing import TOUCHING, Authority
from remit.orchestration.steps import Steps
from remit.orchestration.stopping import Stopping
from remit.orchestration.window import Window
from remit.retrieval.retriever import Retriever
from remit.store import cases, projections, ready
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.ready import Ready
from remit.store.refusing import RefusingWriter
from remit.store.unit import UnitOfWork
from remit.store.writer import Committed, Writer, open_writer

if TYPE_CHECKING:
    from remit.orchestration.several import Several

READY_SHOWN_MAX = 1_000

log = logging.getLogger("remit.app")


class Remit(
    Window,
    Reception,
    Batching,
    Remarking,
    Delegating,
    Denying,
    Endorsing,
    Duties,
    Checkup,
    Stopping,
    Ruling,
    Seeding,
    Proving,
):
    """A running Remit: what pages, endpoints and commands may ask for.

    It hands out no connector and no vault.
    """

    def __init__(  # noqa: PLR0913 - the composition root takes what it composes
        self,
        *,
        database: Database,
        keys: KeyRing,
        origin: str,
        anchors: Anchors,
        assembled: Mapping[str, Assembled],
        people: Roster,
        now: Callable[[], datetime],
        elapsed: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        locale: str | None = None,
        zone: str | None = None,
        runs_max: int = 64,
        replay_check_share: float = 0.0,
        signers: int = 2,
        epochs: Epochs = DEFAULT_EPOCHS,
        signer: RemoteSigner | None = None,
        several: "Callable[[Remit, Callable[[], float]], Several] | None" = None,
    ) -> None:
        self.database = database
        self.on_lost: Callable[[str], None] = lambda _: None
        self.keys = keys
        self.now = now
        self._random_bytes = random_bytes
        self.anchors = anchors
        self._people = people
        self._journal = Journal(
            keys, origin=origin, ids=self.new_id, random_bytes=random_bytes, remote=signer
        )
        self._feed = Feed()
        self._fresh = Fresh()
        self._alone = several is None  # nobody else writes to this database
        self._authority = Authority(alone=self._alone, told=stops.told(keys))
        self._connector_names = {name for one in assembled.values() for name in one.connectors}
        self.keeper, self.writer = self._journalled()
        anchors.attach(self.writer, origin=origin)
        scarce = lowest(one.settings.concurrent_max for one in assembled.values())
        self.breakers = Breakers(now=now, places=Places(now=now, concurrent_max=scarce))
        self.equipment: dict[str, Equipment] = {
            name: replace(
                guarded(
                    one.equipment(
                        Retriever(database.read, one.collections) if one.collections else None
                    ),
                    self.breakers,
                ),
                able=partial(people.able, name),
                lent=partial(delegations.lent, people, name),
            )
            for name, one in assembled.items()
        }
        self._rules = {name: one.rules for name, one in assembled.items()}
        self.shelf = Shelf(keys, self.equipment, self._rules)
        self._load(assembled, signers)
        self.acknowledger = Acknowledger(witnessed=None if anchors.warning else anchors.witnessed)
        self.runs = Runs(
            database=database,
            keys=keys,
            writer=self.writer,
            equipment=self.equipment,
            shelf=self.shelf,
            read=self.read,
            now=now,
            new_id=self.new_id,
            random_bytes=random_bytes,
            fresh=self._fresh,
            authority=self._authority,
            alone=self._alone,
            acknowledger=self.acknowledger,
        )
        self.log_keys = LogKeys(database, self.writer, self._journal, self.acknowledger)
        self._executor = Executor(
            joined(one.connectors for one in assembled.values()),
            credentials=joined(one.credentials for one in assembled.values()),
            breakers=self.breakers,
        )
        self.intake = Intake(
            scope=self.runs.new_scope,
            keyed=lambda data: keys.keyed("intake", data),
            new_id=self.new_id,
            now=now,
            locale=locale,
            zone=zone,
        )
        steps = Steps(executor=self._executor)
        intending = Intending(executor=self._executor, read=self.recall)
        self.engine = Engine(
            open_run=self.runs.carried,
            steps=steps,
            proposals=Proposals(
                intending=intending, steps=steps, coins=Coins(keys, self.read, self.write, now)
            ),
            jitter=lambda: int.from_bytes(random_bytes(4), "big") / 2**32,
            draining=lambda: self.dispatcher.draining,
            elapsed=elapsed,
        )
        rotation = Rotation(database, self.writer, keys, origin, now, epochs, self.acknowledger)
        self.erasure = Erasure(
            database, self.writer, keys, self._fresh, rotation, self.new_id, self.acknowledger,
            random_bytes,
        )  # fmt: skip
        self.keeping = Keeping(
            self.erasure, {name: one.retention for name, one in assembled.items()}
        )
        self.pressure = Pressure(
            database=database, writer=self.writer, now=now, elapsed=elapsed,
            disk_free=database.free,
        )  # fmt: skip
        self.drive: Drive = self.engine.run
        self.several: Several | None = None
        self.worker: worker.Worker | Several
        if several is None:
            self.worker = worker.begin(
                read=self.read, writer=self.writer, settings=self.lane, now=now, elapsed=elapsed,
                may_cut=self.engine.may_cut, name=self.new_id(),
                runs_max=runs_max,
            )  # fmt: skip
        else:
            self.worker = self.several = several(self, elapsed)
        self.dispatcher = self.worker.dispatcher
        self.timekeeper = self.worker.timekeeper
        self._metrics = Metrics(
            database=database, dispatcher=self.worker.dispatcher, timekeeper=self.timekeeper,
            pressure=self.pressure, breakers=self.breakers, stranded=self.runs.stranded,
            raced=self.engine.proposals.raced, late=steps.late,
            rules_refused=lambda: sum(bool(one.rules_refused) for one in self.equipment.values()),
        )  # fmt: skip
        self.timekeeper.wake = self._sweep
        self.timekeeper.roles = Answerable(read=self.read, writer=self.writer, people=people).tick
        self.timekeeper.monitors = self.watch_cells
        self._take_up(intending, steps)
        self.replay_check = ReplayCheck(
            read=self.read, writer=self.writer, keys=keys, equipment=self.equipment,
            random_bytes=random_bytes, share=replay_check_share,
            after=(clock.microseconds(now()), ""),
        )  # fmt: skip
        self._checking: asyncio.Task[int] | None = None
        self.heart = Heart(
            read=self.read, writer=self.writer, now=now, alone=database.dialect == "sqlite",
            leads=lambda: self.several is None or self.keeper.leads, keep=self.log_keys.keep,
        )  # fmt: skip

    def _load(self, assembled: Mapping[str, Assembled], signers: int) -> None:
        """Take in documents and rules, unless nothing may be appended."""
        self.signers, self._looked = signers, {}
        if not self.trouble:
            found = [one for each in assembled.values() for one in each.documents]
            loading.load(self.writer, found)
            self.begin_limits()  # evidence is under the rules in force until now
            self.begin_rules()
        loading.refused(self.equipment)

    def _journalled(self) -> tuple[Keeper, Writer]:
        """Return what sequences and what writes; where the record does not fit, what refuses."""
        keeper: Keeper | None = None
        try:
            if self.anchors.refused is not None:
                raise self.anchors.refused
            keeper = Keeper(self.database, self._journal)
            writer = open_writer(
                self.database,
                self._journal,
                self._projected,
                self.now,
                on_commit=self._committed,
                on_ready=self._ready,
            )
        except LedgerMismatchError as error:
            if keeper is not None:
                keeper.close()
            self.anchors.refuse_all(error)
            return Keeper(self.database, self._journal, idle=True), RefusingWriter(error)
        keeper.on_trouble = writer.refuse
        return keeper, writer

    @property
    def trouble(self) -> str:
        """Why nothing is appended and only reads go on; empty where all is well."""
        return str(self.anchors.refused or self.anchors.fork or "")

    # -- life ------------------------------------------------------------------------------------

    async def start(self, *, work: bool = True) -> None:
        """Begin to tell subscribers on this event loop, and to run cases unless `work` is off.

        Where nothing may be appended, nothing else begins.
        """
        self._feed.open(asyncio.get_running_loop())
        self.anchors.start()
        self.database.watch(self._lost)
        if self.trouble:
            return
        drive: Drive = lambda case_id: self.drive(case_id)  # noqa: E731, PLW0108 - looked up anew
        if work or self.several is not None:
            await self.heart.begin(self.worker.name)
        if self.several is not None:
            await self.several.start(drive if work else None)
        elif work:
            await self.worker.start(drive)
        if work:
            await self.erasure.begin()
            await asyncio.to_thread(self.keeping.resume)

    def _lost(self, sentence: str) -> None:
        """Append nothing more to a file that is not ours any more."""
        log.critical("%s", sentence)
        self.writer.refuse(DatabaseLostError(sentence))
        self.on_lost(sentence)

    async def stop(self) -> None:
        """Let runs come to a pause and close everything; what is unfinished stays."""
        await awaited.end(self._checking, *self._comparisons)
        await self.worker.stop()
        await self.heart.end()
        await self._executor.close()
        await let_go(self.equipment.values())
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Close the writer, give everything its place in the log, and close the database."""
        self.anchors.finish()
        self.writer.close()
        self.keeper.close()
        if self.several is not None:
            self.several.close()
        self.anchors.tell_local()
        self._journal.close()
        self.keys.close()
        self.database.close()

    async def settled(self) -> None:
        """Return once no case is ready or running; for tests, imports and the demo."""
        while True:
            if self.dispatcher.idle and not self._left():
                return
            await asyncio.sleep(0.005)

    def _sweep(self) -> None:
        """Look for cases that were left lying: by the dispatcher, or with no workflow here."""
        self.dispatcher.sweep()
        self.runs.without_handler()
        if self._checking is None or self._checking.done():
            self._checking = asyncio.ensure_future(self.replay_check.tick())

    def _left(self) -> bool:
        """Is anything ready that this Remit can run?"""
        found = self.database.read(lambda c: ready.some(c, READY_SHOWN_MAX))
        apart = self.dispatcher.stuck | self.runs.stranded.keys()
        return any(case_id not in apart and name in self.equipment for case_id, name in found)

    def new_id(self) -> str:
        """Return a new time-ordered id."""
        milliseconds = clock.microseconds(self.now()) // 1000
        return ids.uuid7(milliseconds=milliseconds, random_bytes=self._random_bytes(10))

    # -- parts --------------------------------------------------------------------------------

    def subscribe(self) -> AsyncIterator[tuple[int | None, str, str]]:
        """Yield (position, event, case) after each commit; names only, never content."""
        return self._sighted_only(self._feed.listen())

    async def _sighted_only(
        self, changes: AsyncIterator[tuple[int | None, str, str]]
    ) -> AsyncIterator[tuple[int | None, str, str]]:
        """Leave out what happened at another desk than that of whoever listens."""
        async for change in changes:
            own, case_id = self._people.own(), change[2]
            if own is not None:
                row = await self.read(lambda c, one=case_id: cases.find(c, one))  # type: ignore[misc]  # a default binds the loop's value
                if row is None or row.workflow not in own:
                    continue
            yield change

    def _committed(self, committed: Committed) -> None:
        self.keeper.nudge()
        self._authority.settled()
        for entry in committed.entries:
            self._fresh.committed(entry)
        if committed.ready:
            self.dispatcher.committed(committed.ready)
        self._feed.tell(committed.entries, size=committed.size)

    def _projected(self, uow: UnitOfWork, entry: Entry) -> None:
        if entry.event in TOUCHING:
            self._authority.changing()
        if (woken := projections.project(uow.projected, entry, uow.tally)) is not None:
            uow.ready(woken)
        following.follow(uow, entry, self.keys)

    def _ready(self, connection: Connection, woken: tuple[Ready, ...]) -> None:
        """Queue what became ready, in the transaction in which it did."""
        for case in woken:
            self.dispatcher.wake(connection, case)

    def lane(self, workflow: str) -> LaneSettings | None:
        """Return what is set for the lanes of a workflow, if it is set up here."""
        equipment = self.equipment.get(workflow)
        return None if equipment is None else equipment.lane
