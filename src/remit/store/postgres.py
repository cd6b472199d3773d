"""PostgreSQL, the home of `psycopg` (extra `postgres`): one deployment writes, under a lock.

A process alone holds the deployment's lock; processes that share it hold it together.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from remit.errors import (
    ClashError,
    ConflictError,
    MissingExtraError,
    SessionsExhaustedError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from remit.store import deployment, schema
from remit.store.connection import Connection, Parameter, Row
from remit.store.deployment import LOCK_TIMEOUT, check_server, take_lock
from remit.store.lent import Lent
from remit.store.on_server import OnServer
from remit.store.reading import Readers

try:
    import psycopg
    from psycopg.types.bool import BoolDumper
    from psycopg.types.numeric import IntDumper

    from remit.store.prepared import Prepared
except ImportError as missing:
    raise MissingExtraError(
        "PostgreSQL needs the extra `postgres`; run `pip install 'remit[postgres]'`"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

CONNECT_SECONDS_MAX: Final = 5
PREPARE_AFTER: Final = 1
SESSION: Final = (
    "SET statement_timeout = '5s'",
    LOCK_TIMEOUT,
    "SET idle_in_transaction_session_timeout = '10s'",
)
SEQUENCER: Final = (
    # Nothing else keeps a frozen sequencer from holding the log for ever.
    "SET idle_session_timeout = '3s'",
    "SET idle_in_transaction_session_timeout = '3s'",
    # What is pending is looked up leaf by leaf, whatever the statistics of a queue may say.
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
)
SLOTS: Final = 64
# As the server refuses a connection, which comes without a code.
NO_ROOM: Final = ("too many clients", "connection slots are reserved", "too many connections")


class PostgresConnection:
    """A session with a PostgreSQL server."""

    dialect: Literal["postgresql"] = "postgresql"
    slot = 0

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self._raw = raw
        self.slot = raw.info.backend_pid % SLOTS
        self._prepared = Prepared(raw)

    def execute(self, sql: str, params: Sequence[Parameter] = ()) -> int:
        """Run a statement and return the number of rows it changed."""
        try:
            return self._prepared.changed(sql, params)
        except psycopg.Error as error:
            raise self._translated(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement once for each row of parameters, in one round trip."""
        self.later(sql, rows)
        try:
            self._prepared.flush()
        except psycopg.Error as error:
            raise self._translated(error) from error

    def later(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement for each row, in one round trip with the next one or the commit."""
        try:
            self._prepared.later(sql, rows)
        except psycopg.Error as error:
            raise self._translated(error) from error

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> list[Row]:
        """Return all rows of a query."""
        try:
            return self._prepared.rows(sql, params)
        except psycopg.Error as error:
            raise self._translated(error) from error

    def one(self, sql: str, params: Sequence[Parameter] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        try:
            return self._prepared.first(sql, params)
        except psycopg.Error as error:
            raise self._translated(error) from error

    def value(self, sql: str, params: Sequence[Parameter] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.one(sql, params)
        return None if row is None else row[0]

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; a reader sees one snapshot."""
        if write:
            self.later("BEGIN", [()])
        else:
            self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        """Make the transaction durable.

        `StorageUnavailableError` says that the session was lost and nobody knows; any other error
        that it was not.
        """
        try:
            done = self._prepared.command("COMMIT")
        except psycopg.Error as error:
            raise self._translated(error) from error
        if done != b"COMMIT":
            raise StorageError("the server rolled the transaction back instead of committing it")

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        self._prepared.forget()
        if self._raw.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close the session."""
        self._raw.close()

    def _translated(self, error: "psycopg.Error") -> StorageError:
        found = translated(error)
        if self._raw.closed and not isinstance(found, StorageUnavailableError):
            return StorageUnavailableError(f"the database ended the session ({found})")
        return found

    def lent(self) -> Lent:
        """Lend the session to a library that is to write in our transaction."""
        return Lent(self._raw, {bool: BoolDumper, int: IntDumper}, before=self._prepared.flush)


class PostgresDatabase(OnServer):
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
        sessions_max: int = deployment.SESSIONS_MAX,
    ) -> None:
        self.sessions_max = sessions_max
        self._url = url
        self._shared = shared
        self._readers = Readers(deployment.readers(sessions_max))
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
            check_server(connection, durability_check=durability_check)
            take_lock(connection, shared=shared)
            (schema.require if shared else schema.create)(connection, statements)
        except BaseException:
            connection.close()
            raise
        self._owning = connection  # the lock lives in this session
        deployment.count(connection, sessions_max, shared=shared)

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

    def session(self) -> Connection:
        """Open a session of its own, for a lock that lives as long as it does."""
        return self._open()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` makes of one snapshot.

        Raises `SessionsExhaustedError` where every session for reading is taken for too long.
        """
        with self._readers.one():
            return self._read(work)

    def _read(self, work: Callable[[Connection], T]) -> T:
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

    def owner(self) -> str:
        """Return how many processes have the database."""
        processes = self.room().processes
        return f"{processes} process{'es' if processes > 1 else ''}" if processes else ""

    def room(self) -> deployment.Room:
        """Return how many sessions the server has, and who takes them."""
        return self.read(deployment.room)

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
        try:
            return session(self._url, owner=self._owner)
        except SessionsExhaustedError as error:
            most = deployment.taken(self.sessions_max, shared=self._shared)
            raise SessionsExhaustedError(
                f"{error}; a process takes up to {most} with `sessions_max = {self.sessions_max}`"
            ) from error

    def _give_back(self, connection: PostgresConnection) -> None:
        try:
            connection.rollback()
        except StorageError:
            connection.close()
            return
        with self._guard:
            if not self._closed and len(self._idle) < deployment.readers(self.sessions_max):
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


@contextmanager
def _translating() -> "Iterator[None]":
    try:
        yield
    except psycopg.Error as error:
        raise translated(error) from error


def translated(error: "psycopg.Error") -> StorageError:
    """Return our error for one of the server's."""
    said = (error.diag.message_primary or str(error)).strip().split("\n")[0]
    if any(words in str(error) for words in NO_ROOM):
        return SessionsExhaustedError(
            f"the database server has no room for another session ({said}); run fewer processes, "
            "set a lower `sessions_max` in `remit.toml`, or raise the server's `max_connections`"
        )
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
