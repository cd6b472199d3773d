"""Keeping SQLite's write-ahead log short: most of it is moved beside the writer, the rest by it.

While somebody writes, a checkpoint beside them never reaches the log's end, and a log begins anew
only from there. So a thread moves the bulk, and the writer moves what has come since.
"""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from remit.errors import StorageError
from remit.store.connection import Connection

LOG_BYTES_MAX: Final = 16 * 1024 * 1024
PAGE_BYTES: Final = 8192
COMMITS_MIN: Final = 8  # between two checkpoints
COMMITS_MAX: Final = 16_384

_CHECKPOINT: Final = "PRAGMA wal_checkpoint(PASSIVE)"
_log = logging.getLogger("remit.store")


class LogKeeper:
    """Counts the writer's commits, since the size of a log that is written over says nothing."""

    def __init__(self, log: Path, connect: Callable[[], Connection]) -> None:
        self._log = log
        self._connect = connect
        self._commits = 0  # since the log began anew
        self._due: int | None = None  # None until a first checkpoint has told what a commit weighs
        self._length = 0  # pages of the log when its bulk was moved
        self._thread: threading.Thread | None = None

    def committed(self, connection: Connection) -> None:
        """Note a commit of this connection; move the log where there is enough of it."""
        self._commits += 1
        if self._thread is not None:
            if not self._thread.is_alive():
                self._thread = None
                self._learn()
                _, length, moved = connection.rows(_CHECKPOINT)[0]
                self._commits = 0
                if moved < length and self._due is not None:  # a reader holds the rest
                    self._due = COMMITS_MIN
        elif self._is_due():
            self._length = 0
            self._thread = threading.Thread(target=self._bulk, name="remit-log", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait for a checkpoint that is under way."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _is_due(self) -> bool:
        if self._due is not None:
            return self._commits >= self._due
        try:
            return self._log.stat().st_size > LOG_BYTES_MAX
        except OSError:
            return False

    def _bulk(self) -> None:
        try:
            connection = self._connect()
            try:
                self._length = connection.rows(_CHECKPOINT)[0][1]
            finally:
                connection.close()
        except StorageError as error:
            _log.warning("the log could not be moved into the file: %s", error)

    def _learn(self) -> None:
        """Learn from the moved log after how many commits it will be as long again."""
        if self._length:
            fitting = LOG_BYTES_MAX // PAGE_BYTES * self._commits // self._length
            self._due = min(max(fitting, COMMITS_MIN), COMMITS_MAX)
