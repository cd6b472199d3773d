"""How long a test of faults goes on: a sample in the suite, the long form in `make torture`."""

import os
import sys
import time

LONG = os.environ.get("REMIT_PROFILE") == "torture"
PROGRESS_SECONDS = 5.0


def times(short: int, *, long: int) -> int:
    """Return how often something is done here."""
    return long if LONG else short


class Progress:
    """Tells on standard error, every few seconds of a long form, how much is left."""

    def __init__(self, what: str, of: int) -> None:
        self.what = what
        self.of = of
        self._began = self._told = time.monotonic()

    def reached(self, done: int, more: str = "") -> None:
        """Say how much is done, unless that was said just now."""
        now = time.monotonic()
        if not LONG or now - self._told < PROGRESS_SECONDS:
            return
        self._told = now
        left = (now - self._began) / max(1, done) * (self.of - done)
        line = f"   {self.what}: {done:,} of {self.of:,}, {max(0.0, left):,.0f} s left"
        print(f"{line}{', ' + more if more else ''}", file=sys.__stderr__, flush=True)
