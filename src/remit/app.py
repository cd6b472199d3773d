"""The composition root: settings and workflows become a running Remit."""

import asyncio
import os
import random as randomness
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from remit.assembly import Assembled, assemble
from remit.domain import actor, clock, ids
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import PHASE_CAP, RISK_CEILING, Level, lowest
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.event import CaseClosed, CaseReopened, Draft, Entry
from remit.domain.value import Json
from remit.errors import NotFoundError, UnknownWorkflowError
from remit.governance import approvals, casebook, inbox
from remit.governance.card import ApprovalView, InboxPage
from remit.governance.owners import Person, require, roles_of
from remit.intake.mask import Masker
from remit.intake.vault import ScopeVault, VaultRow
from remit.ledger import anchor, verify
from remit.ledger import read as record
from remit.ledger.append import Journal
from remit.ledger.seal import KeyRing
from remit.models.choice import Progress
from remit.orchestration import admission, replay
from remit.orchestration.admission import Admission, Admitted, Intake
from remit.orchestration.dispatch import Dispatcher
from remit.orchestration.engine import Engine
from remit.orchestration.equipment import Equipment
from remit.orchestration.executor import Executor
from remit.orchestration.proposals import Proposals
from remit.orchestration.rollback import Rollback
from remit.orchestration.run import Run
from remit.orchestration.steps import Steps
from remit.retrieval import fulltext
from remit.retrieval.retriever import Retriever
from remit.settings import PersonSettings, Project
from remit.store import approvals as approval_rows
from remit.store import authority, cases, passages, projections, proposals, vault
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.unit import UnitOfWork
from remit.store.writer import Committed, Receipt, Writer

T = TypeVar("T")

SUBSCRIBERS_MAX = 64
EVENTS_QUEUED_MAX = 1_000
KNOWN_MAX = 500
OWNER_ROLE = "owner"
READY_SHOWN_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """One action of a workflow and what it may do alone."""

    action: str
    level: str
    ceiling: str
    risk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowView:
    name: str
    phase: str
    owner: str
    actions: tuple[ActionView, ...]
    counts: Mapping[str, int]


