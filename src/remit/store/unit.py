"""A unit of work: entries, their projections and the wakes they cause, or nothing."""

from collections.abc import Callable
from datetime import datetime

from remit.domain.entry import Draft, Entry
from remit.errors import FencedError
from remit.store import locks
from remit.store.connection import Connection
from remit.store.journal import ChainPort
from remit.store.ready import Ready
from remit.store.streams import Tails, other_run
from remit.store.tally import Tally

Projectors = Callable[["UnitOfWork", Entry], None]


class UnitOfWork:
    """What a piece of work may do inside the one transaction; `append` is the way to change.

    On PostgreSQL others write at the same time. Who decides on rows of a case locks its stream
    before reading them (`submit(…, streams=…)` or `lock`), and holds the name of anything else
    that must not change under it (`hold`).
    """

    __slots__ = (
        "_chain", "_connection", "_projectors", "_savepoint", "_tails", "entries", "now", "tally",
        "touched", "woken",
    )  # fmt: skip

    def __init__(
        self,
        connection: Connection,
        chain: ChainPort,
        projectors: Projectors,
        *,
        tails: Tails,
        now: datetime,
        tally: Tally,
        savepoint: str = "",
    ) -> None:
        self.touched = False  # whether rows were asked for, and the savepoint made before
        self.tally = tally  # of the transaction: rows of counters lack what it has
        self.now = now  # ledger time: never runs back
        self.entries: list[Entry] = []
        self.woken: dict[str, Ready] = {}
        self._connection = connection
        self._savepoint = savepoint
        self._chain = chain
        self._projectors = projectors
        self._tails = tails

    @property
    def connection(self) -> Connection:
        """The transaction, with everything in it that was appended so far."""
        self.flush()
        return self.projected

    @property
    def projected(self) -> Connection:
        """The transaction for rows of nouns: it may lack entries, payloads and counts."""
        if not self.touched:
            self.touched = True
            if self._savepoint:
                self._connection.execute(self._savepoint)
        return self._connection

    def append(self, draft: Draft) -> Entry:
        """Append an entry as the next of its stream and project it.

        Raises `EntryRefusedError` before any row is written.
        """
        seq = self.tail(draft.case_id) + 1
        entry = self._chain.stamp(draft, seq=seq, now=self.now, connection=self._connection)
        self._tails.advance(draft.case_id, seq)
        self.entries.append(entry)
        self._projectors(self, entry)
        return entry

    def tail(self, case_id: str) -> int:
        """Lock a stream; return the number of its last entry, 0 for a new one."""
        tails = self._tails
        seq = tails.last(self._connection, case_id)
        if tails.floor is not None and tails.floor > self.now:
            self.now = tails.floor
        return seq

    def begin(self, case_id: str) -> None:
        """Begin a stream whose id was just drawn; a row that is there already refuses the unit."""
        self._tails.begin(self._connection, case_id)

    def lock(self, case_id: str) -> None:
        """Keep everybody else from writing to a stream until this unit is over."""
        self.tail(case_id)

    def hold(self, name: str) -> None:
        """Keep everybody else from holding or sharing a name until this unit is over."""
        locks.hold(self._connection, name)

    def hold_before(self, name: str) -> None:
        """Hold a name from before the next statement on rows of nouns is run."""
        locks.hold_before(self._connection, name)

    def fence(self, case_id: str, seen: int, run: int) -> None:
        """Raise `FencedError` if another run has written to the case after entry `seen`.

        Entries of other actors do not fence: numbers are given here, after them.
        """
        if self.tail(case_id) <= seen:
            return
        found = other_run(self.connection, case_id, seen=seen)
        if found is not None:
            raise FencedError(
                f"run {found[1]} has taken over case `{case_id}` with entry {found[0]}; "
                f"run {run} must stop"
            )

    def ready(self, case: Ready) -> None:
        """Have the case run after the commit."""
        self.woken[case.case_id] = case

    def flush(self) -> None:
        """Write the rows of entries and counters now, so that queries of this unit see them."""
        self._chain.flush(self.projected)
        self.tally.write(self.projected)
