"""What a caller gets for committed work: where its entries are, and how far they have come."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import field
from typing import Final, Generic, Literal, TypeVar

from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.store.ready import Ready

T = TypeVar("T")

Level = Literal["durable", "sequenced"]
PROOF_SECONDS: Final = 10.0
Pairs = tuple[tuple[str, int], ...]  # case id and seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Positions in the log, and the size of a signed tree that holds them all."""

    positions: tuple[int, ...]
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An entry in a signed tree: whoever has its leaf and the public key can check it."""

    position: int
    leaf_hash: bytes
    checkpoint: bytes  # the signed note
    proof: bytes  # the way from the leaf to the checkpoint, as C2SP tlog-proof writes both


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt(Generic[T]):
    """What a committed unit returns: durable at least, sequenced where `place` is known."""

    value: T
    entries: Pairs
    hashes: tuple[bytes, ...] = ()  # of the leaves
    place: Place | None = None
    seek: Callable[[Pairs], "Future[Place]"] | None = field(default=None, repr=False)
    prover: Callable[[int], Proven] | None = field(default=None, repr=False)

    @property
    def level(self) -> Level:
        """The level that was reached when this was returned."""
        return "durable" if self.place is None else "sequenced"

    @property
    def size(self) -> int | None:
        """The size of the signed tree that holds the entries, once that is known."""
        return None if self.place is None else self.place.size

    def sequenced(self) -> "Future[Place]":
        """Return what ends once the entries are numbered under a signed checkpoint."""
        if self.place is None and self.seek is not None:
            return self.seek(self.entries)
        done: Future[Place] = Future()
        done.set_result(self.place or Place(positions=(), size=0))
        return done

    def proof(self, *, seconds: float = PROOF_SECONDS) -> tuple[Proven, ...]:
        """Return what proves each entry; waits where it is not numbered yet.

        Raises `TimeoutError`, and `LedgerMismatchError` where the stored tree has a hole.
        """
        place, prover = self.sequenced().result(seconds), self.prover
        return () if prover is None else tuple(prover(one) for one in place.positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What is durable: entries in order, and the cases that became ready.

    `size` is that of the signed tree which ends with them, None where they wait for a place.
    """

    entries: tuple[Entry, ...]
    ready: tuple[Ready, ...]
    size: int | None