class Remit:
    """A running Remit: what pages, endpoints and commands may ask for.

    It hands out no connector and no vault.
    """

    def __init__(
        self,
        *,
        database: Database,
        keys: KeyRing,
        origin: str,
        anchor_path: Path | None,
        assembled: Mapping[str, Assembled],
        people: Mapping[str, PersonSettings],
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        locale: str | None = None,
        zone: str | None = None,
        runs_max: int = 64,
    ) -> None:
        self.database = database
        self.keys = keys
        self.now = now
        self._random_bytes = random_bytes
        self._anchor = anchor_path
        self._people = {
            handle: Person(handle=handle, name=one.name, roles=one.roles, active=one.active)
            for handle, one in people.items()
        }
        self._journal = Journal(keys, origin=origin, ids=self.new_id, random_bytes=random_bytes)
        self._subscribers: set[asyncio.Queue[tuple[int, str, str]]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.writer = Writer(database, self._journal, _projected, now, on_commit=self._committed)
        self._index(assembled)
        self.equipment: dict[str, Equipment] = {
            name: one.equipment(
                Retriever(database.read, one.collections) if one.collections else None
            )
            for name, one in assembled.items()
        }
        self.executor = Executor(
            {key: value for one in assembled.values() for key, value in one.connectors.items()},
            credentials={
                key: value for one in assembled.values() for key, value in one.credentials.items()
            },
            clock=now,
        )
        self.intake = Intake(
            masker=self._new_scope,
            keyed=lambda data: keys.keyed("intake", data),
            new_id=self.new_id,
            now=now,
            locale=locale,
            zone=zone,
        )
        steps = Steps(executor=self.executor)
        self.engine = Engine(
            open_run=self._open_ready,
            steps=steps,
            proposals=Proposals(executor=self.executor, steps=steps, read=self.read),
            jitter=lambda: int.from_bytes(random_bytes(4), "big") / 2**32,
        )
        self.rollback = Rollback(
            executor=self.executor, database=database, open_run=self._open, read=self.read
        )
        self.dispatcher = Dispatcher(
            database=database,
            writer=self.writer,
            drive=self.engine.run,
            now=now,
            runs_max=runs_max,
        )

    # -- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to run cases on this event loop."""
        self._loop = asyncio.get_running_loop()
        await self.dispatcher.start()

    async def stop(self) -> None:
        """Let runs come to a pause and close everything; what is unfinished stays."""
        await self.dispatcher.stop()
        await self.executor.close()
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Close the writer and the database."""
        self.writer.close()
        if self._anchor is not None:
            self.database.read(lambda c: anchor.publish(c, self._anchor, now=self.now()))  # type: ignore[arg-type]  # checked above
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

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read a snapshot; a server is asked from a thread, a file at once."""
        if self.database.dialect == "sqlite":
            return self.database.read(work)
        return await asyncio.to_thread(self.database.read, work)

    async def write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Write one unit of work and wait until it is durable."""
        receipt: Receipt[T] = await asyncio.wrap_future(self.writer.submit(work))
        return receipt.value

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
            self._workflow(workflow), raw, channel=channel, external_id=external_id
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

    def standing(self, case_ids: Sequence[str], /) -> Counter[tuple[str, str]]:
        """Return how many of these cases stand at each (status, reason)."""

        def work(connection: Connection) -> Counter[tuple[str, str]]:
            found = (cases.find(connection, case_id) for case_id in case_ids)
            return Counter((row.status.value, row.reason) for row in found if row is not None)

        return self.database.read(work)

    async def release(
        self, case_id: str, /, *, person: str, corrections: Mapping[str, str]
    ) -> None:
        """Let a quarantined message go on with a person's corrections."""
        roles_of(self._people, person)
        row = self.database.read(lambda c: cases.find(c, case_id))
        if row is None:
            raise NotFoundError(f"there is no case `{case_id}`")
        raw = admission.raw_of(self.database, self.keys, case_id)
        masker, rows = self._scope(case_id)
        event, payloads = self.intake.release(
            self._workflow(row.workflow), raw, corrections, case_id=case_id, masker=masker
        )

        def work(uow: UnitOfWork) -> None:
            admission.require(uow, case_id, CaseStatus.QUARANTINED)
            vault.insert(uow.connection, rows())
            uow.append(
                Draft(
                    event=event,
                    case_id=case_id,
                    workflow=row.workflow,
                    actor=actor.person(person),
                    fingerprint=self._workflow(row.workflow).fingerprint,
                    payloads=payloads,
                )
            )

        await self.write(work)

    async def discard(self, case_id: str, /, *, person: str, reason: str) -> None:
        """Refuse a quarantined message for good."""
        roles_of(self._people, person)
        masked = self._scope(case_id)[0].mask_text(reason, trusted_tokens=True).text
        await self.write(lambda uow: admission.discard(uow, case_id, person=person, reason=masked))

    # -- the desk --------------------------------------------------------------------------------

    def people(self) -> Mapping[str, Person]:
        """Return everybody, by handle."""
        return MappingProxyType(self._people)

    def inbox(
        self,
        *,
        person: str,
        tab: str = "team",
        workflow: str | None = None,
        action: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> InboxPage:
        """Return a page of what waits for people, the next due first."""
        roles = roles_of(self._people, person)
        return self.database.read(
            lambda c: inbox.page(
                c, self.keys, tab=tab, workflow=workflow, action=action, after=after, limit=limit,
                now=self.now(), roles=roles,
            )
        )  # fmt: skip

    def approval(self, approval_id: str, /, *, person: str) -> ApprovalView:
        """Return one approval with its card and what became of it."""
        roles_of(self._people, person)
        return self.database.read(lambda c: self._view(c, approval_id))

    async def decide(
        self,
        approval_id: str,
        /,
        *,
        person: str,
        verdict: Verdict,
        digest: str,
        channel: str = "console",
        edits: Mapping[str, str] | None = None,
        reason: RejectReason | None = None,
        note: str | None = None,
        seconds_open: int | None = None,
    ) -> ApprovalView:
        """Record a person's verdict on exactly what they were shown."""
        roles = roles_of(self._people, person)
        row = self.database.read(lambda c: approval_rows.find(c, approval_id))
        if row is None:
            raise NotFoundError(f"there is no approval `{approval_id}`; look in the inbox")
        masker, rows = self._scope(row.case_id)
        typed: dict[str, Json] = {}
        if verdict is Verdict.EDIT:
            spec = self._workflow(row.workflow).spec(row.action)
            if spec is not None:
                typed = approvals.typed(spec, edits or {})
            masked = masker.mask_json(typed, trusted_tokens=True)
            typed = masked if isinstance(masked, dict) else {}
        said = None if note is None else masker.mask_text(note, trusted_tokens=True).text

        def work(uow: UnitOfWork) -> None:
            vault.insert(uow.connection, rows())
            approvals.decide(
                uow, approval_id, person=person, roles=roles, verdict=verdict, digest=digest,
                channel=channel, edits=typed or None, reason=reason, note=said,
                seconds_open=seconds_open,
            )  # fmt: skip

        await self.write(work)
        return await self.read(lambda c: self._view(c, approval_id))

    async def take_back(self, approval_id: str, /, *, person: str) -> ApprovalView:
        """Take a yes back inside its grace time."""
        roles_of(self._people, person)

        def work(uow: UnitOfWork) -> None:
            row = approval_rows.find(uow.connection, approval_id)
            seconds = 0 if row is None else self._grace(row.workflow, row.action)
            until = approvals.grace_ends(0 if row is None else row.decided_us or 0, seconds)
            approvals.take_back(uow, approval_id, person=person, grace_until=until)

        await self.write(work)
        return await self.read(lambda c: self._view(c, approval_id))

    async def undo(self, action_id: str, /, *, person: str, reason: str) -> str:
        """Undo a confirmed effect on an owner's word; return the undo's action id."""
        require(self._people, person, OWNER_ROLE)
        return await self.rollback.undo(action_id, person=person, reason=reason)

    # -- cases -----------------------------------------------------------------------------------

    def cases(
        self,
        *,
        workflow: str | None = None,
        status: str | None = None,
        after: str | None = None,
        limit: int = 60,
        search: str | None = None,
    ) -> casebook.CasePage:
        """Return cases, newest first."""
        return self.database.read(
            lambda c: casebook.page(
                c, workflow=workflow, status=status, after=after, limit=limit, search=search
            )
        )

    def case(self, case_id: str, /) -> casebook.CaseView:
        """Return one case from message to effect."""

        def work(connection: Connection) -> casebook.CaseView:
            row = cases.find(connection, case_id)
            if row is None:
                raise NotFoundError(f"there is no case `{case_id}`")
            equipment = self.equipment.get(row.workflow)
            actions = {} if equipment is None else equipment.workflow.actions
            specs = {name: declared.spec for name, declared in actions.items()}
            return casebook.view(connection, self.keys, case_id, specs=specs, now=self.now())

        return self.database.read(work)

    def entries(self, case_id: str, /) -> list[Entry]:
        """Return a case's entries with their masked payloads."""
        return self.database.read(lambda c: record.stream(c, self.keys, case_id))

    async def close_case(self, case_id: str, /, *, person: str, note: str) -> None:
        """Close an escalated case that a person has handled."""
        await self._end(case_id, person, note, close=True)

    async def hand_back(self, case_id: str, /, *, person: str, note: str) -> None:
        """Hand an escalated case back to its workflow."""
        await self._end(case_id, person, note, close=False)

    async def _end(self, case_id: str, person: str, note: str, *, close: bool) -> None:
        roles_of(self._people, person)
        masked = self._scope(case_id)[0].mask_text(note, trusted_tokens=True).text

        def work(uow: UnitOfWork) -> None:
            row = admission.require(uow, case_id, CaseStatus.ESCALATED)
            uow.append(
                Draft(
                    event=CaseClosed(outcome=CaseOutcome.HANDLED.value)
                    if close
                    else CaseReopened(reason="handed-back"),
                    case_id=case_id,
                    workflow=row.workflow,
                    actor=actor.person(person),
                    payloads={"result": masked} if close else {"note": masked},
                )
            )

        await self.write(work)

    def quarantine(self, *, after: str | None = None, limit: int = 60) -> casebook.QuarantinePage:
        """Return messages that have no certain reading."""
        return self.database.read(
            lambda c: casebook.quarantine(c, self.keys, after=after, limit=limit)
        )

    # -- the whole -------------------------------------------------------------------------------

    def workflows(self) -> tuple[WorkflowView, ...]:
        """Return every workflow with what it may do alone now."""
        return tuple(
            WorkflowView(
                name=name,
                phase=one.phase.value,
                owner=one.owner,
                actions=tuple(
                    ActionView(
                        action=action,
                        level=lowest(
                            self._granted(name, action),
                            one.ceiling(action),
                            PHASE_CAP[one.phase],
                            RISK_CEILING[declared.spec.risk],
                        ).value,
                        ceiling=lowest(
                            one.ceiling(action), RISK_CEILING[declared.spec.risk]
                        ).value,
                        risk=declared.spec.risk.value,
                    )
                    for action, declared in one.workflow.actions.items()
                ),
                counts=self.database.read(lambda c, n=name: cases.counts(c, n)),  # type: ignore[misc]  # a default binds the loop's value
            )
            for name, one in self.equipment.items()
        )

    def _granted(self, workflow: str, action: str) -> Level:
        """Return the level in force, before phase and ceilings cap it."""
        row = self.database.read(lambda c: authority.grant(c, workflow=workflow, action=action))
        alive = (
            row is not None
            and row.fingerprint == self.equipment[workflow].fingerprint
            and row.expires_us > clock.microseconds(self.now())
        )
        return Level(row.level) if row is not None and alive else Level.APPROVE_EACH

    def counts(self) -> Mapping[str, int]:
        """Return the numbers of the whole; `balance` must read 0."""

        def work(connection: Connection) -> dict[str, int]:
            found = cases.counts(connection)
            total = connection.value("select count(*) from cases")
            now_us = clock.microseconds(self.now())
            ambiguous = connection.value(
                "select count(*) from proposals where state = 'ambiguous'"
            )
            names = ("ready", "parked", "escalated", "quarantined", "closed")
            counted = {name: found.get(name, 0) for name in names}
            return {
                "received": int(total),
                **counted,
                "waiting": approval_rows.count_waiting(connection),
                "overdue": approval_rows.count_waiting(connection, due_before_us=now_us),
                "ambiguous": int(ambiguous),
                "balance": int(total) - sum(counted.values()),
            }

        return self.database.read(work)

    def proposals(self) -> list[tuple[str, str, int]]:
        """Return (action, state, number) of all proposals."""
        return self.database.read(proposals.states)

    def held_codes(self) -> list[tuple[str, int]]:
        """Return (reason codes, number) of what the gate had to say."""
        return self.database.read(proposals.held_codes)

    def results(self, workflow: str | None = None) -> list[tuple[str, str, str, int]]:
        """Return (status, reason, result, number) of all cases."""
        return self.database.read(lambda c: cases.results(c, workflow))

    def verify(self) -> verify.VerifyReport:
        """Judge the whole record; never a bare OK."""
        if self._anchor is not None:
            self.database.read(lambda c: anchor.publish(c, self._anchor, now=self.now()))  # type: ignore[arg-type]  # checked above
        return verify.verify(
            self.database,
            self._journal.vkey,
            payload_keys=self.keys,
            anchors=() if self._anchor is None else (self._anchor,),
        )

    async def subscribe(self) -> AsyncIterator[tuple[int, str, str]]:
        """Yield (position, event, case) after each commit; names only, never content."""
        queue: asyncio.Queue[tuple[int, str, str]] = asyncio.Queue(EVENTS_QUEUED_MAX)
        self._subscribers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._subscribers.discard(queue)

    # -- parts -----------------------------------------------------------------------------------

    def _committed(self, committed: Committed) -> None:
        if committed.ready:
            workflows = {entry.case_id: entry.workflow for entry in committed.entries}
            self.dispatcher.wake(
                tuple((case_id, workflows.get(case_id, "")) for case_id in committed.ready)
            )
        if self._subscribers and self._loop is not None:
            first = committed.size - len(committed.entries)
            told = [
                (first + number, entry.event, entry.case_id)
                for number, entry in enumerate(committed.entries)
            ]
            self._loop.call_soon_threadsafe(self._tell, told)

    def _tell(self, told: list[tuple[int, str, str]]) -> None:
        for queue in list(self._subscribers):
            for one in told:
                if not queue.full():
                    queue.put_nowait(one)

    def _workflow(self, name: str) -> Equipment:
        found = self.equipment.get(name)
        if found is None:
            known = ", ".join(sorted(self.equipment)) or "none"
            raise UnknownWorkflowError(f"there is no workflow `{name}`; there are: {known}")
        return found

    def _grace(self, workflow: str, action: str) -> int:
        equipment = self.equipment.get(workflow)
        spec = None if equipment is None else equipment.spec(action)
        return 0 if equipment is None or spec is None else equipment.grace_seconds(spec)

    def _view(self, connection: Connection, approval_id: str) -> ApprovalView:
        row = approval_rows.find(connection, approval_id)
        equipment = None if row is None else self.equipment.get(row.workflow)
        spec = None if equipment is None or row is None else equipment.spec(row.action)
        return inbox.view(
            connection,
            self.keys,
            approval_id,
            grace_seconds=0 if row is None else self._grace(row.workflow, row.action),
            undoable=spec is not None and spec.undo is not None,
        )

    def _new_scope(self, case_id: str) -> tuple[Masker, Callable[[], list[vault.VaultTuple]]]:
        return self._masker(case_id, [])

    def _scope(self, case_id: str) -> tuple[Masker, Callable[[], list[vault.VaultTuple]]]:
        return self._masker(case_id, self.database.read(lambda c: vault.of_scope(c, case_id)))

    def _masker(
        self, case_id: str, rows: list[vault.VaultTuple]
    ) -> tuple[Masker, Callable[[], list[vault.VaultTuple]]]:
        held = ScopeVault(
            case_id,
            root_key=self.keys.subkey("vault"),
            rows=[
                VaultRow(scope=row[0], token=row[1], type=row[2], index=row[3], sealed=row[4])
                for row in rows
            ],
            random_bytes=self._random_bytes,
        )

        def take() -> list[vault.VaultTuple]:
            return [
                (row.scope, row.token, row.type, row.index, row.sealed)
                for row in held.take_new_rows()
            ]

        return Masker(held), take

    async def _open_ready(self, case_id: str) -> Run | None:
        row = await self.read(lambda c: cases.find(c, case_id))
        if row is None or row.status is not CaseStatus.READY or row.workflow not in self.equipment:
            return None  # a workflow that is not set up here: the case stays ready for one that is
        return await self._open(case_id)

    async def _open(self, case_id: str) -> Run:
        def work(connection: Connection) -> tuple[str, list[Entry], list[vault.VaultTuple]]:
            row = cases.find(connection, case_id)
            if row is None:
                raise NotFoundError(f"there is no case `{case_id}`")
            entries = record.stream(connection, self.keys, case_id, roles=replay.ROLES)
            return row.workflow, entries, vault.of_scope(connection, case_id)

        workflow, entries, rows = await self.read(work)
        masker, take = self._masker(case_id, rows)
        history = replay.fold(entries)
        return Run(
            case_id=case_id,
            equipment=self._workflow(workflow),
            history=history,
            masker=masker,
            vault_rows=take,
            writer=self.writer,
            keyed=lambda data: self.keys.keyed("digest", data),
            now=self.now,
            random_number=lambda: int.from_bytes(self._random_bytes(7), "big") >> 3,
            new_id=self.new_id,
            number=history.seq + 1,
            seen=history.seq,
        )

    def _index(self, assembled: Mapping[str, Assembled]) -> None:
        documents = tuple(one for each in assembled.values() for one in each.documents)
        if documents:
            self.writer.run(lambda uow: fulltext.index(uow.connection, documents))


def _projected(uow: UnitOfWork, entry: Entry) -> None:
    ready = projections.project(uow.connection, entry)
    if ready is not None:
        uow.ready(ready)


def open_remit(
    project: Project,
    *,
    owner: str = "remit",
    read_only: bool = False,
    progress: Progress | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    durability_check: bool = True,
    runs_max: int = 64,
) -> Remit:
    """Open a project's database and put its workflows together.

    Raises the errors of `remit.errors` that name what is wrong with settings, files or database.
    """
    settings = project.settings
    generator = randomness.SystemRandom()
    assembled = {}
    for member in project.workflows:
        one = assemble(
            member,
            people=project.people,
            models_folder=project.path(settings.trained),
            random=generator.random,
            progress=progress,
        )
        assembled[one.workflow.name] = one
    folder = project.path(settings.keys)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = KeyRing.open(folder, random_bytes=random_bytes)
    database = open_database(
        database_url(project),
        schema=(*projections.SCHEMA, *passages.SCHEMA),
        read_only=read_only,
        owner=owner,
        durability_check=durability_check,
        clock=now,
    )
    try:
        return Remit(
            database=database,
            keys=keys,
            origin=settings.origin,
            anchor_path=anchor_path(project, keys),
            assembled=assembled,
            people=project.people,
            now=now,
            random_bytes=random_bytes,
            locale=settings.locale,
            zone=settings.zone,
            runs_max=runs_max,
        )
    except BaseException:
        database.close()
        raise


def database_url(project: Project) -> str:
    """Return the database's address, with a relative file taken from the project's folder."""
    url = project.settings.database
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        path = project.path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{path}"
    return url


def anchor_path(project: Project, keys: KeyRing) -> Path:
    """Return the anchor file: outside the data folder unless the settings say where."""
    if project.settings.anchor is not None:
        return project.path(project.settings.anchor)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "remit" / f"{keys.id}.anchor"
