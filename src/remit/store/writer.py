"""The one writer: pieces of work become units, units become batches, a batch is one commit."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, TypeVar

from remit.domain.clock import Clock
from remit.domain.entry import Entry
from remit.errors import (
    BusyError,
    LedgerMismatchError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.streams import Tails
from remit.store.unit import JournalPort, Projectors, UnitOfWork

T = TypeVar("T")
Lane = Literal["ordinary", "control"]

BATCH_UNITS_MAX: Final = 512
LANE_UNITS_MAX: Final[dict[Lane, int]] = {"ordinary": 8192, "control": 2048}

_log = logging.getLogger("remit.store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Generic[T]):
    """What a committed unit returns; `size` is that of the signed tree that holds its entries."""

    value: T
    entries: tuple[tuple[str, int], ...]  # case id and seq
    size: int
    level: Literal["sequenced"] = "sequenced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A batch that is durable: its entries in order, and the cases that became ready."""

    entries: tuple[Entry, ...]
    ready: tuple[str, ...]
    size: int


@dataclass(slots=True)
class _Unit:
    work: Callable[[UnitOfWork], Any]
    future: "Future[Any]"
    done: UnitOfWork | None = None
    value: Any = None
    error: BaseException | None = None


@dataclass(slots=True)
class _Lanes:
    ordinary: deque[_Unit] = field(default_factory=deque)
    control: deque[_Unit] = field(default_factory=deque)


