"""What a judge makes of recoveries: which origin signs from where, and what was named as lost."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from remit.ledger.checkpoint import Checkpoint
from remit.ledger.leaf import Leaf

RECOVERED: Final = "ledger:origin:recovered"


@dataclass(frozen=True, slots=True)
class Recovery:
    """An entry `ledger:origin:recovered`: which tree ended where, and what of it was lost."""

    old: str
    new: str
    size: int
    first: int
    last: int
    line: str

    @classmethod
    def read(cls, leaf: Leaf) -> "Recovery | None":
        """Return what a leaf says; None where it is malformed."""
        body = leaf.body
        words = [body.get(name) for name in ("old_origin", "origin", "reason")]
        numbers = [body.get(name) for name in ("old_size", "lost_from", "lost_to")]
        persons = body.get("persons")
        if not (
            all(isinstance(one, str) for one in words)
            and all(isinstance(one, int) for one in numbers)
            and isinstance(persons, list)
        ):
            return None
        old, new, reason = map(str, words)
        size, first, last = (one for one in numbers if isinstance(one, int))
        who = ", ".join(str(one) for one in persons)
        line = f"recovered {old} ended at {size}; {first}..{last} of it lost ({reason}, by {who})"
        return cls(old, new, size, first, last, line)

    def names(self, stated: Checkpoint) -> bool:
        """Is a checkpoint of what this names as lost?"""
        return stated.origin == self.old and self.first < stated.size <= self.last + 1


@dataclass(slots=True)
class Recoveries:
    """All recoveries of a record, and what can only be judged once they are known."""

    found: list[Recovery] = field(default_factory=list)
    signers: dict[str, tuple[int, int]] = field(default_factory=dict)  # origin -> sizes it signed
    contradictions: list[tuple[int | None, Checkpoint, str]] = field(default_factory=list)

    def see(
        self, position: int, leaf: Leaf, bad: Callable[[str, int | None, str], None]
    ) -> list[str]:
        """Take up a recovery: from here on another origin signs. Return what a report says."""
        found = Recovery.read(leaf)
        before = self.origin_at(position) if self.found else None
        if found is None or found.size != position or before not in (None, found.old):
            bad("structure", position, "a recovery does not begin where the old tree ended")
            return []
        self.found.append(found)
        return [found.line]

    def signed(self, stated: Checkpoint) -> None:
        """Take note of a checkpoint that fits its entries."""
        low, _ = self.signers.get(stated.origin, (stated.size, 0))
        self.signers[stated.origin] = (low, stated.size)

    def against(self, position: int | None, stated: Checkpoint, text: str) -> None:
        """Take note of an anchor that does not fit: it may be of what was lost."""
        self.contradictions.append((position, stated, text))

    def end(self, bad: Callable[[str, int | None, str], None], *, origin: str) -> None:
        """Judge both; without an `origin` it is not known who signed before this part."""
        for signer, (low, high) in self.signers.items() if origin else ():
            if {self.origin_at(low) or origin, self.origin_at(high) or origin} != {signer}:
                text = f"checkpoints {low} to {high} are of origin `{signer}`"
                bad("signatures", max(low - 1, 0), text)
        for position, stated, text in self.contradictions:
            if not self.lost(stated):
                bad("anchors", position, text)

    def lost(self, stated: Checkpoint) -> bool:
        """Is a checkpoint of a tree that a recovery names as lost?"""
        return any(one.names(stated) for one in self.found)

    def origin_at(self, size: int) -> str:
        """Return the origin that signs a tree of this size; empty where none was recovered."""
        for one in self.found:
            if size <= one.size:
                return one.old
        return self.found[-1].new if self.found else ""
