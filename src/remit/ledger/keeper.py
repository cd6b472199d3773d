"""The keeper: runs the sequencer wherever it gets the lock, in one process of a deployment."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from remit.errors import LedgerMismatchError, StorageError, UnsafeDatabaseError
from remit.ledger.append import Journal
from remit.ledger.sequencer import Sequencer, SteppedDown
from remit.store import locks
from remit.store.connection import Connection
from remit.store.database import Database

BUSY_SECONDS: Final = 0.002
IDLE_SECONDS_MAX: Final = 0.05
LOCK_SECONDS: Final = 0.5  # between two tries for the lock: a takeover takes no longer
DRAIN_SECONDS_MAX: Final = 10.0
LOCK: Final = locks.key("remit/sequencer/v1")

_log = logging.getLogger("remit.ledger")


def _pending(connection: Connection) -> int:
    return int(connection.value("SELECT COUNT(*) FROM pending"))


class Keeper:
    """Sequences in a thread of its own; on SQLite, where a commit sequences, it does nothing.

    `idle` keeps it from beginning, for a record that is only read. Raises `LedgerMismatchError`
    where it gets the lock at once and the stored tree is not what its head says. Later that ends
    it, and `on_trouble` is told.
    """

    def __init__(
        self,
        database: Database,
        journal: Journal,
        *,
        on_trouble: Callable[[Exception], None] = lambda _: None,
        idle: bool = False,
    ) -> None:
        self.points: list[Callable[[str], None]] = []
        self.on_trouble = on_trouble
        self._database = database
        self._journal = journal
        self._connection: Connection | None = None
        self._sequencer: Sequencer | None = None
        self._work = threading.Event()
        self._closing = threading.Event()
        self._steps = threading.Condition()
        self._empty = 0  # how often nothing was pending
        self._thread: threading.Thread | None = None
        if database.dialect == "postgresql" and not idle:
            try:
                self._lead()
            except BaseException:
                self._drop()
                raise
            self._thread = threading.Thread(target=self._run, name="remit-keeper", daemon=True)
            self._thread.start()

    @property
    def leads(self) -> bool:
        """Whether this process sequences now."""
        return self._sequencer is not None

    def nudge(self) -> None:
        """Say that something is pending, so that it need not wait for the next look."""
        self._work.set()

    def drain(self, *, seconds: float = DRAIN_SECONDS_MAX) -> bool:
        """Wait until all that is committed now has its position; False where that took too long.

        A process that does not lead looks whether the one that does is done.
        """
        if self._thread is None:
            return True
        deadline = time.monotonic() + seconds
        # A look that began before this call may have missed what was committed just before it.
        looks = self._empty + 2
        while time.monotonic() < deadline:
            self.nudge()
            if self.leads:
                with self._steps:
                    if self._empty >= looks:
                        return True
                    self._steps.wait(BUSY_SECONDS)
                continue
            try:
                if not self._database.read(_pending):
                    return True
            except StorageError as error:
                _log.warning("what waits for its place cannot be counted: %s", error)
            threading.Event().wait(IDLE_SECONDS_MAX)
        return False

    def close(self) -> None:
        """Sequence what is pending, if this process leads, and give the lock free."""
        if self._thread is None:
            return
        if self.leads and not self._closing.is_set():
            self.drain()
        self._closing.set()
        self.nudge()
        self._thread.join()
        self._drop()

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = BUSY_SECONDS
        while not self._closing.is_set():
            try:
                done = self._look()
            except (LedgerMismatchError, UnsafeDatabaseError) as error:
                self._drop()
                _log.error("the sequencer stops: %s", error)
                self.on_trouble(error)
                return
            except SteppedDown:
                _log.warning("another sequencer has the log; this one waits for the lock")
                self._drop()
                done = None
            except StorageError as error:
                _log.warning("the sequencer lost its session: %s", error)
                self._drop()
                done = None
            if done is None:
                self._closing.wait(LOCK_SECONDS)  # however often this process commits meanwhile
                continue
            pause = BUSY_SECONDS if done else min(pause * 2, IDLE_SECONDS_MAX)
            if not done:
                self._work.wait(pause)
                self._work.clear()

    def _look(self) -> int | None:
        """Take one step; None where another process has the lock."""
        if self._sequencer is None and not self._lead():
            return None
        sequencer = self._sequencer
        if sequencer is None:
            return None
        done = sequencer.step()
        if done:
            self._journal.on_step()
        else:
            with self._steps:
                self._empty += 1
                self._steps.notify_all()
        return done

    def _lead(self) -> bool:
        connection = self._connection = self._connection or self._database.sequencer()
        if not connection.value("SELECT pg_try_advisory_lock(?)", (LOCK,)):
            return False
        sequencer = Sequencer(connection, self._journal.tree())
        sequencer.points = self.points
        sequencer.start()
        self._sequencer = sequencer
        return True

    def _drop(self) -> None:
        self._sequencer = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
