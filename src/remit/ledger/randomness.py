"""Random bytes by the page: the system is asked once for what many small draws need."""

import os
import threading
from collections.abc import Callable
from typing import Final

PAGE_BYTES: Final = 4096


class RandomPages:
    """Gives out each random byte once; safe from any thread and after a fork."""

    def __init__(self, source: Callable[[int], bytes]) -> None:
        self._source = source
        self._guard = threading.Lock()
        self._page = b""
        self._used = 0
        self._process = 0

    def __call__(self, size: int) -> bytes:
        """Return that many random bytes."""
        if size > PAGE_BYTES:
            return self._source(size)
        with self._guard:
            end = self._used + size
            if end > len(self._page) or self._process != os.getpid():
                self._page, self._process = self._source(PAGE_BYTES), os.getpid()
                self._used, end = 0, size
            drawn = self._page[self._used : end]
            self._used = end
        return drawn
