"""SQLite: one process owns the file, one connection writes, any number read beside it."""

import contextlib
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from remit.errors import (
    ConflictError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
    UnsafeDatabaseError,
)
from remit.store import file_lock, schema
from remit.store.connection import Connection, Parameter, Row
from remit.store.file_watch import FileWatch, network_kind
from remit.store.log_keeper import LogKeeper
from remit.store.reserve import Reserve

T = TypeVar("T")

READERS_IDLE_MAX: Final = 8
STATEMENTS_CACHED_MAX: Final = 512

PRAGMAS: Final = (
    ("journal_mode", "WAL", "wal"),
    ("synchronous", "FULL", 2),
    ("busy_timeout", 5000, 5000),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    ("cell_size_check", "ON", 1),
    ("temp_store", "MEMORY", 2),
    ("cache_size", -65536, -65536),
    ("mmap_size", 0, 0),  # an I/O error must be an error, not a signal
    ("journal_size_limit", 67_108_864, 67_108_864),
    ("wal_autocheckpoint", 0, 0),  # see `remit.store.log_keeper`
)
# No log beside the file: a deleted key would stay readable in it.
KEY_PRAGMAS: Final = (
    ("busy_timeout", 5000),
    ("journal_mode", "TRUNCATE"),
    ("secure_delete", "ON"),
    ("synchronous", "FULL"),
    ("trusted_schema", "OFF"),
    ("cell_size_check", "ON"),
)


