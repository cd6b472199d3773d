"""Waiting for a place in the log: one reader of a process asks for all who wait."""

import threading
from concurrent.futures import Future
from typing import Final

from remit.errors import StorageError
from remit.store import entries
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.receipt import Pairs, Place

LOOK_SECONDS: Final = 0.002
LOOK_SECONDS_MAX: Final = 0.05
PAIRS_MAX: Final = 500  # of one query


class Places:
    """Answers who wants to know when their entries are numbered under a signed checkpoint."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._waiting: list[tuple[Pairs, Future[Place]]] = []
        self._thread: threading.Thread | None = None
        self._closing = False
        self._moved = threading.Event()

    def moved(self) -> None:
        """Say that entries got their places, so that nobody waits for the next look."""
        self._moved.set()

    def seek(self, pairs: Pairs) -> "Future[Place]":
        """Return what ends with the places of these entries."""
        future: Future[Place] = Future()
        if not pairs:
            future.set_result(Place(positions=(), size=0))
            return future
        with self._changed:
            if self._closing:
                future.set_exception(StorageError("the writer has ended; start Remit again"))
                return future
            self._waiting.append((pairs, future))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="remit-places", daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def close(self) -> None:
        """Look once more, then let go of whoever still waits."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._moved.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        pause = LOOK_SECONDS
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                closing = self._closing
                waiting = [one for one in self._waiting if not one[1].cancelled()]
            answered = self._look(waiting)
            with self._changed:
                self._waiting = [
                    one for one in self._waiting if not one[1].done() and not one[1].cancelled()
                ]
                if closing:
                    break
            pause = LOOK_SECONDS if answered else min(pause * 2, LOOK_SECONDS_MAX)
            self._moved.wait(pause)
            self._moved.clear()
        for _, future in self._waiting:
            if future.set_running_or_notify_cancel():
                future.set_exception(StorageError("the writer ended before the entry had a place"))

    def _look(self, waiting: list[tuple[Pairs, "Future[Place]"]]) -> bool:
        answered = False
        while waiting:
            some, pairs = list[tuple[Pairs, Future[Place]]](), list[tuple[str, int]]()
            while waiting and (not some or len(pairs) + len(waiting[0][0]) <= PAIRS_MAX):
                some.append(waiting.pop(0))
                pairs.extend(some[-1][0])

            def ask(c: Connection, p: list[tuple[str, int]] = pairs) -> entries.Places:
                return entries.positions(c, p)

            try:
                found, size = self._database.read(ask)
            except StorageError:
                return answered  # the server is away: whoever waits goes on waiting
            for wanted, future in some:
                if all(pair in found for pair in wanted):
                    answered = True
                    if future.set_running_or_notify_cancel():
                        place = Place(positions=tuple(found[one] for one in wanted), size=size)
                        future.set_result(place)
        return answered
