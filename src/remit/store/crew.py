"""Who writes to a server: threads with a session each, and the units that they bring to an end."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

from remit.domain.entry import Entry
from remit.store.connection import Connection
from remit.store.journal import ChainPort, Written
from remit.store.lanes import Unit
from remit.store.ready import Ready

RETRY_SECONDS: Final = 0.05
FULL_SECONDS: Final = 1.0


@dataclass(slots=True)
class Session:
    """A connection and the chain of what it has written."""

    connection: Connection
    chain: ChainPort


@dataclass(slots=True)
class Attempt:
    """What one run of a unit made and wrote."""

    value: Any
    made: tuple[Entry, ...]
    woken: tuple[Ready, ...]
    written: tuple[Written, ...]


@dataclass(slots=True)
class Trial:
    """A unit on its way: how often it was tried, and what nobody knows of its last commit."""

    unit: Unit
    clashes: int = 0
    away_until: float | None = None
    pause: float = RETRY_SECONDS
    doubt: Attempt | None = None


@dataclass(slots=True)
class Crew:
    """The threads, and what they do; `Lanes.changed` guards it."""

    threads: list[threading.Thread] = field(default_factory=list)
    idle: int = 0
    ordinary: int = 0  # units of the ordinary lane that are being written
    full_until: float = 0.0  # the server had no room for one more: so long nobody asks again

    def grows(self, waiting: int, most: int) -> bool:
        """Is one more thread worth its session?"""
        return (
            waiting > self.idle
            and len(self.threads) < most
            and time.monotonic() >= self.full_until
        )

    def leave(self, thread: threading.Thread) -> bool:
        """Go on without a thread that found no room, if others are there to do its work."""
        if self.threads == [thread]:
            return False
        self.threads.remove(thread)
        self.full_until = time.monotonic() + FULL_SECONDS
        return True
