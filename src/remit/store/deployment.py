"""Who has a PostgreSQL database: the lock of a deployment, and whether the server is safe."""

from hashlib import sha256
from typing import Final

from remit.errors import ClashError, DatabaseInUseError, UnsafeDatabaseError
from remit.store.connection import Connection

VERSION_MIN: Final = 150_000
LOCK_KEY: Final = int.from_bytes(sha256(b"remit/writer/v1").digest()[:8], "big", signed=True)
LOCK_WAIT_MILLISECONDS_MAX: Final = 1000
LOCK_TIMEOUT: Final = "SET lock_timeout = '2s'"
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")


def take_lock(connection: Connection, *, shared: bool = False) -> None:
    """Take the deployment's lock for the life of the session; raises `DatabaseInUseError`."""
    before = connection.value("SELECT pg_backend_pid()")
    # A session that just ended may hold it for a moment longer: wait, but not for a live one.
    connection.execute(f"SET lock_timeout = '{LOCK_WAIT_MILLISECONDS_MAX}ms'")
    try:
        word = "pg_advisory_lock_shared" if shared else "pg_advisory_lock"
        connection.rows(f"SELECT {word}(?)", (LOCK_KEY,))
    except ClashError as error:
        raise DatabaseInUseError(
            f"the database is in use by {_holder(connection)}; stop it, or use its API"
        ) from error
    connection.execute(LOCK_TIMEOUT)
    if connection.value("SELECT pg_backend_pid()") != before:
        raise UnsafeDatabaseError(
            "a pooler in transaction mode sits before the database; connect to it directly"
        )


def check_server(connection: Connection, *, durability_check: bool) -> None:
    """Raise `UnsafeDatabaseError` for a server that may lose what it acknowledged."""
    number = int(connection.value("SHOW server_version_num"))
    if number < VERSION_MIN:
        raise UnsafeDatabaseError(
            f"the server is PostgreSQL {number // 10_000} and Remit needs 15 or later; upgrade it"
        )
    if not durability_check:
        return
    for name in DURABLE:
        if connection.value(f"SHOW {name}") == "off":
            raise UnsafeDatabaseError(
                f"the server runs with `{name} = off` and can lose what it acknowledged; "
                f"set `{name} = on`"
            )


def _holder(connection: Connection) -> str:
    row = connection.one(
        "SELECT a.application_name, a.pid, to_char(a.backend_start AT TIME ZONE 'UTC',"
        " 'YYYY-MM-DD HH24:MI') FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid()"
        " AND l.objsubid = 1 AND (l.classid::bigint << 32 | l.objid::bigint) = ?"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        (LOCK_KEY,),
    )
    if row is None:
        return "another process"
    return f"`{row[0]}` (server process {row[1]}, since {row[2]} UTC)"
