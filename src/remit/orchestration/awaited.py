"""Writes that coroutines wait for: all answers of one commit come in one call of the loop."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from remit.store.unit import UnitOfWork
from remit.store.writer import Lane, Receipt, Writer

T = TypeVar("T")


def submit(
    writer: Writer,
    work: Callable[[UnitOfWork], T],
    *,
    lane: Lane = "ordinary",
    streams: Sequence[str] = (),
) -> asyncio.Future[Receipt[T]]:
    """Queue a piece of work; the future ends when it is durable, or with what it raised."""
    loop = asyncio.get_running_loop()
    box = _BOXES.get(loop)
    if box is None:
        box = _BOXES[loop] = _Box(loop)
    future: asyncio.Future[Receipt[T]] = loop.create_future()
    writer.tell(work, _Awaited(box, future), lane=lane, streams=streams)
    return future


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait until each has ended."""
    begun = [one for one in tasks if one is not None]
    for one in begun:
        one.cancel()
    await asyncio.gather(*begun, return_exceptions=True)


class _Box:
    """Answers on their way to one loop."""

    __slots__ = ("_called", "_left", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._called = False

    def leave(
        self, future: asyncio.Future[Any], result: object, error: BaseException | None
    ) -> None:
        """Leave an answer; whoever takes it is called by `deliver`."""
        self._left.append((future, result, error))

    def deliver(self) -> None:
        """Have the loop take what was left, unless it is about to."""
        if self._left and not self._called:
            self._called = True
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
                self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._called = False
        while self._left:
            future, result, error = self._left.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
                future.exception()  # heard: perhaps nobody comes to wait for it


class _Awaited:
    """What a writer answers; see `remit.store.lanes.Answer`."""

    __slots__ = ("_box", "_future")

    def __init__(self, box: _Box, future: asyncio.Future[Any]) -> None:
        self._box = box
        self._future = future

    def set_running_or_notify_cancel(self) -> bool:
        return not self._future.cancelled()

    def set_result(self, result: object) -> None:
        self._box.leave(self._future, result, None)

    def set_exception(self, error: BaseException) -> None:
        self._box.leave(self._future, None, error)

    def deliver(self) -> None:
        self._box.deliver()


_BOXES: WeakKeyDictionary[asyncio.AbstractEventLoop, _Box] = WeakKeyDictionary()
