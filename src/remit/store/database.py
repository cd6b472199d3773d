"""Open a database: a SQLite file or a PostgreSQL server behind one interface."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from remit.domain.clock import Clock
from remit.errors import SettingsError
from remit.store import migrations
from remit.store.connection import Connection, Dialect
from remit.store.deployment import SESSIONS_MAX, Room
from remit.store.migrations import Plan, created
from remit.store.schema import LEDGER, create

T = TypeVar("T")


@runtime_checkable
class Database(Protocol):
    """A database that is open."""

    @property
    def dialect(self) -> Dialect:
        """Which SQL this is."""

    @property
    def sessions_max(self) -> int:
        """How many pieces of work may be written side by side."""

    def writer(self) -> Connection:
        """Open a connection that writes; the writer alone calls this, and on SQLite once."""

    def sequencer(self) -> Connection:
        """Open the session of a sequencer: PostgreSQL only."""

    def session(self) -> Connection:
        """Open a session of its own, for a lock that lives as long: PostgreSQL only."""

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` makes of one read snapshot, on a connection of its own."""

    def size(self) -> int:
        """Return the bytes that the database takes."""

    def free(self) -> int | None:
        """Return the bytes that are left on its disk; `None` on a server."""

    def log_size(self) -> int | None:
        """Return the bytes of the write-ahead log beside the file; `None` on a server."""

    def reserve_kept(self) -> bool | None:
        """Return whether space is kept for a full disk; `None` where the disk is not ours."""

    def owner(self) -> str:
        """Return who has the database now: a command, or how many processes; empty for nobody."""

    def room(self) -> Room | None:
        """Return how many sessions the server has, and who takes them; `None` for a file."""

    def maintain(self, connection: Connection) -> None:
        """Do what is due between two commits."""

    def empty_log(self) -> bool:
        """Leave nothing of what was deleted in a log beside the rows; False if somebody reads."""

    def watch(self, lost: Callable[[str], None]) -> None:
        """Call `lost` with a sentence when the file is no longer the one that was opened."""

    def free_reserve(self) -> bool:
        """Free the space kept for what must still be written; False where none is kept."""

    def arm_reserve(self) -> bool:
        """Keep that space again; False where the disk has no room for it."""

    def close(self) -> None:
        """Close every reader and give the database free for another process."""


def open_database(
    url: str,
    *,
    schema: Sequence[str] = (),
    read_only: bool = False,
    owner: str = "remit",
    durability_check: bool = True,
    shared: bool = False,
    sessions_max: int = SESSIONS_MAX,
    reserve_bytes: int = 0,
    clock: Clock | None = None,
) -> Database:
    """Open a database, create what is missing, and own it until it is closed.

    `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://…`; `schema` are the tables
    beside the ledger's own. `owner` is the command named to whoever finds the database in use,
    with the time of `clock`. `shared` lets several processes of one deployment write to the same
    PostgreSQL; without it a second is refused. This process writes in up to `sessions_max`
    sessions and reads in half as many. `reserve_bytes` of disk are kept beside a file for
    what must still be written when the disk is full. `durability_check=False` accepts a PostgreSQL
    that may lose commits: tests only. Raises `DatabaseInUseError`, `NewerDatabaseError`,
    `UnsafeDatabaseError`, `StorageUnavailableError`, `SettingsError`.
    """
    statements = (*LEDGER, *schema)
    scheme, _, rest = url.partition("://")
    if shared and scheme == "sqlite":
        raise SettingsError(
            "several processes need PostgreSQL; set `database` to `postgresql://…`"
        )
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from remit.store.sqlite import SqliteDatabase

        return SqliteDatabase(
            Path(rest[1:]),
            statements=statements,
            read_only=read_only,
            owner=owner,
            since=_since(clock),
            reserve_bytes=reserve_bytes,
        )
    if scheme in ("postgresql", "postgres"):
        from remit.store.postgres import PostgresDatabase

        return PostgresDatabase(
            url,
            statements=statements,
            read_only=read_only,
            owner=owner,
            durability_check=durability_check,
            shared=shared,
            sessions_max=sessions_max,
        )
    raise SettingsError(
        f"`{scheme}` is not a database that Remit knows; "
        "write `sqlite:///remit.db` or `postgresql://user@host/name`"
    )


def planned(url: str, *, schema: Sequence[str] = ()) -> Plan:
    """Return what `upgrade` would do, without doing it; a file that is not there lacks everything.

    Raises `NewerDatabaseError`, `StorageUnavailableError`, `SettingsError`.
    """
    statements = (*LEDGER, *schema)
    path = url.removeprefix("sqlite:///")
    if path != url and not Path(path).exists():
        return Plan(missing=tuple(created(statements, "sqlite")), before=(), after=())
    database = open_database(url, read_only=True, owner="remit migrate")
    try:
        return database.read(lambda c: migrations.plan(c, statements))
    finally:
        database.close()


def upgrade(url: str, *, schema: Sequence[str] = (), after: bool = False) -> None:
    """Create and change tables until the code can run on them, also while others work.

    `after` also takes away what only older code needs: everybody must have stopped. On SQLite
    that is always so. Raises `DatabaseInUseError` and what `planned` raises.
    """
    if url.startswith("sqlite"):
        open_database(url, schema=schema, owner="remit migrate").close()
        return
    from remit.store import deployment, postgres

    connection = postgres.session(url, owner="remit migrate")
    try:
        if after:
            deployment.take_lock(connection)
        create(connection, (*LEDGER, *schema), after=after)
    finally:
        connection.close()


def _since(clock: Clock | None) -> datetime | None:
    return None if clock is None else clock()
