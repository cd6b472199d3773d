"""Places for the readers of a server: so many at once, and one inside another is one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from remit.errors import SessionsExhaustedError

WAIT_SECONDS_MAX: Final = 5.0


class Readers:
    """Those of one process."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = threading.BoundedSemaphore(number)
        self._of = threading.local()  # `taken` where this thread has one

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a place until the block ends; raises `SessionsExhaustedError` after a while."""
        if getattr(self._of, "taken", False):
            yield
            return
        if not self._free.acquire(timeout=WAIT_SECONDS_MAX):
            raise SessionsExhaustedError(
                f"all {self._number} sessions for reading are taken; "
                "try again, or set a higher `sessions_max` in `remit.toml`"
            )
        self._of.taken = True
        try:
            yield
        finally:
            self._of.taken = False
            self._free.release()
