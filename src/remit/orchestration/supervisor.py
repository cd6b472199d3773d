"""The supervisor: each worker shows that it lives and watches the others; the gone are taken over.

A worker holds a lock of its own for the life of one session. Whoever can take that lock knows that
the worker is gone. One that holds it and is not heard of is frozen or cut off: its sessions are
ended where the role may, and its cases are taken over all the same.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from remit.errors import StorageError
from remit.orchestration import takeover
from remit.orchestration.dbos import Queue, Taken
from remit.store import workers
from remit.store.connection import Connection
from remit.store.streams import REASSIGNED, wrote
from remit.store.unit import UnitOfWork
from remit.store.workers import Seen, Worker
from remit.store.writer import Writer

LOOK_SECONDS: Final = 0.5
BEAT_SECONDS: Final = 2.0
FROZEN_SECONDS: Final = 15.0
SETTLE_SECONDS: Final = 5.0  # after a lost session the others need a moment to come back too
SWEEP_SECONDS: Final = 60.0

log = logging.getLogger("remit.supervisor")


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """Runs in a thread of its own, so that a busy event loop is not taken for a frozen process."""

    worker: Worker
    open_session: Callable[[], Connection]
    queue: Queue
    writer: Writer
    new_id: Callable[[], str]
    begin_again: Callable[[str], None]  # under a new id: the old one was declared gone
    frozen_seconds: float = FROZEN_SECONDS
    taken_over: int = 0
    _session: Connection | None = None
    _patient_until: float = 0.0
    _beaten: float = 0.0
    _swept: float = field(default_factory=time.monotonic)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Be seen as a worker before the first case is taken, then watch.

        Raises `StorageUnavailableError`.
        """
        self._connect()
        self._thread = threading.Thread(target=self._run, name="remit-supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End as a worker: its cases are finished or queued again."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        session, self._session = self._session, None
        if session is None:
            return
        try:
            workers.end(session, self.worker.name)
        except StorageError as error:  # the others will see that the lock is free
            log.warning("the end of this worker was not noted: %s", error.code)
        session.close()

    def _run(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self.look()
            except StorageError as error:
                log.warning("the supervisor lost its session: %s", error.code)
                self._drop()
            except Exception:  # whoever watches the others must not die of one of them
                log.exception("the supervisor could not look; it tries again")
                self._drop()

    def look(self) -> None:
        """Show that this worker lives, and look once for others that do not."""
        session = self._session or self._connect()
        now = time.monotonic()
        if now - self._beaten >= BEAT_SECONDS:
            if not workers.beat(session, self.worker.name):
                self._reborn()
                return
            self._beaten = now
        if now < self._patient_until:
            return
        if now - self._swept >= SWEEP_SECONDS:
            self._swept = now
            self._sweep(session)
        for other in workers.alive(session):
            if other.worker.name == self.worker.name:
                continue
            if workers.hold(session, other.worker.name):
                try:
                    self._take_over(session, other)
                finally:
                    workers.let_go(session, other.worker.name)
            elif other.silent_seconds > self.frozen_seconds:
                ended = workers.cut_off(session, other.worker.sessions)
                log.warning(
                    "worker %s is silent for %d s; %d of its sessions were ended",
                    other.worker.name, int(other.silent_seconds), ended,
                )  # fmt: skip
                self._take_over(session, other)

    # -- being seen ------------------------------------------------------------------------------

    def _connect(self) -> Connection:
        session = self.open_session()
        try:
            # The lock comes first: a row without it is a worker that is gone. A session that was
            # lost a moment ago may hold it until the server notices; then we try again.
            workers.demand(session, self.worker.name)
            workers.begin(session, self.worker)
        except BaseException:
            session.close()
            raise
        self._session = session
        self._beaten = 0.0
        return session

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
        self._patient_until = time.monotonic() + SETTLE_SECONDS

    def _reborn(self) -> None:
        """Go on as another worker: this one was declared gone, and is fenced from its cases."""
        old = self.worker.name
        self.worker = replace(self.worker, name=self.new_id())
        log.warning("worker %s was declared gone and goes on as %s", old, self.worker.name)
        self._drop()
        self._connect()
        self.begin_again(self.worker.name)

    # -- taking over -----------------------------------------------------------------------------

    def _take_over(self, session: Connection, gone: Seen) -> None:
        """Reassign what a worker had in hand; whoever does it twice finds it done."""
        name = gone.worker.name
        held = self.queue.held(name)
        for entry in held:
            self._reassign(entry, name)
        workers.end(session, name)
        self.taken_over += 1
        log.warning("worker %s is gone; %d of its runs were reassigned", name, len(held))

    def _sweep(self, session: Connection) -> None:
        """Reassign what is held in the name of a worker that has ended."""
        alive = {seen.worker.name for seen in workers.alive(session)}
        for name, held in self.queue.taken().items():
            if name not in alive:
                for entry in held:
                    self._reassign(entry, name)

    def _reassign(self, entry: Taken, name: str) -> None:
        """Fence the run that a worker had; the entry makes the case ready, and so queues it."""

        def work(uow: UnitOfWork) -> None:
            uow.lock(entry.case_id)
            # Somebody may have begun this takeover and not ended it.
            if not wrote(uow.connection, entry.case_id, REASSIGNED, after=entry.seq):
                takeover.reassign(uow, entry.case_id, name)

        self.writer.run(work, lane="control", streams=(entry.case_id,))
        self.queue.withdraw([entry.id])
