"""Acknowledgement: waits until a write has come as far in the log as its reader demands."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from remit.domain.acknowledgement import Acknowledgement, Act, demanded_by
from remit.errors import NotAcknowledgedError, StorageError
from remit.store.receipt import Place, Receipt

T = TypeVar("T")

ACKNOWLEDGE_SECONDS: Final = 10.0


class Witnessed(Protocol):
    """Those outside who keep checkpoints; all who wait for one share its round trip.

    `remit.ledger.anchoring.Anchors.witnessed` is it.
    """

    def __call__(self, size: int, *, timeout_seconds: float) -> bool:
        """Return whether enough of them keep a checkpoint of at least this size by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How far a write has come; whoever holds this may act on it up to that level."""

    level: Acknowledgement
    entries: tuple[tuple[str, int], ...]  # case id and seq
    hashes: tuple[bytes, ...]  # of the leaves
    place: Place | None = None


@dataclass(slots=True, kw_only=True)
class Acknowledger:
    """Waits for levels; `witnessed` is None where nobody outside keeps checkpoints."""

    witnessed: Witnessed | None = None
    seconds: float = ACKNOWLEDGE_SECONDS

    @property
    def outside(self) -> bool:
        """Whether somebody outside keeps checkpoints."""
        return self.witnessed is not None

    async def reach(self, receipt: Receipt[T], level: Acknowledgement) -> Reached:
        """Wait until a write reaches a level; return how far it has come when time is up."""
        until = time.monotonic() + self.seconds
        reached, place = Acknowledgement.DURABLE, receipt.place
        if place is None and level is not Acknowledgement.DURABLE:
            place = await self._place(receipt, until)
        if place is not None:
            reached = Acknowledgement.SEQUENCED
            if level is Acknowledgement.WITNESSED and await self._confirmed(place, until):
                reached = level
        return Reached(level=reached, entries=receipt.entries, hashes=receipt.hashes, place=place)

    def require(self, receipt: Receipt[T], act: Act) -> T:
        """Wait until an act has come as far as its kind must; not for the thread of an event loop.

        Raises `NotAcknowledgedError` where time is up: nothing may rest on the act yet. What comes
        later in the log comes later in its acknowledgement, too.
        """
        until = time.monotonic() + self.seconds
        level = demanded_by(act, outside=self.outside)
        try:
            place = receipt.place or receipt.sequenced().result(self.seconds)
        except (TimeoutError, StorageError) as error:
            raise self._late(act, level) from error
        self.covered(place.size, act, seconds=until - time.monotonic())
        return receipt.value

    def covered(self, size: int | None, act: Act, *, seconds: float | None = None) -> None:
        """Wait until a signed tree of this size has come as far as an act must.

        Raises `NotAcknowledgedError` where time is up, or the act is in no signed tree yet.
        """
        level = demanded_by(act, outside=self.outside)
        if size is None:
            raise self._late(act, level)
        if level is not Acknowledgement.WITNESSED or self.witnessed is None:
            return
        left = self.seconds if seconds is None else seconds
        if left <= 0 or not self.witnessed(size, timeout_seconds=left):
            raise self._late(act, level)

    def _late(self, act: Act, level: Acknowledgement) -> NotAcknowledgedError:
        return NotAcknowledgedError(
            f"the {act} is written and kept, but is not {level} within {self.seconds:g} s, so "
            "nothing rests on it yet; see that the ledger and its anchors answer, and run this "
            "again"
        )

    async def _place(self, receipt: Receipt[T], until: float) -> Place | None:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await asyncio.wrap_future(receipt.sequenced())
        except (TimeoutError, StorageError):
            return None

    async def _confirmed(self, place: Place, until: float) -> bool:
        witnessed, left = self.witnessed, until - time.monotonic()
        if witnessed is None or left <= 0:
            return False
        return await asyncio.to_thread(witnessed, place.size, timeout_seconds=left)
