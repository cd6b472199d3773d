"""Rows of masked values: sealed originals, insert-only."""

from collections.abc import Iterable

from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists vault (
        scope text not null,
        token text not null,
        type text not null,
        blind blob not null,
        sealed blob not null,
        primary key (scope, token)
    )""",
)

VaultTuple = tuple[str, str, str, bytes, bytes]  # scope, token, type, blind index, sealed value


def insert(connection: Connection, rows: Iterable[VaultTuple]) -> None:
    """Add rows; a token never changes its meaning, so a row that is there stays."""
    connection.later(
        "insert into vault (scope, token, type, blind, sealed) values (?, ?, ?, ?, ?)"
        " on conflict (scope, token) do nothing",
        list(rows),
    )


def of_scope(connection: Connection, scope: str) -> list[VaultTuple]:
    """Return the rows of a scope."""
    rows = connection.rows(
        "select scope, token, type, blind, sealed from vault where scope = ? order by token",
        (scope,),
    )
    return [(str(r[0]), str(r[1]), str(r[2]), bytes(r[3]), bytes(r[4])) for r in rows]


def count(connection: Connection, scope: str) -> int:
    """Return how many values a scope holds."""
    return int(connection.value("select count(*) from vault where scope = ?", (scope,)))


def forget(connection: Connection, scope: str) -> int:
    """Delete a scope's rows; return how many there were."""
    return connection.execute("delete from vault where scope = ?", (scope,))
