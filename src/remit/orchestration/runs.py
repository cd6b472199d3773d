"""Opening a case for a run: its entries folded, its masker, its place in the record."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from remit.domain import clock
from remit.domain.actor import service
from remit.domain.case import CaseStatus
from remit.domain.entry import Draft, Entry
from remit.domain.event import CaseEscalated
from remit.errors import NotFoundError, PayloadErasedError, UnknownWorkflowError
from remit.intake.mask import Masker
from remit.ledger import read as record
from remit.ledger.acknowledge import Acknowledger
from remit.ledger.keys import KeyRing
from remit.orchestration import replay, scopes
from remit.orchestration.equipment import Equipment
from remit.orchestration.fresh import Fresh, FreshCase
from remit.orchestration.run import Read, Run
from remit.orchestration.scopes import NewRows, NewScope, Scope
from remit.orchestration.shelf import Shelf
from remit.orchestration.standing import Authority
from remit.store import cases, ready
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

ERASED = "erased"
NO_HANDLER = "no-handler"
STRANDED_SECONDS = 60  # ready for so long, and no code here may run it
STRANDED_MAX = 10_000
NO_HANDLER_PAGE = 500

_Loaded = tuple[list[Entry], Scope]

log = logging.getLogger("remit.runs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Opens runs and scopes of one installation."""

    database: Database
    keys: KeyRing
    writer: Writer
    equipment: Mapping[str, Equipment]
    shelf: Shelf
    read: Read
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    random_bytes: Callable[[int], bytes]
    fresh: Fresh = field(default_factory=Fresh)
    authority: Authority = field(default_factory=Authority)
    alone: bool = False  # no other process writes
    stranded: dict[str, bool] = field(default_factory=dict)  # pinned elsewhere; True: for too long
    acknowledger: Acknowledger = field(default_factory=Acknowledger)

    async def ready(self, case_id: str) -> Run | None:
        """Open a case that is ready; `None` for one that is not, or not for this installation."""
        fresh = self.fresh.take(case_id)
        if fresh is not None and fresh.entry is not None and self.alone:
            # Whatever is written is told to `fresh`: nothing has come since, or it comes right now
            # and the run's first write sees it.
            return self._run(case_id, fresh.entry.workflow, [fresh.entry], fresh)
        seq = None if fresh is None or fresh.entry is None else fresh.entry.seq

        def look(connection: Connection) -> tuple[ready.Standing, _Loaded | None] | None:
            row = ready.standing(connection, case_id)
            if row is None or row.status is not CaseStatus.READY:
                return None
            if row.workflow not in self.equipment:
                return None  # not set up here: the case stays ready for where it is
            self.shelf.look(connection, row.workflow)
            return row, None if row.seq == seq else self._load(connection, case_id)

        try:
            found = await self.read(look)
        except PayloadErasedError:
            await asyncio.wrap_future(
                self.writer.submit(lambda uow: _escalate(uow, case_id, ERASED), streams=(case_id,))
            )
            return None
        if found is None:
            return None
        row, loaded = found
        if loaded is not None:
            run = self._opened(case_id, row.workflow, loaded)
        elif fresh is not None and fresh.entry is not None:
            run = self._run(case_id, row.workflow, [fresh.entry], fresh)
        else:
            return None
        run.faults, run.asked = row.faults, row.asked
        return run

    async def carried(self, case_id: str) -> Run | None:
        """Open a case that is ready and that the code loaded here may run."""
        run = await self.ready(case_id)
        if run is None or run.carried:
            self.stranded.pop(case_id, None)
            return run
        row = await self.read(lambda c: cases.find(c, case_id))
        if row is not None:
            self._strand(row, late=row.changed_us <= self._too_long_ago())
        return None

    def without_handler(self) -> int:
        """Hand cases to a person whose workflow nobody has run for a minute; return how many."""
        known = tuple(self.equipment)
        found = self.database.read(
            lambda c: cases.ready_of_others(c, known, self._too_long_ago(), NO_HANDLER_PAGE)
        )
        for case_id in found:
            self.writer.submit(
                lambda uow, one=case_id: _escalate(uow, one, NO_HANDLER),  # type: ignore[misc]  # a default binds the loop's value
                lane="control",
                streams=(case_id,),
            )
        return len(found)

    def _too_long_ago(self) -> int:
        return clock.microseconds(self.now()) - STRANDED_SECONDS * 1_000_000

    def _strand(self, row: cases.CaseRow, *, late: bool) -> None:
        """Leave a case for a worker with its version; raise the alarm when none comes."""
        if self.stranded.get(row.case_id) is True or len(self.stranded) >= STRANDED_MAX:
            return
        self.stranded[row.case_id] = late
        if late:
            log.error(
                "stranded: case %s of `%s` is pinned to version %s, which no worker here carries; "
                'start one with the old code, or set `in_flight = "follow"`',
                row.case_id, row.workflow, row.version[:12],
            )  # fmt: skip

    async def open(self, case_id: str) -> Run:
        """Open a case in whatever state; raises `NotFoundError`."""

        def look(connection: Connection) -> tuple[str, _Loaded]:
            row = cases.find(connection, case_id)
            if row is None:
                raise NotFoundError(f"there is no case `{case_id}`")
            if row.workflow in self.equipment:
                self.shelf.look(connection, row.workflow)
            return row.workflow, self._load(connection, case_id)

        workflow, loaded = await self.read(look)
        return self._opened(case_id, workflow, loaded)

    async def open_apart(self, case_id: str, path: str) -> Run:
        """Open a case for what is done at one path beside its runs; raises `NotFoundError`."""
        run = await self.open(case_id)
        run.apart = path
        return run

    def _load(self, connection: Connection, case_id: str) -> _Loaded:
        """Return what a run of a case begins with, as one snapshot has it."""
        entries = record.stream(connection, self.keys, case_id, roles=replay.ROLES)
        return entries, scopes.read(connection, self.keys, case_id, content_opened=True)

    def _opened(self, case_id: str, workflow: str, loaded: _Loaded) -> Run:
        entries, scope = loaded
        masker, take = self._masker(scope)
        return self._run(
            case_id, workflow, entries, FreshCase(masker, take, scope.key, scope.originals)
        )

    def _run(self, case_id: str, workflow: str, entries: list[Entry], scope: FreshCase) -> Run:
        history = replay.fold(entries)
        return Run(
            case_id=case_id,
            equipment=self.workflow(workflow),
            history=history,
            masker=scope.masker,
            vault_rows=scope.rows,
            writer=self.writer,
            read=self.read,
            acknowledger=self.acknowledger,
            keyed=scope.key.digester(),
            sealed=scope.originals.digester(),
            shared=lambda data: self.keys.keyed("digest", data),
            now=self.now,
            random_number=lambda: int.from_bytes(self.random_bytes(7), "big") >> 3,
            new_id=self.new_id,
            authority=self.authority,
            rules=partial(self._in_force, workflow),
            number=history.seq + 1,
            seen=history.seq,
        )

    def _in_force(self, workflow: str, connection: Connection, version: int) -> Equipment:
        return self.shelf.at(connection, workflow, version)

    def workflow(self, name: str) -> Equipment:
        """Return a workflow by name; raises `UnknownWorkflowError` naming those there are."""
        found = self.equipment.get(name)
        if found is None:
            known = ", ".join(sorted(self.equipment)) or "none"
            raise UnknownWorkflowError(f"there is no workflow `{name}`; there are: {known}")
        return found

    def new_scope(self, case_id: str) -> NewScope:
        """Return the scope of a case that begins, under fresh keys."""
        key, originals = self.keys.draw(), self.keys.draw()
        masker, rows = self._masker(Scope(case_id=case_id, key=key, originals=originals, rows=[]))
        self.fresh.scope(case_id, FreshCase(masker, rows, key, originals))
        return NewScope(masker=masker, rows=rows, key=key.id, originals=originals.id)

    def scope(self, case_id: str) -> tuple[Masker, NewRows]:
        """Return the masker of a case that is there."""
        return self._masker(self.database.read(lambda c: scopes.read(c, self.keys, case_id)))

    def _masker(self, scope: Scope) -> tuple[Masker, NewRows]:
        return scopes.opened(scope, self.keys, random_bytes=self.random_bytes)


def _escalate(uow: UnitOfWork, case_id: str, code: str) -> None:
    """Hand a case to a person that cannot be run: erased content, or no workflow of its name."""
    row = cases.find(uow.connection, case_id)
    if row is not None and row.status is CaseStatus.READY:
        uow.append(
            Draft(
                event=CaseEscalated(code=code),
                case_id=case_id,
                workflow=row.workflow,
                actor=service("replay"),
            )
        )
