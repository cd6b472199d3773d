"""The sequencer: gives positions to what is committed, one batch of arrivals a transaction.

INVARIANT: arrival is only an order. What saw an entry's commit arrived later, so no outcome gets
a position before its intent (tests/contract/test_sequencer.py).
"""

from collections.abc import Callable
from typing import Final

from remit.errors import (
    ConflictError,
    HeadMovedError,
    LedgerMismatchError,
    UnsafeDatabaseError,
)
from remit.ledger.tree import Tree
from remit.store.connection import Connection, Row
from remit.store.entries import ORDER_PENDING, READ_PENDING

BATCH_ENTRIES_MAX: Final = 4_096


class SteppedDown(Exception):  # noqa: N818 - no error: another sequencer has the log
    """Another sequencer extends the tree; this one must not go on."""


class Sequencer:
    """Extends the tree by pending entries, on a session of its own that holds the lock."""

    def __init__(self, connection: Connection, tree: Tree) -> None:
        self.points: list[Callable[[str], None]] = []
        self._connection = connection
        self._tree = tree
        self._backend = connection.value("SELECT pg_backend_pid()")

    @property
    def size(self) -> int:
        """How many entries have a position."""
        return self._tree.size

    def start(self) -> None:
        """Take the tree up under a new epoch; raises `LedgerMismatchError`."""
        connection = self._connection
        connection.begin(write=True)
        try:
            self._tree.found(connection)
            self._tree.start(connection, alone=False)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()

    def step(self) -> int:
        """Give positions to the next arrivals in one transaction; return to how many.

        Raises `SteppedDown` where another sequencer moved the head, `UnsafeDatabaseError` where
        statements do not reach one session, and `LedgerMismatchError` for a leaf that is gone.
        """
        connection, tree = self._connection, self._tree
        connection.begin(write=True)
        try:
            pending = connection.rows(READ_PENDING, (BATCH_ENTRIES_MAX,))
            if not pending:
                connection.rollback()
                return 0
            self._point("pending")
            self._extend(pending)
            self._point("before-commit")
        except (HeadMovedError, ConflictError) as error:
            self._undo()
            raise SteppedDown from error
        except BaseException:
            self._undo()
            raise
        connection.commit()
        tree.committed()
        self._point("after-commit")
        return len(pending)

    def _extend(self, pending: list[Row]) -> None:
        connection, tree = self._connection, self._tree
        self._same_session()
        if any(digest is None for _, _, _, digest, _, _ in pending):
            raise LedgerMismatchError(
                "an entry that waits for its position is gone; put back the newest copy of "
                "the database"
            )
        arrivals = "{" + ",".join(str(row[0]) for row in pending) + "}"
        if connection.execute(ORDER_PENDING, (arrivals, tree.size)) != len(pending):
            raise SteppedDown
        tree.extend(
            connection,
            [(case_id, seq, digest, at) for _, case_id, seq, digest, at, _ in pending],
            writer_id=pending[-1][5],
            ordered=True,
        )

    def _undo(self) -> None:
        self._tree.abandoned()
        self._connection.rollback()

    def _same_session(self) -> None:
        if self._connection.value("SELECT pg_backend_pid()") != self._backend:
            raise UnsafeDatabaseError(
                "a pooler in transaction mode sits before the database; connect to it directly"
            )

    def _point(self, name: str) -> None:
        for hook in self.points:
            hook(name)
