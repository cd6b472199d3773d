"""SQLite: one thread owns the writing connection, and all that waits shares its next commit."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from remit.domain.clock import Clock
from remit.domain.entry import Entry
from remit.errors import (
    FencedError,
    LedgerMismatchError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from remit.store import entries
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.journal import ChainPort, JournalPort, Written, prover
from remit.store.lanes import Answer, Lane, Lanes, Unit
from remit.store.ready import Ready
from remit.store.receipt import Committed, Place, Receipt
from remit.store.streams import KnownTails
from remit.store.tally import Tally
from remit.store.unit import Projectors, UnitOfWork

T = TypeVar("T")

BATCH_UNITS_MAX: Final = 512
BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
ROOM_SECONDS: Final = 1.0  # between two looks whether there is room again

_log = logging.getLogger("remit.store")


@dataclass(slots=True)
class _Done:
    """A unit that ran in the batch: its result, and what it wrote; or its own error."""

    unit: Unit
    first: int  # number of its first entry in the batch
    value: Any = None
    error: Exception | None = None
    uow: UnitOfWork | None = None

    def of(self, written: Sequence[Written]) -> Sequence[Written]:
        """Return what of a batch this unit wrote."""
        return written[self.first : self.first + (len(self.uow.entries) if self.uow else 0)]


@dataclass(slots=True)
class _Kept:
    """A batch that is durable: what it wrote, and from which position on."""

    committed: Committed
    written: Sequence[Written] = ()
    first: int = 0


class Committer:
    """The writer of a SQLite file; see `remit.store.writer.Writer`."""

    def __init__(
        self,
        database: Database,
        journal: JournalPort,
        projectors: Projectors,
        clock: Clock,
        on_commit: Callable[[Committed], None],
        on_ready: Callable[[Connection, tuple[Ready, ...]], None] | None,
    ) -> None:
        self.before_commit: list[Callable[[str], None]] = []
        self.on_commit = on_commit
        self.on_ready = on_ready
        self._database = database
        self._journal = journal
        self._projectors = projectors
        self._clock = clock
        self._prover = prover(database.read, journal)
        self._tails = KnownTails()
        self._tally = Tally()
        self._full = False
        self._looked = 0.0
        self._lanes = Lanes()
        self._now = clock()
        self._chain: ChainPort | None = None
        self._connection: Connection | None = None
        self._connect()
        self._thread = threading.Thread(target=self._run, name="remit-writer", daemon=True)
        self._thread.start()

    def submit(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> "Future[Receipt[T]]":
        """Queue a piece of work; there is one writer, so every stream is its own already."""
        future: Future[Receipt[T]] = Future()
        self.tell(work, future, lane=lane, streams=streams)
        return future

    def tell(
        self,
        work: Callable[[UnitOfWork], Any],
        answer: Answer,
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> None:
        """Queue a piece of work; `answer` is told instead of a future."""
        if self._full and lane == "ordinary":
            self._refuse_when_full()
        self._lanes.put(Unit(work, answer, lane, streams))

    def run(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> Receipt[T]:
        """Do a piece of work and wait until it is durable."""
        return self.submit(work, lane=lane, streams=streams).result()

    def depth(self, lane: Lane) -> int:
        """Return how many pieces of work wait in a lane."""
        return self._lanes.depth(lane)

    def refuse(self, error: BaseException) -> None:
        """Take nothing more, because of this."""
        self._answer_all(self._lanes.end(error), error)

    def close(self) -> None:
        """Commit what is queued, then end the committer and its connection."""
        self._lanes.close()
        self._thread.join()

    # -- the committer thread --------------------------------------------------------------------

    def _run(self) -> None:
        waiting: deque[Unit] = deque()
        try:
            while True:
                self._take(waiting)
                if not waiting:
                    return
                self._batch(waiting)
        except BaseException as error:  # noqa: BLE001 - whatever ended us, callers must hear of it
            self._answer_all([*waiting, *self._lanes.end(error)], error)
        finally:
            if self._connection is not None:
                self._connection.close()

    def _take(self, waiting: deque[Unit]) -> None:
        """Fill up a batch, the control lane first; wait where there is nothing to do."""
        lanes = self._lanes
        with lanes.changed:
            while True:
                waiting.extend(lanes.take(BATCH_UNITS_MAX - len(waiting)))
                if waiting or lanes.closing or lanes.ended is not None:
                    return
                lanes.changed.wait()

    def _batch(self, waiting: deque[Unit]) -> None:
        """Commit as many units as fit; what is left of them waits for the next batch."""
        done: list[_Done] = []
        try:
            kept = self._kept(waiting, done)
        except LedgerMismatchError:
            raise
        except StorageFullError as error:
            self._make_room(waiting, error)
            return
        except Exception as error:  # noqa: BLE001 - each caller gets it
            for unit in waiting:
                unit.fail(error)
            waiting.clear()
            return
        for _ in done:
            waiting.popleft()
        self._resolve(done, kept)
        try:
            self.on_commit(kept.committed)
        except Exception:  # noqa: BLE001 - the batch is durable whatever follows
            _log.exception("what should follow a commit failed; the sweep will find the cases")
        if self._connection is not None:
            self._database.maintain(self._connection)

    def _make_room(self, waiting: deque[Unit], error: StorageFullError) -> None:
        """Fail what a full disk cannot take; free the reserve for what must still be written."""
        freed = self._database.free_reserve()
        urgent = [unit for unit in waiting if freed and unit.lane == "control"]
        for unit in waiting:
            if unit not in urgent:
                unit.fail(error)
        waiting.clear()
        waiting.extend(urgent)
        if freed:
            self._full = True
            _log.critical("the disk is full: only outcomes, stops and votes are written now")

    def _refuse_when_full(self) -> None:
        """Raise while there is no room but for what must be written; look once a second."""
        now = time.monotonic()
        if now - self._looked >= ROOM_SECONDS:
            self._looked = now
            if self._database.arm_reserve():
                self._full = False
                return
        raise StorageFullError("the disk is full; free some space, then send this again")

    def _kept(self, waiting: deque[Unit], done: list[_Done]) -> _Kept:
        """Commit a batch; where its commit left no trace, submit it once more."""
        try:
            return self._transact(waiting, done)
        except _NotKeptError as error:
            for one in error.fenced:
                waiting.remove(one)
                one.fail(FencedError("another entry stands where this write should; read it"))
            if not waiting:
                return _Kept(Committed(entries=(), ready=(), size=self._journal.committed()))
        done.clear()
        return self._transact(waiting, done)

    def _transact(self, waiting: Sequence[Unit], done: list[_Done]) -> _Kept:
        """Run and commit units in order until a batch is full; `done` gets those that ran."""
        connection, chain = self._connect()
        self._point("begin")
        try:
            chain.begin()
            self._tally = Tally()
            self._tails.trim()
            connection.begin(write=True)
            self._now = self._journal.time(self._clock())  # all of them were queued before
            opened = self._open_chain(connection, chain)
            written = chain.written
            for unit in waiting:
                done.append(one := _Done(unit, len(written)))
                self._one(connection, chain, one)
                if chain.bytes >= BATCH_BYTES_MAX:
                    break
            chain.flush(connection)
            self._tally.write(connection)
            first = self._journal.sequence(connection, chain)
            self._point("before-commit")
        except BaseException:
            self._lose(connection, chain)
            raise
        size = self._commit(connection, chain, done)
        self._point("after-commit")
        made = list(opened)
        ready: dict[str, Ready] = {}
        for one in done:
            if one.uow is not None:
                made += one.uow.entries
                ready |= one.uow.woken
        committed = Committed(entries=tuple(made), ready=tuple(ready.values()), size=size)
        return _Kept(committed, written, first)

    def _open_chain(self, connection: Connection, chain: ChainPort) -> list[Entry]:
        if chain.number:
            return []
        uow = self._unit(connection, chain, savepoint="")
        for draft in chain.opening(first=uow.tail(chain.stream) == 0):
            uow.append(draft)
        self._tails.keep()
        return uow.entries

    def _one(self, connection: Connection, chain: ChainPort, one: _Done) -> None:
        """Run one unit, in a savepoint where it writes rows; its own error stays its own."""
        mark, counted = chain.mark(), self._tally.mark()
        uow = self._unit(connection, chain, savepoint="SAVEPOINT unit")
        try:
            one.value = one.unit.work(uow)
            if self.on_ready is not None and uow.woken:
                self.on_ready(uow.projected, tuple(uow.woken.values()))
        except (StorageFullError, StorageUnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - it goes to its caller unchanged
            if uow.touched:
                connection.execute("ROLLBACK TO SAVEPOINT unit")
            chain.back(mark)
            self._tally.back(counted)
            self._tails.undo()
            one.error = error
        else:
            self._tails.keep()
            one.uow = uow
        if uow.touched:
            connection.execute("RELEASE SAVEPOINT unit")
        self._point("unit")

    def _unit(self, connection: Connection, chain: ChainPort, *, savepoint: str) -> UnitOfWork:
        return UnitOfWork(
            connection,
            chain,
            self._projectors,
            tails=self._tails,
            now=self._now,
            tally=self._tally,
            savepoint=savepoint,
        )

    def _commit(self, connection: Connection, chain: ChainPort, done: Sequence[_Done]) -> int:
        """Make the batch durable; return the size of the tree.

        Where COMMIT fails the truth is unknown: a fresh connection checks the tree and looks up
        what each unit wrote. Raises `_NotKeptError` where nothing of it is there.
        """
        try:
            connection.commit()
        except StorageError as error:
            batch = list(chain.written)
            chain.abandoned()
            self._journal.abandoned()
            self._drop(connection)
            fresh, _ = self._connect()
            if entries.found(fresh, batch) != "there":
                lost = _NotKeptError(f"the commit failed and was not kept ({error}); try again")
                lost.fenced = [
                    one.unit for one in done if entries.found(fresh, one.of(batch)) == "no"
                ]
                raise lost from error
            return self._journal.committed()  # the tree that was found is the one of this batch
        chain.committed()
        return self._journal.committed()

    def _lose(self, connection: Connection, chain: ChainPort) -> None:
        """Drop the batch; a connection that cannot even roll back is dropped with it."""
        chain.abandoned()
        self._journal.abandoned()
        self._tails.forget()
        try:
            connection.rollback()
        except StorageError:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        self._connection = None
        self._tails.forget()
        connection.close()

    def _connect(self) -> tuple[Connection, ChainPort]:
        """Return the connection and its chain; a new one begins with the startup check."""
        if self._connection is not None and self._chain is not None:
            return self._connection, self._chain
        connection = self._database.writer()
        try:
            follows = self._journal.start(connection)
        except BaseException:
            connection.close()
            raise
        self._tails.forget()
        self._connection, self._chain = connection, self._journal.chain(follows)
        return connection, self._chain

    # -- answers ---------------------------------------------------------------------------------

    def _resolve(self, done: Sequence[_Done], kept: _Kept) -> None:
        size = kept.committed.size or 0
        for one in done:
            if one.uow is None:
                one.unit.fail(one.error or StorageError("the unit never ran"))
                continue
            written, first = one.of(kept.written), kept.first + one.first
            one.unit.succeed(
                Receipt(
                    value=one.value,
                    entries=tuple([(case_id, seq) for case_id, seq, _, _ in written]),
                    hashes=tuple([digest for _, _, digest, _ in written]),
                    place=Place(positions=tuple(range(first, first + len(written))), size=size),
                    prover=self._prover,
                )
            )
        for one in done:
            one.unit.deliver()

    def _answer_all(self, units: Sequence[Unit], error: BaseException) -> None:
        ended = StorageError(f"the writer ended ({error}); start Remit again")
        ended.__cause__ = error
        for unit in units:
            unit.fail(ended)

    def _point(self, name: str) -> None:
        for hook in self.before_commit:
            hook(name)


class _NotKeptError(StorageUnavailableError):
    """The commit failed, and nothing of it was kept; the fenced found others in their place."""

    fenced: Sequence[Unit] = ()
