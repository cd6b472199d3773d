"""Work that waits for a writer: two lanes with room of their own, the control lane first."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import InvalidStateError
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from remit.errors import BusyError, LedgerMismatchError, StorageError
from remit.store.unit import UnitOfWork

Lane = Literal["ordinary", "control"]

LANE_UNITS_MAX: Final[dict[Lane, int]] = {"ordinary": 8192, "control": 2048}


class Answer(Protocol):
    """Where a caller gets the result; `Future` of `concurrent.futures` is one."""

    def set_running_or_notify_cancel(self) -> bool:
        """Return whether somebody still waits."""

    def set_result(self, result: Any, /) -> None:
        """Give the result, in any thread."""

    def set_exception(self, error: BaseException, /) -> None:
        """Give the error, in any thread."""


@dataclass(slots=True)
class Unit:
    """A piece of work with the answer to its caller; `streams` are locked before it begins."""

    work: Callable[[UnitOfWork], Any]
    future: Answer
    lane: Lane = "ordinary"
    streams: Sequence[str] = ()

    def succeed(self, result: object) -> None:
        """Answer the caller, who may have been answered before."""
        try:
            self.future.set_result(result)
        except InvalidStateError:
            return

    def fail(self, error: BaseException) -> None:
        """Answer the caller with an error, unless there was an answer before."""
        try:
            self.future.set_exception(error)
        except InvalidStateError:
            return
        self.deliver()

    def deliver(self) -> None:
        """Bring answers that are collected to whoever waits; many at once cost one call."""
        deliver = getattr(self.future, "deliver", None)
        if deliver is not None:
            deliver()


class Lanes:
    """The queue before a writer; whoever takes from it holds `changed`."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.closing = False
        self.ended: BaseException | None = None
        self._queues: dict[Lane, deque[Unit]] = {"control": deque(), "ordinary": deque()}

    def put(self, unit: Unit, *, wake: bool = True) -> None:
        """Queue a unit; raises `BusyError` at once where its lane is full.

        `wake` somebody who waits in `changed`. After a fork or a mismatch every caller is told.
        """
        with self.changed:
            if isinstance(self.ended, LedgerMismatchError):
                raise StorageError(f"nothing is appended: {self.ended}") from self.ended
            if self.ended is not None or self.closing:
                raise StorageError("the writer has ended; start Remit again") from self.ended
            queue = self._queues[unit.lane]
            if len(queue) >= LANE_UNITS_MAX[unit.lane]:
                raise BusyError(f"{len(queue)} writes are waiting already; try again in a second")
            queue.append(unit)
            if wake:
                self.changed.notify()

    def depth(self, lane: Lane) -> int:
        """Return how many units wait in a lane."""
        return len(self._queues[lane])

    def take(self, most: int) -> list[Unit]:
        """Take so many units that nobody has cancelled, the control lane first; hold `changed`."""
        taken: list[Unit] = []
        for queue in self._queues.values():
            while queue and len(taken) < most:
                unit = queue.popleft()
                if unit.future.set_running_or_notify_cancel():
                    taken.append(unit)
        return taken

    def next(self, *, ordinary: bool = True) -> Unit | None:
        """Take the next unit that nobody has cancelled; hold `changed`."""
        for lane in ("control", "ordinary") if ordinary else ("control",):
            queue = self._queues[lane]
            while queue:
                unit = queue.popleft()
                if unit.future.set_running_or_notify_cancel():
                    return unit
        return None

    def close(self) -> None:
        """Take nothing more; what is queued is still done."""
        with self.changed:
            self.closing = True
            self.changed.notify_all()

    def end(self, error: BaseException) -> list[Unit]:
        """Refuse from now on, and return what will not be done."""
        with self.changed:
            if self.ended is None:
                self.ended = error
            left = [unit for queue in self._queues.values() for unit in queue]
            for queue in self._queues.values():
                queue.clear()
            self.changed.notify_all()
        return left
