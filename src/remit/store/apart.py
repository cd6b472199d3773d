"""Rows that stand apart from the record: a file of their own, or a schema of the database."""

import threading
from collections.abc import Callable
from typing import ClassVar, TypeVar

from remit.errors import StorageError, StorageUnavailableError
from remit.store import locks
from remit.store.connection import Connection
from remit.store.schema import translate

T = TypeVar("T")


class Apart:
    """One connection, opened when it is first needed and again after `close`; any thread may ask.

    A statement names its tables with `{0}` before them: the schema on PostgreSQL.
    """

    schema: ClassVar[str]
    probe: ClassVar[str]  # a table that is there once somebody was here
    statements: ClassVar[tuple[str, ...]]

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._guard = threading.RLock()
        self._connection: Connection | None = None
        self._prefix = ""

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._guard:
            used = self._connection is not None
            try:
                return self._do(work)
            except StorageUnavailableError:
                if not used:
                    raise
                return self._do(work)  # it died while it was idle: one fresh try

    def _write(self, work: Callable[[Connection], T]) -> T:
        def whole(connection: Connection) -> T:
            connection.begin(write=True)
            made = work(connection)
            connection.commit()
            return made

        return self._do(whole)

    def _do(self, work: Callable[[Connection], T]) -> T:
        with self._guard:
            connection = self._connection or self._opened()
            try:
                return work(connection)
            except BaseException:
                # Whatever happened to it: the next one begins with a sound connection.
                self.close()
                raise

    def _opened(self) -> Connection:
        connection = self._connect()
        try:
            self._prefix = f"{self.schema}." if connection.dialect == "postgresql" else ""
            try:
                connection.value(f"SELECT COUNT(*) FROM {self._prefix}{self.probe}")
            except StorageError:  # nobody was here yet
                self._create(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _create(self, connection: Connection) -> None:
        connection.begin(write=True)
        if self._prefix:
            locks.hold(connection, f"remit/{self.schema}")  # several processes may come at once
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self.schema}")
        for statement in self.statements:
            connection.execute(translate(statement.format(self._prefix), connection.dialect))
        connection.commit()
