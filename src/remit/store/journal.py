"""What the store asks of the ledger: the chain of one writer, and the signed tree of them all."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from remit.domain.entry import Draft, Entry
from remit.store.connection import Connection
from remit.store.receipt import Proven

Written = tuple[str, int, bytes, int]  # case, seq, leaf hash, instant in microseconds
# Of a chain: number and hash of its end, entries and payloads, how many of these are rows, bytes.
Mark = tuple[int, str, int, int, tuple[int, int], int]


class ChainPort(Protocol):
    """The chain of one writer's entries; it moves on only when a transaction is durable."""

    @property
    def id(self) -> str:
        """Who writes."""

    @property
    def stream(self) -> str:
        """The stream of the entries that open a chain."""

    @property
    def number(self) -> int:
        """How many entries are durable."""

    @property
    def written(self) -> Sequence[Written]:
        """What was stamped since `begin`."""

    @property
    def bytes(self) -> int:
        """How much was stamped since `begin`, leaves and payloads."""

    def opening(self, *, first: bool) -> Sequence[Draft]:
        """Return the entries that come before any other; `first`: of the whole log."""

    def begin(self) -> None:
        """Begin a transaction on a copy of the state."""

    def stamp(self, draft: Draft, *, seq: int, now: datetime, connection: Connection) -> Entry:
        """Make the leaf of a draft and seal its payloads."""

    def mark(self) -> Mark:
        """Return a mark of the transaction so far."""

    def back(self, mark: Mark) -> None:
        """Forget what was stamped since a mark, and that rows were inserted since."""

    def flush(self, connection: Connection) -> None:
        """Insert the rows of what was stamped and is not there yet."""

    def committed(self) -> None:
        """Replace the state by the transaction's copy."""

    def abandoned(self) -> None:
        """Drop the transaction's copy."""


class JournalPort(Protocol):
    """The ledger's end of a writer; `remit.ledger.append.Journal` is it."""

    on_step: Callable[[], None]  # called where a sequencer of this process has given places

    def prove(self, connection: Connection, position: int) -> Proven:
        """Return what proves an entry under the last checkpoint."""

    def time(self, wall: datetime) -> datetime:
        """Return ledger time: the clock's, but never before what was returned already."""

    def chain(self, follows: Sequence[str] = ()) -> ChainPort:
        """Begin a chain that follows those which have ended."""

    def found(self, connection: Connection) -> None:
        """Make the head row of an empty log, unless there is one."""

    def check(self, connection: Connection) -> Sequence[str]:
        """Compare the stored tree with its head; return the writer of the last entry."""

    def start(self, connection: Connection) -> Sequence[str]:
        """Check the stored tree and take it up; return the writer of its last entry."""

    def sequence(self, connection: Connection, chain: ChainPort) -> int:
        """Extend and sign the tree by what a chain has written; return the size before."""

    def committed(self) -> int:
        """Replace the tree by the extended copy; return its size."""

    def abandoned(self) -> None:
        """Drop the extended copy."""


def prover(
    read: Callable[[Callable[[Connection], Proven]], Proven], journal: JournalPort
) -> Callable[[int], Proven]:
    """Return what proves the entries of a log, each on a snapshot of its own."""
    return lambda position: read(lambda connection: journal.prove(connection, position))
