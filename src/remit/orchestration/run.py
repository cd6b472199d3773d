"""One run of one case: what it has recorded and not yet written, and how it writes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from typing import Any, Protocol

from remit.domain import actor, clock
from remit.domain.action import Witness
from remit.domain.actor import Actor
from remit.domain.entry import Draft, Entry, Event
from remit.domain.frozen import dataclass
from remit.domain.running_event import CancelAsked
from remit.domain.value import Json, encode
from remit.errors import BusyError, FencedError, StorageUnavailableError
from remit.intake.mask import Masker
from remit.ledger.acknowledge import Acknowledger
from remit.orchestration import awaited, replay
from remit.orchestration.equipment import Equipment
from remit.orchestration.replay import History
from remit.orchestration.standing import Authority
from remit.store import approvals, vault, waits
from remit.store import authority as authority_rows
from remit.store.connection import Connection
from remit.store.streams import wrote, wrote_at
from remit.store.unit import UnitOfWork
from remit.store.writer import Lane, Receipt, Writer

OUTCOME_RETRY_SECONDS = 0.2
OUTCOME_RETRY_SECONDS_MAX = 30.0


class Read(Protocol):
    """Reads a snapshot without holding up the event loop."""

    def __call__(self, work: Callable[[Connection], Any], /) -> Awaitable[Any]: ...


# The world has changed: this is written before anything else, and when the disk is full.
OUTCOMES = frozenset(
    f"orchestration:effect:{verb}"
    for verb in (
        "confirmed", "dispatched", "failed", "ambiguous", "reconciled", "compensated",
        "uncompensated",
    )
)  # fmt: skip


def _lane(drafts: Sequence[Draft]) -> Lane:
    return "control" if any(one.event.NAME in OUTCOMES for one in drafts) else "ordinary"


class CaseParked(BaseException):
    """The case waits; unwinds the author's function."""


class CaseCancelled(CaseParked):
    """A person cancelled the case; the author's function is not gone on with."""


class _CancelSeen(Exception):  # noqa: N818 - a sign from inside a unit of work
    """The case was cancelled after this run last wrote; nothing of the unit is kept."""


