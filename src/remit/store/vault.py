"""Rows of masked values: sealed originals; where one was erased, its token stays alone."""

from collections.abc import Iterable

from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists vault (
        scope text not null,
        token text not null,
        type text not null,
        blind blob not null,
        sealed blob not null,
        key_id text not null,
        primary key (scope, token)
    )""",
)

# scope, token, type, blind index, sealed value (both empty: erased), key
VaultTuple = tuple[str, str, str, bytes, bytes, str]


def insert(connection: Connection, rows: Iterable[VaultTuple]) -> None:
    """Add rows; a token never changes its meaning, so a row that is there stays.

    All rows of a scope are under one key: one that was made under a key before is left out, and
    its token stands for nothing.
    """
    connection.later(
        "insert into vault (scope, token, type, blind, sealed, key_id) select ?, ?, ?, ?, ?, ?"
        " where not exists (select 1 from vault where scope = ? and key_id <> ?)"
        " on conflict (scope, token) do nothing",
        [(*row, row[0], row[5]) for row in rows],
    )


def of_scope(connection: Connection, scope: str) -> list[VaultTuple]:
    """Return the rows of a scope."""
    rows = connection.rows(
        "select scope, token, type, blind, sealed, key_id from vault where scope = ?"
        " order by token",
        (scope,),
    )
    return [(str(r[0]), str(r[1]), str(r[2]), bytes(r[3]), bytes(r[4]), str(r[5])) for r in rows]


def key_of(connection: Connection, scope: str) -> str | None:
    """Return the key of a scope's rows."""
    found: str | None = connection.value(
        "select key_id from vault where scope = ? limit 1", (scope,)
    )
    return found


def count(connection: Connection, scope: str) -> int:
    """Return how many values a scope holds."""
    sql = "select count(*) from vault where scope = ? and length(sealed) > 0"
    return int(connection.value(sql, (scope,)))


def forget(connection: Connection, scope: str) -> int:
    """Delete a scope's rows; return how many there were."""
    return connection.execute("delete from vault where scope = ?", (scope,))
