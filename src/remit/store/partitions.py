"""PostgreSQL keeps leaves and sealed payloads in partitions by month, to be dropped as a whole.

A case lies in one: ids are ordered by time. Control streams, whose ids begin with `f`, have a
partition of their own that is never dropped; what fits nowhere lies in the rest.
"""

from datetime import UTC, datetime
from typing import Final

from remit.errors import StorageError
from remit.store.connection import Connection

PARTITIONED: Final = ("entries", "payloads")
MONTHS_AHEAD: Final = 4  # each start makes those that are missing
CONTROL_FROM: Final = "f"
ID_CHARACTERS: Final = 12  # milliseconds since 1970, as hexadecimal digits
MONTHS_A_YEAR: Final = 12
# What is sealed cannot be made smaller, so nobody tries; and it stays in its row as long as two
# rows fit on a page, where the server would move it to another table from two thousand bytes on.
SEALED: Final = "ALTER COLUMN sealed SET STORAGE EXTERNAL, SET (toast_tuple_target = 4080)"


def prepare(connection: Connection) -> None:
    """Make the partitions that are missing, this month's and those ahead; inside a transaction.

    A month whose rows came before its partition stays in the rest, and is pruned row by row.
    """
    there = _names(connection)
    for table in PARTITIONED:
        if f"{table}_rest" not in there:
            connection.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
            connection.execute(
                f"CREATE TABLE {table}_control PARTITION OF {table}"
                f" FOR VALUES FROM ('{CONTROL_FROM}') TO (MAXVALUE)"
            )
            for part in (f"{table}_rest", f"{table}_control"):
                _stored(connection, table, part)
    month = str(connection.value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')"))
    for _ in range(MONTHS_AHEAD):
        for table in PARTITIONED:
            if _name(table, month) not in there:
                _month(connection, table, month)
        month = following(month)


def has(connection: Connection, month: str) -> bool:
    """Tell whether a month has partitions of its own."""
    if connection.dialect == "sqlite":
        return False
    there = _names(connection)
    return all(_name(table, month) in there for table in PARTITIONED)


def drop(connection: Connection, month: str) -> None:
    """Drop the partitions of a month, with everything in them."""
    for table in PARTITIONED:
        connection.execute(f"DROP TABLE {_name(table, month)}")


def bounds(month: str) -> tuple[str, str]:
    """Return the beginning of the first id of a month, and of the next; raises `ValueError`."""
    return _first(month), _first(following(month))


def following(month: str) -> str:
    """Return the month after one such as `2026-12`; raises `ValueError`."""
    at = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    whole = at.year * MONTHS_A_YEAR + at.month
    return f"{whole // MONTHS_A_YEAR:04d}-{whole % MONTHS_A_YEAR + 1:02d}"


def _first(month: str) -> str:
    at = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    return f"{int(at.timestamp()) * 1000:0{ID_CHARACTERS}x}"


def _name(table: str, month: str) -> str:
    return f"{table}_{month.replace('-', '_')}"


def _names(connection: Connection) -> set[str]:
    rows = connection.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relispartition AND c.relkind = 'r'"
    )
    return {str(row[0]) for row in rows}


def _month(connection: Connection, table: str, month: str) -> None:
    first, last = bounds(month)
    connection.execute("SAVEPOINT month")
    try:
        connection.execute(
            f"CREATE TABLE {_name(table, month)} PARTITION OF {table}"
            f" FOR VALUES FROM ('{first}') TO ('{last}')"
        )
        _stored(connection, table, _name(table, month))
    except StorageError:  # rows of that month lie in the rest already
        connection.execute("ROLLBACK TO SAVEPOINT month")
    connection.execute("RELEASE SAVEPOINT month")


def _stored(connection: Connection, table: str, part: str) -> None:
    """Say how the rows of a partition are stored, which it does not take from its table."""
    if table == "payloads":
        connection.execute(f"ALTER TABLE {part} {SEALED}")
