"""Tables, written once in the words of SQLite and translated for PostgreSQL."""

import re
from collections.abc import Sequence
from typing import Final

from remit.errors import NewerDatabaseError
from remit.store.connection import Connection, Dialect

SCHEMA_NUMBER: Final = 1

# Leaves, sealed payloads, their order, the tree and its checkpoints.
LEDGER: Final = (
    """CREATE TABLE IF NOT EXISTS entries (
        case_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, run INTEGER, path TEXT,
        at_us INTEGER NOT NULL, tenant TEXT NOT NULL, workflow TEXT NOT NULL,
        writer_id TEXT NOT NULL, writer_n INTEGER NOT NULL,
        leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL,
        PRIMARY KEY (case_id, seq))""",
    "CREATE INDEX IF NOT EXISTS entries_by_event ON entries (event, at_us)",
    """CREATE TABLE IF NOT EXISTS payloads (
        case_id TEXT NOT NULL, seq INTEGER NOT NULL, role TEXT NOT NULL,
        key_id TEXT NOT NULL, sealed BLOB NOT NULL,
        PRIMARY KEY (case_id, seq, role))""",
    """CREATE TABLE IF NOT EXISTS entry_order (
        position INTEGER PRIMARY KEY, case_id TEXT NOT NULL, seq INTEGER NOT NULL,
        leaf_hash BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS tiles (
        level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (level, n))""",
    """CREATE TABLE IF NOT EXISTS checkpoints (
        size INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, note BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS ledger_head (
        one INTEGER PRIMARY KEY, origin TEXT NOT NULL, epoch INTEGER NOT NULL,
        size INTEGER NOT NULL, root BLOB NOT NULL, at_us INTEGER NOT NULL,
        writer_id TEXT NOT NULL)""",
)

META: Final = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)"

POSTGRESQL_WORDS: Final = {
    "BLOB": "BYTEA",
    "INTEGER": "BIGINT",
    "REAL": "DOUBLE PRECISION",
    "TEXT": 'TEXT COLLATE "C"',  # the same order on both databases
}
# A type follows a column's name; text in quotes is nobody's type.
_TYPE = re.compile(r"'[^']*'|(\w\s+)(" + "|".join(POSTGRESQL_WORDS) + r")\b", re.IGNORECASE)
_ONLY = re.compile(r"\s*--\s*only\s+(sqlite|postgresql)\s*\n")
_TABLE = re.compile(r"\s*CREATE\s+TABLE\b", re.IGNORECASE)


def create(connection: Connection, statements: Sequence[str]) -> None:
    """Create what is missing, in one transaction.

    A statement that opens with the line `-- only sqlite` or `-- only postgresql` is left as it is
    and runs there alone. Statements say `IF NOT EXISTS`. Raises `NewerDatabaseError`.
    """
    connection.begin(write=True)
    try:
        connection.execute(translate(META, connection.dialect))
        check(connection)
        for statement in statements:
            only = _ONLY.match(statement)
            if only is None:
                connection.execute(translate(statement, connection.dialect))
            elif only.group(1) == connection.dialect:
                connection.execute(statement[only.end() :])
        connection.execute(
            "INSERT INTO meta (name, value) VALUES ('schema', ?) ON CONFLICT (name) DO NOTHING",
            (str(SCHEMA_NUMBER),),
        )
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def check(connection: Connection) -> None:
    """Raise `NewerDatabaseError` where the tables are those of a newer Remit."""
    found = connection.value("SELECT value FROM meta WHERE name = 'schema'")
    if found is not None and int(found) > SCHEMA_NUMBER:
        raise NewerDatabaseError(
            f"the database has schema {found} and this Remit knows {SCHEMA_NUMBER}; "
            "install the newer Remit that wrote it"
        )


def translate(statement: str, dialect: Dialect) -> str:
    """Return a statement in the words of that database."""
    if dialect == "sqlite":
        return f"{statement.rstrip().rstrip(';')} STRICT" if _TABLE.match(statement) else statement
    return _TYPE.sub(_postgresql, statement)


def _postgresql(found: re.Match[str]) -> str:
    name, word = found.groups()
    return found[0] if word is None else name + POSTGRESQL_WORDS[word.upper()]
