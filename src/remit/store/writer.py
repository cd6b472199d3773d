"""The writer: pieces of work become transactions, and their callers get receipts.

SQLite has one committer that shares a commit among all that waits; on PostgreSQL each piece of
work is a transaction of its own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from remit.domain.clock import Clock
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.journal import JournalPort
from remit.store.lanes import Answer, Lane
from remit.store.ready import Ready
from remit.store.receipt import Committed, Level, Place, Receipt
from remit.store.unit import Projectors, UnitOfWork

__all__ = ["Committed", "Lane", "Level", "Place", "Receipt", "Writer", "open_writer"]

T = TypeVar("T")

OnCommit = Callable[[Committed], None]
OnReady = Callable[[Connection, tuple[Ready, ...]], None]


class Writer(Protocol):
    """Where changes are submitted.

    Functions in `before_commit` are called with `begin`, `unit`, `before-commit`, `after-commit`
    where a crash would hurt most; tests kill the process there.
    """

    before_commit: list[Callable[[str], None]]
    on_commit: OnCommit
    on_ready: OnReady | None

    def submit(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> "Future[Receipt[T]]":
        """Queue a piece of work; the future ends when it is durable, or with what it raised.

        `work` neither waits nor reads a clock, and may be called again from the start. `streams`
        are the cases whose rows it reads before it appends: nobody else writes to them meanwhile.
        Raises `BusyError` when the lane is full, `StorageError` when the writer has ended.
        """

    def tell(
        self,
        work: Callable[[UnitOfWork], Any],
        answer: Answer,
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> None:
        """Queue a piece of work as `submit` does; `answer` is told what the future would be."""

    def run(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> Receipt[T]:
        """Do a piece of work and wait until it is durable."""

    def depth(self, lane: Lane) -> int:
        """Return how many pieces of work wait in a lane."""

    def refuse(self, error: BaseException) -> None:
        """Take nothing more, because of this."""

    def close(self) -> None:
        """Commit what is queued, then end."""


def open_writer(
    database: Database,
    journal: JournalPort,
    projectors: Projectors,
    clock: Clock,
    *,
    on_commit: OnCommit = lambda _: None,
    on_ready: OnReady | None = None,
) -> Writer:
    """Return the writer of a database, which is ready to write.

    `on_commit` is called after the callers have their receipts, from the thread that committed.
    `on_ready` is called before each commit, in its transaction, with the cases that became ready.
    Raises `LedgerMismatchError` where the stored tree is not what its head and checkpoint say.
    """
    if database.dialect == "sqlite":
        from remit.store.committer import Committer

        return Committer(database, journal, projectors, clock, on_commit, on_ready)
    from remit.store.sessions import SessionWriter

    return SessionWriter(database, journal, projectors, clock, on_commit, on_ready)