class SqliteConnection:
    """A connection to a SQLite file."""

    dialect: Literal["sqlite"] = "sqlite"
    slot = 0

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._begins = False  # a snapshot is taken by the first query, if there is one

    def execute(self, sql: str, params: Sequence[Parameter] = ()) -> int:
        """Run a statement and return the number of rows it changed."""
        try:
            return self._raw.execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise translated(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement once for each row of parameters."""
        try:
            self._raw.executemany(sql, rows)
        except sqlite3.Error as error:
            raise translated(error) from error

    def later(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement once for each row; there is no round trip to save."""
        self.executemany(sql, rows)

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> list[Row]:
        """Return all rows of a query."""
        try:
            self._snapshot()
            return self._raw.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise translated(error) from error

    def one(self, sql: str, params: Sequence[Parameter] = ()) -> Row | None:
        """Return the first row of a query, or None."""
        try:
            self._snapshot()
            cursor = self._raw.execute(sql, params)
            row: Row | None = cursor.fetchone()
            cursor.close()
        except sqlite3.Error as error:
            raise translated(error) from error
        return row

    def value(self, sql: str, params: Sequence[Parameter] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.one(sql, params)
        return None if row is None else row[0]

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; a reader's snapshot is taken by its first query."""
        if write:
            self.execute("BEGIN IMMEDIATE")
        else:
            self._begins = True

    def _snapshot(self) -> None:
        if self._begins:
            self._begins = False
            self._raw.execute("BEGIN")

    def commit(self) -> None:
        """Make the transaction durable."""
        self._begins = False
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        self._begins = False
        if self._raw.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        with contextlib.suppress(sqlite3.Error):
            self._raw.close()


class SqliteDatabase:
    """A SQLite file that this process owns, or reads beside its owner."""

    dialect: Literal["sqlite"] = "sqlite"
    sessions_max = 1  # one writer, one file

    def __init__(
        self,
        path: Path,
        *,
        statements: Sequence[str],
        read_only: bool,
        owner: str,
        since: datetime | None,
        reserve_bytes: int = 0,
    ) -> None:
        self._path = path
        self._watch: FileWatch | None = None
        self._reserve = Reserve(path.with_name(f"{path.name}.reserve"), bytes=reserve_bytes)
        self._read_only = read_only
        self._lock = -1
        self._idle: list[SqliteConnection] = []
        self._guard = threading.Lock()
        self._closed = False
        log = path.with_name(f"{path.name}-wal")
        self._keeper = LogKeeper(log, lambda: self._open(write=True))
        if read_only:
            if not path.exists():
                raise StorageUnavailableError(f"there is no database at `{path}`; nothing to read")
            try:
                self.read(schema.check)
            except BaseException:
                self.close()
                raise
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailableError(
                f"the folder `{path.parent}` cannot be made ({error.strerror}); choose another"
            ) from error
        kind = network_kind(path.parent)
        if kind:
            raise UnsafeDatabaseError(
                f"`{path.parent}` lies on a network file system ({kind}), which SQLite cannot be "
                "trusted to; keep the database on a local disk, or set `database` to PostgreSQL"
            )
        self._lock = file_lock.lock(path, owner=owner, since=since)
        self._reserve.arm()
        try:
            connection = self.writer()
            try:
                schema.create(connection, statements)
            finally:
                connection.close()
        except BaseException:
            self._unlock()
            raise

    def writer(self) -> Connection:
        """Open the connection that writes; the caller keeps there being one."""
        if self._lock < 0:
            raise StorageError("this database was opened for reading only")
        return self._open(write=True)

    def sequencer(self) -> Connection:
        """Refuse: a commit sequences here."""
        raise StorageError("SQLite has no sequencer; its one writer numbers what it commits")

    def session(self) -> Connection:
        """Refuse: a lock for the life of a connection is PostgreSQL's."""
        raise StorageError("SQLite has no sessions; several processes need PostgreSQL")

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` makes of one snapshot."""
        with self._guard:
            if self._closed:
                raise StorageError("the database is closed")
            idle = self._idle.pop() if self._idle else None
        connection = idle or self._open(write=False)
        try:
            connection.begin(write=False)
            return work(connection)
        finally:
            self._give_back(connection)

    def size(self) -> int:
        """Return the bytes that the file takes, without its write-ahead log."""
        return self._path.stat().st_size

    def free(self) -> int | None:
        """Return the bytes that are left on its disk."""
        return shutil.disk_usage(self._path.parent).free

    def log_size(self) -> int | None:
        """Return the bytes of the write-ahead log."""
        try:
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def reserve_kept(self) -> bool | None:
        """Return whether space is kept beside the file for a full disk; `None` for a test."""
        return self._reserve.there if self._read_only or self._reserve.wanted else None

    def owner(self) -> str:
        """Return the command that has the file, with its process."""
        return file_lock.holder(self._path)

    def room(self) -> None:
        """Return nothing: a file has no sessions."""

    def maintain(self, connection: Connection) -> None:
        """Move the write-ahead log into the file where it has grown."""
        self._keeper.committed(connection)

    def empty_log(self) -> bool:
        """Move the write-ahead log into the file and cut it to nothing."""
        connection = self._open(write=True)
        try:
            busy, _, _ = connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0]
            return not busy
        except StorageUnavailableError:
            return False
        finally:
            connection.close()

    def watch(self, lost: Callable[[str], None]) -> None:
        """Look each second whether the file is still the one that was opened."""
        if self._watch is None:
            self._watch = FileWatch(self._path, self._entries, lost)

    def _entries(self) -> int:
        return int(self.read(lambda c: c.value("SELECT size FROM ledger_head")) or 0)

    def free_reserve(self) -> bool:
        """Free the space kept for what must still be written; False where none is kept."""
        return self._reserve.free()

    def arm_reserve(self) -> bool:
        """Keep that space again; False where the disk has no room for it."""
        return self._reserve.arm()

    def close(self) -> None:
        """Close every idle reader and give the file free."""
        if self._watch is not None:
            self._watch.close()
        if self._lock >= 0:
            self._reserve.free()
        self._keeper.close()
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._unlock()

    def _open(self, *, write: bool) -> SqliteConnection:
        try:
            mode = "rwc" if write else "ro"
            raw = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode={mode}",
                uri=True,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS_CACHED_MAX,
            )
        except sqlite3.Error as error:
            raise translated(error) from error
        connection = SqliteConnection(raw)
        try:
            _prepare(connection, write=write)
        except BaseException:
            connection.close()
            raise
        return connection

    def _give_back(self, connection: SqliteConnection) -> None:
        try:
            connection.rollback()
        except StorageError:
            connection.close()
            raise
        with self._guard:
            if not self._closed and len(self._idle) < READERS_IDLE_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def key_file(path: Path) -> SqliteConnection:
    """Open a file of keys, for its owner alone; what is deleted from it is overwritten."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise translated(error) from error
    except OSError as error:
        raise StorageUnavailableError(
            f"the key file `{path}` cannot be used ({error.strerror})"
        ) from error
    connection = SqliteConnection(raw)
    try:
        for name, value in KEY_PRAGMAS:
            connection.rows(f"PRAGMA {name} = {value}")
    except BaseException:
        connection.close()
        raise
    return connection


def translated(error: sqlite3.Error) -> StorageError:
    """Return our error for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    match code & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StorageFullError("the disk is full; free some space, nothing of this was kept")
        case sqlite3.SQLITE_CONSTRAINT if code in _TAKEN:
            return ConflictError(f"a row of that key is there already ({error})")
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return StorageUnavailableError(
                f"the file is not a sound SQLite database ({error}); restore a backup"
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_IOERR | sqlite3.SQLITE_READONLY:
            return StorageUnavailableError(f"the database file cannot be used ({error})")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StorageUnavailableError("another program holds the database; close it")
    return StorageError(f"the database refused a statement ({error})")


_TAKEN: Final = {
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
    sqlite3.SQLITE_CONSTRAINT_UNIQUE,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}


def _prepare(connection: SqliteConnection, *, write: bool) -> None:
    if write and not connection.value("PRAGMA page_count"):
        connection.execute("PRAGMA page_size = 8192")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    for name, setting, expected in PRAGMAS:
        if name == "journal_mode" and not write:
            continue
        connection.rows(f"PRAGMA {name} = {setting}")
        found = connection.value(f"PRAGMA {name}")
        if found != expected:
            raise StorageUnavailableError(
                f"SQLite does not take `{name} = {setting}` here (it says `{found}`); "
                "keep the database on a local disk"
            )
    if sys.platform == "darwin":
        connection.rows("PRAGMA fullfsync = ON")
    if not write:
        connection.execute("PRAGMA query_only = ON")
