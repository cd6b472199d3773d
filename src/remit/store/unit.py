"""A unit of work: entries, their projections and the wakes they cause, or nothing."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from remit.domain.entry import Draft, Entry
from remit.errors import FencedError
from remit.store.connection import Connection
from remit.store.streams import Tails, other_run


class JournalPort(Protocol):
    """What the store asks of the ledger; `remit.ledger.append.Journal` is it."""

    @property
    def now(self) -> datetime | None:
        """Ledger time of the last entry; None in an empty ledger."""

    def start(self, connection: Connection) -> None:
        """Check the stored tree on a fresh connection and begin a writer chain."""

    def opening(self) -> Sequence[Draft]:
        """Return the entries that must come before any other of this connection."""

    def begin(self) -> None:
        """Begin a batch on a copy of the state."""

    def stamp(self, draft: Draft, *, seq: int, now: datetime, connection: Connection) -> Entry:
        """Make the leaf of a draft and seal its payloads."""

    def mark(self) -> object:
        """Return a mark of the batch so far, with everything flushed."""

    def back(self, mark: object) -> None:
        """Forget what was stamped since a mark."""

    def flush(self, connection: Connection) -> None:
        """Insert the rows of what was stamped."""

    def sequence(self, connection: Connection) -> int:
        """Extend and sign the tree by the batch; return its size."""

    def committed(self) -> None:
        """Replace the state by the batch's copy."""

    def kept(self, connection: Connection) -> bool:
        """Is the batch whose commit failed stored all the same?"""

    def abandoned(self) -> None:
        """Drop the batch's copy."""


Projectors = Callable[["UnitOfWork", Entry], None]


class UnitOfWork:
    """What a piece of work may do inside the one transaction; `append` is the way to change."""

    def __init__(
        self,
        connection: Connection,
        journal: JournalPort,
        projectors: Projectors,
        *,
        tails: Tails,
        now: datetime,
    ) -> None:
        self.connection = connection
        self.now = now  # ledger time: never runs back
        self.entries: list[Entry] = []
        self.woken: dict[str, None] = {}
        self._journal = journal
        self._projectors = projectors
        self._tails = tails

    def append(self, draft: Draft) -> Entry:
        """Append an entry as the next of its stream and project it.

        Raises `EntryRefusedError` before any row is written.
        """
        seq = self._tails.last(self.connection, draft.case_id) + 1
        entry = self._journal.stamp(draft, seq=seq, now=self.now, connection=self.connection)
        self._tails.advance(draft.case_id, seq)
        self.entries.append(entry)
        self._projectors(self, entry)
        return entry

    def tail(self, case_id: str) -> int:
        """Return the number of a stream's last entry, 0 for a new one."""
        return self._tails.last(self.connection, case_id)

    def fence(self, case_id: str, seen: int, run: int) -> None:
        """Raise `FencedError` if another run has written to the case after entry `seen`."""
        if self.tail(case_id) <= seen:
            return
        self.flush()
        found = other_run(self.connection, case_id, seen=seen, run=run)
        if found is not None:
            raise FencedError(
                f"run {found[1]} has taken over case `{case_id}` with entry {found[0]}; "
                f"run {run} must stop"
            )

    def ready(self, case_id: str) -> None:
        """Have the case run after the commit."""
        self.woken[case_id] = None

    def flush(self) -> None:
        """Write the rows of appended entries now, so that queries of this unit see them."""
        self._journal.flush(self.connection)
