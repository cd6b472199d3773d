"""Tables, written once in the words of SQLite and translated for PostgreSQL."""

import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from remit.errors import NewerDatabaseError, OlderDatabaseError
from remit.store import migrations, partitions, tables
from remit.store.connection import Connection, Dialect
from remit.store.entries import OF_LEDGER
from remit.store.migrations import MIGRATIONS, Migration

# Leaves, sealed payloads, their order, the tree and its checkpoints.
LEDGER: Final = (
    """CREATE TABLE IF NOT EXISTS entries (
        case_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, run INTEGER, path TEXT,
        at_us INTEGER NOT NULL, tenant TEXT NOT NULL, workflow TEXT NOT NULL,
        writer_id TEXT NOT NULL, writer_n INTEGER NOT NULL,
        leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL,
        PRIMARY KEY (case_id, seq))""",
    # The ledger looks up its own acts by name, and nobody looks up anything else.
    f"CREATE INDEX IF NOT EXISTS entries_of_ledger ON entries (event, at_us) WHERE {OF_LEDGER}",
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
    """-- only postgresql
    CREATE TABLE IF NOT EXISTS pending (
        arrival BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
        case_id TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL)
        WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_cost_delay = 0)""",
    """-- only postgresql
    CREATE UNIQUE INDEX IF NOT EXISTS entry_order_entries ON entry_order (case_id, seq)""",
)

LOCK_KEY: Final = int.from_bytes(sha256(b"remit/schema/v1").digest()[:8], "big", signed=True)
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
_TABLE = re.compile(r"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE)


def create(
    connection: Connection,
    statements: Sequence[str],
    *,
    after: bool = True,
    known: Sequence[Migration] = MIGRATIONS,
) -> None:
    """Bring a database to the newest shape, in one transaction.

    Migrations that are due run first (those marked *after* only when told that no older code is
    left), then what is missing is created. A statement that opens with the line `-- only sqlite`
    or `-- only postgresql` is left as it is and runs there alone. Statements say `IF NOT EXISTS`.
    Raises `NewerDatabaseError`.
    """
    connection.begin(write=True)
    try:
        if connection.dialect == "postgresql":
            connection.execute("SET LOCAL statement_timeout = 0")  # an index takes its time
            connection.rows("SELECT pg_advisory_xact_lock(?)", (LOCK_KEY,))
        check(connection, known=known)
        fresh = "meta" not in tables.names(connection)
        for statement in (META, migrations.TABLE):
            connection.execute(translate(statement, connection.dialect))
        due = migrations.plan(connection, (), known=known)
        wanted = known if fresh else (*due.before, *(due.after if after else ()))
        if not fresh:
            for one in sorted(wanted, key=lambda one: one.number):
                _run(connection, one.statements)
        _run(connection, statements)
        if connection.dialect == "postgresql":
            partitions.prepare(connection)
        migrations.note(connection, wanted)
        _set_number(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def check(connection: Connection, *, known: Sequence[Migration] = MIGRATIONS) -> None:
    """Raise `NewerDatabaseError` where a newer Remit has taken away what this one needs.

    What a newer one has only added does no harm, so old and new code may share a database while
    one is replaced by the other.
    """
    if "meta" not in tables.names(connection):
        return
    found = connection.value("SELECT value FROM meta WHERE name = 'schema'")
    newest = known[-1].number
    if found is not None and int(found) > newest:
        raise NewerDatabaseError(
            f"the database has schema {found} and this Remit knows {newest}; "
            "install the newer Remit that wrote it"
        )


def require(
    connection: Connection,
    statements: Sequence[str],
    *,
    known: Sequence[Migration] = MIGRATIONS,
) -> None:
    """Create the tables of an empty database; of any other only look whether it has what is due.

    So a process that comes to others at work changes nothing under them. Raises
    `OlderDatabaseError`, `NewerDatabaseError`.
    """
    if "meta" not in tables.names(connection):
        create(connection, statements, known=known)
        return
    check(connection, known=known)
    due = migrations.plan(connection, statements, known=known)
    lacking = [*due.missing, *(f"change {one.number}" for one in due.before)]
    if lacking:
        raise OlderDatabaseError(
            f"the database lacks what this Remit needs ({', '.join(lacking[:5])}); "
            "run `remit migrate` first"
        )


def _run(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        only = _ONLY.match(statement)
        if only is None:
            connection.execute(translate(statement, connection.dialect))
        elif only.group(1) == connection.dialect:
            connection.execute(statement[only.end() :])


def _set_number(connection: Connection) -> None:
    """Keep the number of the last change that older code cannot live with."""
    connection.execute(
        "INSERT INTO meta (name, value) SELECT 'schema', CAST(coalesce(max(number), 1) AS TEXT)"
        " FROM migrations WHERE moment = 'after' OR number = 1"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    )


def translate(statement: str, dialect: Dialect) -> str:
    """Return a statement in the words of that database."""
    if dialect == "sqlite":
        return f"{statement.rstrip().rstrip(';')} STRICT" if _TABLE.match(statement) else statement
    words = _TYPE.sub(_postgresql, statement)
    made = _TABLE.match(statement)
    if made is not None and made[1].lower() in partitions.PARTITIONED:
        words += " PARTITION BY RANGE (case_id)"
    return words


def _postgresql(found: re.Match[str]) -> str:
    name, word = found.groups()
    return found[0] if word is None else name + POSTGRESQL_WORDS[word.upper()]
