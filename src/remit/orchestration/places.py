"""Places at what is scarce: so many calls of a model or a connector at once, the rest in line.

A place is held during the call only. Whoever stands in line for too long parks, and has spent no
try: the case comes again later, one after the other.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from remit.domain.value import Json
from remit.errors import CrowdedError

LINE_SECONDS_MAX: Final = 2.0
AGAIN_SECONDS: Final = 5.0
APART: Final = 10  # those who park come again in turn: each a second later than the last, and over

_FREE: Final = nullcontext[None]()


@dataclass(slots=True, kw_only=True)
class Places:
    """The places of one process, by target: `model:house`, `connector:shop`."""

    now: Callable[[], datetime]
    concurrent_max: Mapping[str, int] = field(default_factory=dict)
    line_seconds_max: float = LINE_SECONDS_MAX
    calling: Counter[str] = field(default_factory=Counter)
    waiting: Counter[str] = field(default_factory=Counter)
    parked: Counter[str] = field(default_factory=Counter)
    _free: dict[str, asyncio.Semaphore] = field(default_factory=dict)

    def one(self, target: str) -> AbstractAsyncContextManager[None]:
        """Take a place for a call until the block ends; raises `CrowdedError` after a while."""
        if target not in self.concurrent_max:
            return _FREE
        return _Place(self, target)

    def standing(self) -> dict[str, Json]:
        """Return calls, places and who is in line, by target with a limit."""
        return {
            target: {
                "calls": self.calling[target], "most": most, "in_line": self.waiting[target],
                "parked": self.parked[target],
            }
            for target, most in self.concurrent_max.items()
        }  # fmt: skip

    async def take(self, target: str) -> None:
        """Wait for a place; raises `CrowdedError`."""
        free = self._free.get(target)
        if free is None:
            free = self._free[target] = asyncio.Semaphore(self.concurrent_max[target])
        self.waiting[target] += 1
        try:
            async with asyncio.timeout(self.line_seconds_max):
                await free.acquire()
        except TimeoutError:
            later = AGAIN_SECONDS + self.parked[target] % APART
            self.parked[target] += 1
            raise CrowdedError(
                f"all {self.concurrent_max[target]} calls that `{target}` may have at once are "
                "under way; this one comes again later",
                target=target, until=self.now() + timedelta(seconds=later),
            ) from None  # fmt: skip
        finally:
            self.waiting[target] -= 1
        self.calling[target] += 1

    def give_back(self, target: str) -> None:
        """Give a place to the next in line."""
        self.calling[target] -= 1
        self._free[target].release()


def lowest(limits: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return one limit for each target: workflows that name the same one share its places."""
    found: dict[str, int] = {}
    for one in limits:
        for target, most in one.items():
            found[target] = min(most, found.get(target, most))
    return found


@dataclass(frozen=True, slots=True)
class _Place:
    places: Places
    target: str

    async def __aenter__(self) -> None:
        await self.places.take(self.target)

    async def __aexit__(self, *_: object) -> None:
        self.places.give_back(self.target)
