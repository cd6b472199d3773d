"""Shadow tables: rows made anew in a private database, and put in place of the live ones."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from remit.store import schema, tables
from remit.store.connection import Connection, Row
from remit.store.sqlite import STATEMENTS_CACHED_MAX, SqliteConnection
from remit.store.tables import Table

# It is thrown away whatever happens, so nothing of it needs to be durable.
SETTINGS: Final = ("journal_mode = OFF", "synchronous = OFF", "cache_size = -65536")
SLOT: Final = "slot"  # of a counter that several writers share: only the sum means something
COUNT: Final = "n"


@contextmanager
def scratch(statements: Sequence[str]) -> Iterator[Connection]:
    """Open a private database with these tables, in one transaction; it is gone at the end."""
    raw = sqlite3.connect("", isolation_level=None, cached_statements=STATEMENTS_CACHED_MAX)
    connection = SqliteConnection(raw)
    try:
        for setting in SETTINGS:
            connection.rows(f"PRAGMA {setting}")
        schema.create(connection, statements)
        connection.begin(write=True)
        yield connection
    finally:
        connection.close()


def rows(connection: Connection, table: Table) -> Iterator[Row]:
    """Yield all rows in the order of their key; a counter's as (key but the slot, sum)."""
    if SLOT not in table.key:
        for page in tables.pages(connection, table):
            yield from page
        return
    key = ", ".join(name for name in table.key if name != SLOT)
    for row in connection.rows(
        f"SELECT {key}, SUM({COUNT}) FROM {table.name}"
        f" GROUP BY {key} HAVING SUM({COUNT}) <> 0 ORDER BY {key}"
    ):
        yield (*row[:-1], int(row[-1]))


def lock(connection: Connection, names: Sequence[str]) -> None:
    """Keep other writers of a server, and its sequencer, out until the commit; readers go on."""
    if connection.dialect == "postgresql":
        connection.execute(f"LOCK TABLE {', '.join(names)}, pending IN EXCLUSIVE MODE")


def swap(connection: Connection, made: Connection, name: str) -> None:
    """Put the rows of one database in place of another's."""
    table = tables.table(made, name)
    connection.execute(f"DELETE FROM {name}")
    for page in tables.pages(made, table):
        tables.insert(connection, table, page)