class Writer:
    """One committer thread that owns the writing connection.

    `on_commit` is called in that thread after the callers have their receipts. Functions in
    `before_commit` are called with `begin`, `unit`, `before-commit`, `after-commit` where a crash
    would hurt most; tests kill the process there.
    """

    def __init__(
        self,
        database: Database,
        journal: JournalPort,
        projectors: Projectors,
        clock: Clock,
        on_commit: Callable[[Committed], None] = lambda _: None,
    ) -> None:
        self.before_commit: list[Callable[[str], None]] = []
        self._database = database
        self._journal = journal
        self._projectors = projectors
        self._clock = clock
        self._on_commit = on_commit
        self._tails = Tails()
        self._lanes = _Lanes()
        self._wake = threading.Condition()
        self._closing = False
        self._dead: BaseException | None = None
        self._size = 0
        self._connection: Connection | None = self._connect()
        self._thread = threading.Thread(target=self._run, name="remit-writer", daemon=True)
        self._thread.start()

    def submit(
        self, work: Callable[[UnitOfWork], T], *, lane: Lane = "ordinary"
    ) -> "Future[Receipt[T]]":
        """Queue a piece of work; the future ends when it is durable, or with what it raised.

        `work` neither waits nor reads a clock, and may be called again from the start. Raises
        `BusyError` when the lane is full, `StorageError` when the writer has ended.
        """
        future: Future[Receipt[T]] = Future()
        with self._wake:
            if self._dead is not None or self._closing:
                raise StorageError("the writer has ended; start Remit again") from self._dead
            queue = self._lanes.control if lane == "control" else self._lanes.ordinary
            if len(queue) >= LANE_UNITS_MAX[lane]:
                raise BusyError(f"{len(queue)} writes are waiting already; try again in a second")
            queue.append(_Unit(work, future))
            self._wake.notify()
        return future

    def run(self, work: Callable[[UnitOfWork], T], *, lane: Lane = "ordinary") -> Receipt[T]:
        """Do a piece of work and wait until it is durable."""
        return self.submit(work, lane=lane).result()

    def close(self) -> None:
        """Commit what is queued, then end the committer and its connection."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    # -- the committer thread --------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while units := self._take():
                self._batch(units)
        except BaseException as error:  # noqa: BLE001 - whatever ended us, callers must hear of it
            self._die(error, [])
        finally:
            if self._connection is not None:
                self._connection.close()

    def _take(self) -> list[_Unit]:
        """Wait for work; return at most one batch, the control lane first, empty to end."""
        with self._wake:
            lanes = self._lanes
            while not (lanes.control or lanes.ordinary):
                if self._closing:
                    return []
                self._wake.wait()
            units: list[_Unit] = []
            for queue in (lanes.control, lanes.ordinary):
                while queue and len(units) < BATCH_UNITS_MAX:
                    unit = queue.popleft()
                    if unit.future.set_running_or_notify_cancel():
                        units.append(unit)
            # Everything taken may have been cancelled: an idle batch keeps the loop going.
            return units or [_idle()]

    def _batch(self, units: list[_Unit]) -> None:
        try:
            committed = self._transact(units)
        except LedgerMismatchError as error:
            self._die(error, units)
            raise
        except Exception as error:  # noqa: BLE001 - each caller gets it
            self._fail(units, error)
            return
        except BaseException as error:
            self._die(error, units)
            raise
        self._resolve(units)
        try:
            self._on_commit(committed)
        except Exception:  # noqa: BLE001 - the batch is durable whatever follows
            _log.exception("what should follow a commit failed; the sweep will find the cases")
        connection = self._connection
        if connection is not None:
            self._database.maintain(connection)

    def _transact(self, units: list[_Unit]) -> Committed:
        connection = self._connection or self._connect()
        self._connection = connection
        self._point("begin")
        try:
            self._journal.begin()
            connection.begin(write=True)
            opening = self._opening(connection)
            for unit in units:
                self._one(connection, unit)
            self._size = self._journal.sequence(connection)
            self._point("before-commit")
        except BaseException:
            self._lose(connection)
            raise
        self._commit(connection)
        self._point("after-commit")
        entries = list(opening)
        ready: dict[str, None] = {}
        for unit in units:
            if unit.done is not None:
                entries.extend(unit.done.entries)
                ready.update(unit.done.woken)
        return Committed(entries=tuple(entries), ready=tuple(ready), size=self._size)

    def _opening(self, connection: Connection) -> list[Entry]:
        drafts = self._journal.opening()
        if not drafts:
            return []
        uow = self._unit(connection)
        made = [uow.append(draft) for draft in drafts]
        uow.flush()
        self._tails.keep()
        return made

    def _one(self, connection: Connection, unit: _Unit) -> None:
        """Run one unit in a savepoint; its own error stays its own."""
        mark = self._journal.mark()
        uow = self._unit(connection)
        connection.execute("SAVEPOINT unit")
        try:
            unit.value = unit.work(uow)
            uow.flush()
        except (StorageFullError, StorageUnavailableError):
            raise
        except Exception as error:  # noqa: BLE001 - it goes to its caller unchanged
            connection.execute("ROLLBACK TO SAVEPOINT unit")
            self._journal.back(mark)
            self._tails.undo()
            unit.error = error
        else:
            self._tails.keep()
            unit.done = uow
        connection.execute("RELEASE SAVEPOINT unit")
        self._point("unit")

    def _unit(self, connection: Connection) -> UnitOfWork:
        wall, last = self._clock(), self._journal.now
        now = wall if last is None or wall > last else last
        return UnitOfWork(connection, self._journal, self._projectors, tails=self._tails, now=now)

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except StorageError as error:
            # The truth is unknown: look on a fresh connection.
            self._connection = None
            connection.close()
            fresh = self._database.writer()
            try:
                kept = self._journal.kept(fresh)
            finally:
                fresh.close()
            if not kept:
                self._journal.abandoned()
                self._tails.forget()
                raise StorageUnavailableError(
                    f"the commit failed and nothing of it was kept ({error}); try again"
                ) from error
        self._journal.committed()

    def _lose(self, connection: Connection) -> None:
        """Drop the batch; a connection that cannot even roll back is dropped with it."""
        self._journal.abandoned()
        self._tails.forget()
        try:
            connection.rollback()
        except StorageError:
            self._connection = None
            connection.close()

    def _connect(self) -> Connection:
        connection = self._database.writer()
        try:
            self._journal.start(connection)
        except BaseException:
            connection.close()
            raise
        self._tails.forget()
        return connection

    # -- answers ---------------------------------------------------------------------------------

    def _resolve(self, units: list[_Unit]) -> None:
        for unit in units:
            if unit.done is None:
                unit.future.set_exception(unit.error or StorageError("the unit never ran"))
            else:
                numbers = tuple((entry.case_id, entry.seq) for entry in unit.done.entries)
                unit.future.set_result(Receipt(value=unit.value, entries=numbers, size=self._size))

    def _fail(self, units: list[_Unit], error: BaseException) -> None:
        for unit in units:
            try:
                unit.future.set_exception(unit.error or error)
            except InvalidStateError:
                continue  # it was answered before the trouble

    def _die(self, error: BaseException, units: list[_Unit]) -> None:
        with self._wake:
            self._dead = error
            waiting = [*self._lanes.control, *self._lanes.ordinary]
            self._lanes = _Lanes()
        ended = StorageError(f"the writer ended ({error}); start Remit again")
        ended.__cause__ = error
        self._fail([*units, *waiting], ended)

    def _point(self, name: str) -> None:
        for hook in self.before_commit:
            hook(name)


def _idle() -> _Unit:
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return _Unit(lambda _: None, future)
