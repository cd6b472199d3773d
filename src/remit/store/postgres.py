"""PostgreSQL, the home of `psycopg` (extra `postgres`): one deployment writes, under a lock.

A process alone holds the deployment's lock; processes that share it hold it together.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from remit.errors import (
    ClashError,
    ConflictError,
    DatabaseInUseError,
    MissingExtraError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
    UnsafeDatabaseError,
)
from remit.store import schema
from remit.store.connection import Connection, Parameter, Row, percent_style

try:
    import psycopg
    from psycopg.adapt import Dumper
    from psycopg.types.numeric import Int8Dumper
except ImportError as missing:
    raise MissingExtraError(
        "PostgreSQL needs the extra `postgres`; run `pip install 'remit[postgres]'`"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

READERS_IDLE_MAX: Final = 8
VERSION_MIN: Final = 150_000
CONNECT_SECONDS_MAX: Final = 5
PREPARE_AFTER: Final = 1
LOCK_KEY: Final = int.from_bytes(sha256(b"remit/writer/v1").digest()[:8], "big", signed=True)
LOCK_WAIT_MILLISECONDS_MAX: Final = 1000
LOCK_TIMEOUT: Final = "SET lock_timeout = '2s'"
SESSION: Final = (
    "SET statement_timeout = '5s'",
    LOCK_TIMEOUT,
    "SET idle_in_transaction_session_timeout = '10s'",
)
SEQUENCER: Final = (
    # Nothing else keeps a frozen sequencer from holding the log for ever.
    "SET idle_session_timeout = '3s'",
    # What is pending is looked up leaf by leaf, whatever the statistics of a queue may say.
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
)
SLOTS: Final = 64
DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")


class _Boolean(Dumper):
    """Booleans are the integers 0 and 1, as on SQLite."""

    oid = 20  # int8

    def dump(self, obj: bool) -> bytes:  # noqa: FBT001 - psycopg's signature
        return b"1" if obj else b"0"


class PostgresConnection:
    """A session with a PostgreSQL server."""

    dialect: Literal["postgresql"] = "postgresql"
    slot = 0

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self._raw = raw
        self.slot = raw.info.backend_pid % SLOTS
        raw.adapters.register_dumper(bool, _Boolean)
        raw.adapters.register_dumper(int, Int8Dumper)  # one type each: one prepared statement

    def execute(self, sql: str, params: Sequence[Parameter] = ()) -> int:
        """Run a statement and return the number of rows it changed."""
        with self._translating():
            return self._raw.execute(percent_style(sql), params).rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement once for each row of parameters, in one round trip."""
        with self._translating(), self._raw.cursor() as cursor:
            cursor.executemany(percent_style(sql), rows)

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> list[Row]:
        """Return all rows of a query."""
        with self._translating():
            return self._raw.execute(percent_style(sql), params).fetchall()

    def one(self, sql: str, params: Sequence[Parameter] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        with self._translating():
            return self._raw.execute(percent_style(sql), params).fetchone()

    def value(self, sql: str, params: Sequence[Parameter] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.one(sql, params)
        return None if row is None else row[0]

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; a reader sees one snapshot."""
        self.execute("BEGIN" if write else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        """Make the transaction durable.

        `StorageUnavailableError` says that the session was lost and nobody knows; any other error
        that it was not.
        """
        with self._translating():
            done = self._raw.execute("COMMIT").statusmessage
        if done != "COMMIT":
            raise StorageError("the server rolled the transaction back instead of committing it")

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        if self._raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close the session."""
        self._raw.close()

    @contextmanager
    def _translating(self) -> "Iterator[None]":
        try:
            yield
        except psycopg.Error as error:
            found = translated(error)
            if self._raw.closed and not isinstance(found, StorageUnavailableError):
                found = StorageUnavailableError(f"the database ended the session ({found})")
            raise found from error


class PostgresDatabase:
    """A PostgreSQL database that this deployment owns, or reads beside its owner."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(
        self,
        url: str,
        *,
        statements: Sequence[str],
        read_only: bool,
        owner: str,
        durability_check: bool,
        shared: bool = False,
    ) -> None:
        self._url = url
        self._shared = shared
        self._owner = owner
        self._read_only = read_only
        self._idle: list[PostgresConnection] = []
        self._guard = threading.Lock()
        self._ownership = threading.Lock()
        self._closed = False
        self._owning: PostgresConnection | None = None
        if read_only:
            try:
                self.read(schema.check)
            except BaseException:
                self.close()
                raise
            return
        connection = self._open()
        try:
            _check_server(connection, durability_check=durability_check)
            take_lock(connection, shared=shared)
            schema.create(connection, statements)
        except BaseException:
            connection.close()
            raise
        self._owning = connection  # the lock lives in this session

    def writer(self) -> Connection:
        """Open a session that writes, under the deployment's lock."""
        self._own()
        return self._open()

    def sequencer(self) -> Connection:
        """Open the session of a sequencer; it ends by itself where nothing is heard of it."""
        self._own()
        connection = self._open()
        try:
            for statement in SEQUENCER:
                connection.execute(statement)
        except BaseException:
            connection.close()
            raise
        return connection

    def _own(self) -> None:
        """Make sure that the deployment's lock is ours; its session may have been lost."""
        if self._read_only:
            raise StorageError("this database was opened for reading only")
        with self._ownership:
            owning = self._owning
            if owning is not None:
                try:
                    owning.value("SELECT 1")
                except StorageUnavailableError:
                    owning.close()
                    self._owning = None
                else:
                    return
            connection = self._open()
            try:
                take_lock(connection, shared=self._shared)
            except BaseException:
                connection.close()
                raise
            self._owning = connection

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` makes of one snapshot."""
        with self._guard:
            if self._closed:
                raise StorageError("the database is closed")
            idle = self._idle.pop() if self._idle else None
        connection = idle or self._open()
        try:
            try:
                connection.begin(write=False)
            except StorageUnavailableError:
                if idle is None:
                    raise
                connection.close()  # it died while it was idle: one fresh try
                connection = self._open()
                connection.begin(write=False)
            return work(connection)
        finally:
            self._give_back(connection)

    def size(self) -> int:
        """Return the bytes that the database takes."""
        return int(self.read(lambda c: c.value("SELECT pg_database_size(current_database())")))

    def empty_log(self) -> bool:
        """Do nothing: the server's log belongs to the server, and the content in it is sealed."""
        return True

    def maintain(self, connection: Connection) -> None:
        """Do nothing: the server looks after itself."""

    def close(self) -> None:
        """Close every idle session and give the lock free."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        if self._owning is not None:
            self._owning.close()
            self._owning = None

    def _open(self) -> PostgresConnection:
        return session(self._url, owner=self._owner)

    def _give_back(self, connection: PostgresConnection) -> None:
        try:
            connection.rollback()
        except StorageError:
            connection.close()
            return
        with self._guard:
            if not self._closed and len(self._idle) < READERS_IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()


def session(url: str, *, owner: str) -> PostgresConnection:
    """Return a new session that waits for nothing for long."""
    with _translating():
        raw = psycopg.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS_MAX,
            application_name=f"{owner}"[:60],
            prepare_threshold=PREPARE_AFTER,
            keepalives_idle=10,
            keepalives_interval=3,
            keepalives_count=3,
        )
    connection = PostgresConnection(raw)
    try:
        for statement in SESSION:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def take_lock(connection: PostgresConnection, *, shared: bool = False) -> None:
    """Take the deployment's lock for the life of the session; raises `DatabaseInUseError`."""
    before = connection.value("SELECT pg_backend_pid()")
    # A session that just ended may hold it for a moment longer: wait, but not for a live one.
    connection.execute(f"SET lock_timeout = '{LOCK_WAIT_MILLISECONDS_MAX}ms'")
    try:
        word = "pg_advisory_lock_shared" if shared else "pg_advisory_lock"
        connection.rows(f"SELECT {word}(?)", (LOCK_KEY,))
    except StorageError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        raise DatabaseInUseError(
            f"the database is in use by {_holder(connection)}; stop it, or use its API"
        ) from error
    connection.execute(LOCK_TIMEOUT)
    if connection.value("SELECT pg_backend_pid()") != before:
        raise UnsafeDatabaseError(
            "a pooler in transaction mode sits before the database; connect to it directly"
        )


def key_session(url: str) -> PostgresConnection:
    """Open a session for the wrapped keys, which have a schema of their own."""
    with _translating():
        raw = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_SECONDS_MAX,
            application_name="remit keys", prepare_threshold=PREPARE_AFTER,
        )  # fmt: skip
    connection = PostgresConnection(raw)
    try:
        for statement in SESSION[:2]:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_server(connection: PostgresConnection, *, durability_check: bool) -> None:
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


def _holder(connection: PostgresConnection) -> str:
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


@contextmanager
def _translating() -> "Iterator[None]":
    try:
        yield
    except psycopg.Error as error:
        raise translated(error) from error


def translated(error: "psycopg.Error") -> StorageError:
    """Return our error for one of the server's."""
    said = (error.diag.message_primary or str(error)).strip().split("\n")[0]
    match error:
        case psycopg.errors.DiskFull():
            return StorageFullError("the disk is full; free some space, nothing of this was kept")
        case psycopg.errors.UniqueViolation():
            return ConflictError(f"a row of that key is there already ({said})")
        case (
            psycopg.errors.DeadlockDetected()
            | psycopg.errors.SerializationFailure()
            | psycopg.errors.LockNotAvailable()
        ):
            return ClashError(f"another write stood in the way ({said}); try again")
        case psycopg.errors.QueryCanceled():
            return StorageError(f"the database took too long over a statement ({said})")
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return StorageUnavailableError(f"the database does not answer ({said})")
    return StorageError(f"the database refused a statement ({said})")