class Escalated(Exception):  # noqa: N818 - not an error of ours: a person takes the case
    """The case goes to a person."""

    def __init__(self, code: str, note: str) -> None:
        super().__init__(note)
        self.code = code
        self.note = note


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a parked step waits for."""

    kind: str
    ref: str
    expires_us: int | None
    arguments: str | None = None  # of a sleep, as replay compares it
    version: int = 0  # of what may be done, as the gate was told: for an event that lifts a hold


@dataclass(slots=True, kw_only=True)
class Run:
    """Everything that one run of a case holds; it is dropped when the case parks or ends."""

    case_id: str
    equipment: Equipment
    history: History
    masker: Masker
    vault_rows: Callable[[], list[vault.VaultTuple]]
    writer: Writer
    read: Read
    acknowledger: Acknowledger
    keyed: Callable[[bytes], str]  # under the case's key: nothing once that is destroyed
    sealed: Callable[[bytes], str]  # under the key of its values: nothing once one is erased
    shared: Callable[[bytes], str]  # under the service's key: the same in every case
    now: Callable[[], datetime]
    random_number: Callable[[], int]
    new_id: Callable[[], str]
    authority: Authority = field(default_factory=Authority)
    rules: Callable[[Connection, int], Equipment] | None = None  # with the book then in force
    number: int = 0
    seen: int = 0
    live: int = 0  # steps that were taken, not replayed
    faults: int = 0  # runs before this one that failed or died
    began: float = 0.0
    asked: bool = False  # a person cancelled the case
    heeds: bool = False  # whether a write looks for that; the engine's runs do
    apart: str = ""  # the path at which it does something beside the case's runs, no step of it
    over: bool = False  # nothing more is written behind
    performing: int = 0  # effects that are being performed at this moment
    turn: str = ""  # why the turn ends though nothing is waited for: turn | drain
    drafts: list[Draft] = field(default_factory=list)
    waits: dict[str, Wait] = field(default_factory=dict)
    # What the history witnesses, made when a proposal needs it, with how far it went then.
    witnessed: tuple[tuple[int, int], tuple[Witness, ...]] | None = None
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)  # branches pass it one at a time
    _rows: list[vault.VaultTuple] = field(default_factory=list)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _behind: asyncio.Future[Receipt[int]] | None = None
    _soon: asyncio.Handle | None = None
    _nearing: int = 0  # branches whose next write is a moment away
    _kept_back: bool = False  # for one of these

    @property
    def mixed(self) -> bool:
        """Whether the case ran under another version too: no grant was earned by both."""
        return not self.history.versions <= {self.equipment.fingerprint}

    @property
    def carried(self) -> bool:
        """Whether the code that is loaded here may run the case."""
        began = self.history.began
        own = {"", self.equipment.fingerprint, *self.equipment.carries}
        return not self.equipment.pinned or began in own

    def note(
        self,
        event: Event,
        *,
        path: str | None = None,
        payloads: Mapping[str, Json] | None = None,
        by: Actor | None = None,
        on_behalf_of: Actor | None = None,
    ) -> None:
        """Record an entry; it is written with the next write of this run."""
        draft = Draft(
            event=event,
            case_id=self.case_id,
            workflow=self.equipment.name,
            actor=by or actor.workflow(self.equipment.name),
            path=path,
            run=None if self.apart else self.number,
            fingerprint=self.equipment.fingerprint,
            payloads=payloads or {},
            on_behalf_of=on_behalf_of,
        )
        self.drafts.append(draft)
        replay.absorb(self.history, self._as_read(draft))

    def _as_read(self, draft: Draft) -> Entry:
        """Return a draft as replay will see its entry, so that live and replayed runs agree."""
        return Entry(
            id="",
            case_id=self.case_id,
            seq=self.history.seq + 1,
            event=draft.event.NAME,
            body=draft.body,
            actor=draft.actor,
            at_us=clock.microseconds(self.now()),
            workflow=draft.workflow,
            path=draft.path,
            run=draft.run,
            fingerprint=draft.fingerprint,
            payloads=draft.payloads,
        )

    def digest(self, form: Json) -> str:
        """Return the keyed digest under which a value may stand in an entry's body."""
        return self.keyed(encode(form))

    @property
    def writing(self) -> bool:
        """Whether a write is under way."""
        return self._lock.locked() or self._behind is not None

    async def write(self, check: Callable[[UnitOfWork], None] | None = None) -> Receipt[int]:
        """Write all that was recorded, and return the receipt once it is durable.

        `check` runs inside the transaction and may raise; nothing is written then, and what was
        recorded stays recorded. Raises `FencedError` when another run has this case.
        """
        drafts = self._claim()
        async with self._lock:
            try:
                await self._settle()
                rows = self._new_rows()
                receipt = await self._submitted(drafts, rows, check)
            except _CancelSeen as seen:
                self.drafts[:0] = drafts
                self.asked = True
                raise CaseCancelled from seen
            except BaseException:
                self.drafts[:0] = drafts
                raise
            self.seen = receipt.value
            del self._rows[: len(rows)]
            return receipt

    async def _submitted(
        self,
        drafts: tuple[Draft, ...],
        rows: list[vault.VaultTuple],
        check: Callable[[UnitOfWork], None] | None,
    ) -> Receipt[int]:
        """Write; an outcome of an effect is kept and tried again for as long as the process lives.

        What was done in the world must not be forgotten because the database is away.
        """
        pause = OUTCOME_RETRY_SECONDS
        while True:
            try:
                return await awaited.submit(
                    self.writer,
                    lambda uow: self._unit(uow, drafts, rows, check),
                    streams=(self.case_id,),
                    lane=_lane(drafts),
                )
            except (BusyError, StorageUnavailableError):
                if _lane(drafts) == "ordinary":
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, OUTCOME_RETRY_SECONDS_MAX)

    def unwritten_rows(self) -> list[vault.VaultTuple]:
        """Return vault rows that no write has kept."""
        return self._new_rows()

    def write_behind(self) -> None:
        """Submit what was recorded as soon as the run waits for anything; its next write waits.

        Where the next thing that it does is a write of its own, both are one.
        """
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_soon(self._submit_behind)

    @contextmanager
    def nearing_a_write(self) -> Iterator[None]:
        """Keep what is recorded for the write that comes right after what is done in here.

        For a look at our own database only: while others are waited for, nothing is kept back.
        """
        self._nearing += 1
        try:
            yield
        finally:
            self._nearing -= 1
            if self._kept_back and not self._nearing:
                self._kept_back = False
                self.write_behind()  # unless the write comes at once

    def _submit_behind(self) -> None:
        self._soon = None
        before = self._behind
        if self.over or not self.drafts or self._lock.locked():
            return  # there is nothing left, or a write that comes to its end takes the rest
        if self._nearing:
            self._kept_back = True
            return
        if before is not None:
            if not before.done():
                before.add_done_callback(lambda _: self._submit_behind())
                return
            if before.cancelled() or before.exception() is not None:
                return  # the next write says so
            self.seen = before.result().value
        drafts, rows = self._claim(), self._new_rows()
        self._behind = awaited.submit(
            self.writer,
            lambda uow: self._unit(uow, drafts, rows, None),
            streams=(self.case_id,),
            lane=_lane(drafts),
        )
        self._rows.clear()

    def leave(self) -> None:
        """Submit nothing more behind: the run is over."""
        self.over = True
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def withdraw(self, drafts: Sequence[Draft]) -> None:
        """Take back what was recorded and not written."""
        mine = {id(draft) for draft in drafts}
        self.drafts[:] = [draft for draft in self.drafts if id(draft) not in mine]

    def _claim(self) -> tuple[Draft, ...]:
        """Take what is recorded so far for one write: what a branch adds meanwhile is its own."""
        drafts = tuple(self.drafts)
        self.drafts.clear()
        return drafts

    def _new_rows(self) -> list[vault.VaultTuple]:
        """Return vault rows that no write has kept yet."""
        self._rows += self.vault_rows()
        return list(self._rows)

    async def _settle(self) -> None:
        if self._behind is not None:
            pending, self._behind = self._behind, None
            self.seen = (await pending).value

    def _unit(
        self,
        uow: UnitOfWork,
        drafts: tuple[Draft, ...],
        rows: list[vault.VaultTuple],
        check: Callable[[UnitOfWork], None] | None,
    ) -> int:
        if not self.apart:
            uow.fence(self.case_id, self.seen, self.number)
        elif uow.tail(self.case_id) > self.seen and wrote_at(
            uow.connection, self.case_id, self.apart, after=self.seen
        ):
            raise FencedError(f"somebody else is at `{self.apart}` of case `{self.case_id}`")
        if (
            self.heeds
            and uow.tail(self.case_id) > self.seen
            and wrote(uow.connection, self.case_id, CancelAsked.NAME, after=self.seen)
        ):
            raise _CancelSeen
        if check is not None:
            check(uow)
        if rows:
            vault.insert(uow.projected, rows)
        for draft in drafts:
            uow.append(draft)
        return uow.tail(self.case_id)

    def still_waits(self, uow: UnitOfWork) -> bool:
        """Return whether everything this run is about to wait for is still to come."""
        for wait in self.waits.values():
            if wait.kind == "approval":
                row = approvals.find(uow.projected, wait.ref)
                if row is not None and row.state.value != "open":
                    return False
            if wait.kind == waits.LIFT:
                # Nothing lifts it until this is committed; who does later finds the wait.
                authority_rows.keep(uow.projected)
                if authority_rows.version(uow.projected) != wait.version:
                    return False
        return True
