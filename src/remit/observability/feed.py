"""What just happened, for pages that are open: names and ids after each commit, never content."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from remit.domain.entry import Entry

LISTENERS_MAX = 256
EVENTS_QUEUED_MAX = 1_000
UNTOLD = "governance:check"  # whoever listens would know which item measures them

Told = tuple[int | None, str, str]  # position where it is known, event, case


class Feed:
    """Fans committed entries out to listeners; who is too slow misses some and asks again."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Told]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Tell listeners on this loop from now on."""
        self._loop = loop

    def tell(self, entries: Sequence[Entry], *, size: int | None) -> None:
        """Tell what was committed; `size` is the ledger's after it. Safe from any thread."""
        if self._listeners and self._loop is not None and not self._loop.is_closed():
            first = None if size is None else size - len(entries)
            told: list[Told] = [
                (None if first is None else first + n, one.event, one.case_id)
                for n, one in enumerate(entries)
                if not one.event.startswith(UNTOLD)
            ]
            self._loop.call_soon_threadsafe(self._queue, told)

    async def listen(self) -> AsyncIterator[Told]:
        """Yield what is committed while this is listened to."""
        queue: asyncio.Queue[Told] = asyncio.Queue(EVENTS_QUEUED_MAX)
        if len(self._listeners) >= LISTENERS_MAX:
            return
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    def _queue(self, told: list[Told]) -> None:
        for queue in self._listeners:
            for one in told:
                if not queue.full():
                    queue.put_nowait(one)
