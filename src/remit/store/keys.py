"""Rows of wrapped keys: a store of its own, so that a backup of the record holds none of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from remit.errors import DatabaseNotEmptyError
from remit.store.apart import Apart
from remit.store.connection import Connection, Row

# `parent` names the key that wraps this one; a row of kind `tenant` is wrapped by a root key.
_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS {0}wrapped_keys (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, parent TEXT NOT NULL, wrapped BLOB NOT NULL,
        made_us INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS wrapped_keys_kind ON {0}wrapped_keys (kind, made_us)",
    "CREATE TABLE IF NOT EXISTS {0}keys_version (one INTEGER PRIMARY KEY, n INTEGER NOT NULL)",
    "INSERT INTO {0}keys_version (one, n) VALUES (1, 0) ON CONFLICT (one) DO NOTHING",
)
_ROW: Final = "id, kind, parent, wrapped, made_us"
PAGE_MAX: Final = 1_000
KEY_ROWS: Final = "keys.sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as it is stored: wrapped by another."""

    id: str
    kind: str  # tenant | service | facts | case
    parent: str
    wrapped: bytes
    made_us: int


class KeyRows(Apart):
    """The rows of one installation: a file beside the root keys, or the schema `keys`."""

    schema = "keys"
    probe = "keys_version"
    statements = _TABLES

    def find(self, id: str) -> KeyRow | None:
        """Return the row of a key."""
        found = self._rows("SELECT {1} FROM {0}wrapped_keys WHERE id = ?", (id,))
        return found[0] if found else None

    def several(self, ids: Sequence[str]) -> list[KeyRow]:
        """Return the rows of these keys that are there, in one query for each page of them."""
        found: list[KeyRow] = []
        for first in range(0, len(ids), PAGE_MAX):
            page = tuple(ids[first : first + PAGE_MAX])
            marks = ", ".join("?" * len(page))
            found += self._rows(f"SELECT {{1}} FROM {{0}}wrapped_keys WHERE id IN ({marks})", page)
        return found

    def newest(self, kind: str) -> KeyRow | None:
        """Return the newest row of a kind."""
        found = self._rows(
            "SELECT {1} FROM {0}wrapped_keys WHERE kind = ?"
            " ORDER BY made_us DESC, id DESC LIMIT 1",
            (kind,),
        )
        return found[0] if found else None

    def add(self, rows: Sequence[KeyRow], *, under: str = "") -> bool:
        """Make rows durable in one transaction; False where the key that wraps them is gone.

        `under` is that key: it stays until the rows are there, or whoever wraps everything anew
        would not see them. Raises `ConflictError` where a key is there.
        """

        def whole(connection: Connection) -> bool:
            connection.begin(write=True)
            there = not under or self._kept(connection, under, "FOR KEY SHARE")
            if there:
                self._insert(connection, rows)
            connection.commit()
            return there

        return self._do(whole)

    def rewrap(
        self, work: Callable[[KeyRow], bytes], *, fresh: Callable[[], KeyRow], gone: str
    ) -> int | None:
        """Wrap every row of one parent under a fresh key and drop the old one, all at once.

        `fresh` makes that key's row once nobody else can do the same, `work` returns a row's new
        wrapping. Returns how many there were, or None where the old key is gone already.
        """

        def whole(connection: Connection) -> int | None:
            connection.begin(write=True)
            if not self._kept(connection, gone, "FOR UPDATE"):
                connection.commit()
                return None
            made = fresh()
            last, done = "", 0
            sql = f"SELECT {_ROW} FROM {self._prefix}wrapped_keys WHERE parent = ? AND id > ?"
            while page := connection.rows(f"{sql} ORDER BY id LIMIT ?", (gone, last, PAGE_MAX)):
                rows = [_row(row) for row in page]
                connection.executemany(
                    f"UPDATE {self._prefix}wrapped_keys SET parent = ?, wrapped = ? WHERE id = ?",
                    [(made.id, work(row), row.id) for row in rows],
                )
                last, done = rows[-1].id, done + len(rows)
            self._delete(connection, [gone])
            self._insert(connection, [made])
            connection.commit()
            return done

        return self._do(whole)

    def take(self, other: "KeyRows") -> int:
        """Take over every row of another store, as it is; return how many there were.

        Raises `DatabaseNotEmptyError` where a key of that id is another: nothing is taken then.
        """

        def whole(connection: Connection) -> int:
            connection.begin(write=True)
            last, done = "", 0
            while page := other.page(after=last):
                for row in page:
                    sql = f"SELECT {_ROW} FROM {self._prefix}wrapped_keys WHERE id = ?"
                    there = connection.one(sql, (row.id,))
                    if there is None:
                        self._insert(connection, [row])
                    elif _row(there) != row:
                        raise DatabaseNotEmptyError(
                            f"another installation's key `{row.id}` is there already; "
                            "name a database that was never used: nothing was changed"
                        )
                last, done = page[-1].id, done + len(page)
            connection.commit()
            return done

        return self._do(whole)

    def page(self, *, after: str) -> list[KeyRow]:
        """Return the next rows after an id."""
        return self._rows(
            f"SELECT {{1}} FROM {{0}}wrapped_keys WHERE id > ? ORDER BY id LIMIT {PAGE_MAX}",
            (after,),
        )

    def delete(self, ids: Sequence[str]) -> None:
        """Delete keys for good, and tell every other process."""
        self._write(lambda connection: self._delete(connection, ids))

    def version(self) -> int:
        """Return a number that changes whenever keys went or were wrapped anew."""
        sql = "SELECT n FROM {0}keys_version"
        return int(self._read(lambda connection: connection.value(sql.format(self._prefix))))

    # -- parts -----------------------------------------------------------------------------------

    def _kept(self, connection: Connection, id: str, lock: str) -> bool:
        """Is a key there, and does it stay so until this transaction ends?"""
        sql = f"SELECT 1 FROM {self._prefix}wrapped_keys WHERE id = ?"
        if connection.dialect == "postgresql":  # a file has one writer at a time
            sql = f"{sql} {lock}"
        return connection.one(sql, (id,)) is not None

    def _insert(self, connection: Connection, rows: Sequence[KeyRow]) -> None:
        connection.executemany(
            f"INSERT INTO {self._prefix}wrapped_keys ({_ROW}) VALUES (?, ?, ?, ?, ?)",
            [(row.id, row.kind, row.parent, row.wrapped, row.made_us) for row in rows],
        )

    def _delete(self, connection: Connection, ids: Sequence[str]) -> None:
        connection.executemany(
            f"DELETE FROM {self._prefix}wrapped_keys WHERE id = ?", [(one,) for one in ids]
        )
        connection.execute(f"UPDATE {self._prefix}keys_version SET n = n + 1")

    def _rows(self, sql: str, params: Sequence[str]) -> list[KeyRow]:
        def work(connection: Connection) -> list[KeyRow]:
            return [_row(row) for row in connection.rows(sql.format(self._prefix, _ROW), params)]

        return self._read(work)


def _row(row: Row) -> KeyRow:
    return KeyRow(id=row[0], kind=row[1], parent=row[2], wrapped=row[3], made_us=row[4])


def key_rows(folder: Path, *, url: str) -> KeyRows:
    """Return the wrapped keys of the installation whose database is at that address.

    For a file: `keys.sqlite` in the folder of the root keys; on a server: its schema `keys`.
    """
    if url.startswith("sqlite:"):
        return file_rows(folder)

    def connect() -> Connection:
        from remit.store.postgres import key_session

        return key_session(url)

    return KeyRows(connect)


def file_rows(folder: Path) -> KeyRows:
    """Return the wrapped keys in the file of a folder."""

    def connect() -> Connection:
        from remit.store.sqlite import key_file

        return key_file(folder / KEY_ROWS)

    return KeyRows(connect)
