"""Who has a PostgreSQL database: a deployment's lock and sessions, and whether it is safe."""

import logging
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from remit.errors import ClashError, DatabaseInUseError, UnsafeDatabaseError
from remit.store.connection import Connection

VERSION_MIN: Final = 150_000
LOCK_KEY: Final = int.from_bytes(sha256(b"remit/writer/v1").digest()[:8], "big", signed=True)
LOCK_WAIT_MILLISECONDS_MAX: Final = 1000
LOCK_TIMEOUT: Final = "SET lock_timeout = '2s'"
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
SESSIONS_MAX: Final = 16  # in which one process writes at once, unless the settings say otherwise
ALONE: Final = 3  # the deployment's lock, the keys, the sequencer
QUEUE_SESSIONS: Final = 8  # of the library that queues, where several processes work

_LOCK: Final = (
    "l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
    " AND (l.classid::bigint << 32 | l.objid::bigint) = ?"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)

_log = logging.getLogger("remit.store")


def readers(sessions_max: int) -> int:
    """Return in how many sessions a process reads that writes in so many."""
    return max(sessions_max // 2, 1)


def taken(sessions_max: int, *, shared: bool) -> int:
    """Return how many sessions one process takes at most; among several one watches the others."""
    among_others = 1 + QUEUE_SESSIONS if shared else 0
    return sessions_max + readers(sessions_max) + ALONE + among_others


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many sessions a server has, and who takes them."""

    allowed: int  # but for those that it keeps for its administrators
    used: int  # by anybody, now
    processes: int  # of this deployment


def room(connection: Connection) -> Room:
    """Return how much room the server has."""
    row = connection.one(
        "SELECT current_setting('max_connections')::int"
        " - current_setting('superuser_reserved_connections')::int"
        " - coalesce(current_setting('reserved_connections', true)::int, 0),"
        " (SELECT sum(numbackends) FROM pg_stat_database),"
        f" (SELECT count(DISTINCT l.pid) FROM pg_locks l WHERE {_LOCK})",
        (LOCK_KEY,),
    ) or (0, 0, 0)
    return Room(allowed=int(row[0]), used=int(row[1] or 0), processes=int(row[2]))


def count(connection: Connection, sessions_max: int, *, shared: bool) -> None:
    """Say so where the server has not room for all processes at their busiest."""
    found = room(connection)
    most = taken(sessions_max, shared=shared)
    if found.processes * most > found.allowed:
        _log.warning(
            "%d processes of this deployment take up to %d sessions each, and the server allows "
            "%d: set `sessions_max` in `remit.toml` to less than %d, or raise `max_connections`",
            found.processes, most, found.allowed, sessions_max,
        )  # fmt: skip


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
        f" WHERE l.pid <> pg_backend_pid() AND {_LOCK}",
        (LOCK_KEY,),
    )
    if row is None:
        return "another process"
    return f"`{row[0]}` (server process {row[1]}, since {row[2]} UTC)"
