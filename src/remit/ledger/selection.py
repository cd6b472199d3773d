"""Entries of some events, in the order of the ledger, without their content."""

from collections.abc import Callable, Collection, Iterator
from typing import Final

from remit.domain.entry import Entry
from remit.ledger.entry import parse
from remit.store import entries, tables
from remit.store.connection import Connection

PAGE_ENTRIES: Final = 2_000

Progress = Callable[[int, int], None]  # entries done, entries in all


def of(
    connection: Connection, events: Collection[str], *, progress: Progress | None = None
) -> Iterator[Entry]:
    """Yield the entries of these events by position, then those that wait for one."""
    names, whole = sorted(events), size(connection)
    for begin in range(0, whole, PAGE_ENTRIES):
        end = min(begin + PAGE_ENTRIES, whole)
        for leaf in entries.leaves(connection, names, begin=begin, end=end):
            yield parse(leaf).entry
        if progress is not None:
            progress(end, whole)
    if "pending" in tables.names(connection):
        for leaf in entries.leaves_pending(connection, names):
            yield parse(leaf).entry


def size(connection: Connection) -> int:
    """Return how many entries have a position."""
    return int(connection.value("SELECT size FROM ledger_head") or 0)
