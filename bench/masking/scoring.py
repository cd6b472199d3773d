"""How finds are held against what an annotator marked, the same way for every system."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from bench.masking.sets import Document, Gold

IOU_MIN = 0.5
Find = tuple[int, int, str, float]


@dataclass(slots=True)
class Tally:
    """Counts of one set: by type, and of values that stay readable."""

    right: Counter[str] = field(default_factory=Counter)
    strict: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    gold: Counter[str] = field(default_factory=Counter)
    readable: int = 0
    persons: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: "Tally") -> Self:
        for name in ("right", "strict", "found", "gold", "persons"):
            getattr(self, name).update(getattr(other, name))
        self.readable += other.readable
        return self

    def prf(self, type: str = "", *, strict: bool = False) -> tuple[float, float, float]:
        """Return precision, recall and F1, of one type or of all."""
        right, found, gold = (
            counts[type] if type else counts.total()
            for counts in (self.strict if strict else self.right, self.found, self.gold)
        )
        return _prf(right, found, gold)

    def person(self) -> tuple[float, float, float]:
        """Return precision, recall and F1 of names of people, which count apart."""
        return _prf(self.persons["right"], self.persons["found"], self.persons["gold"])

    @property
    def readable_share(self) -> float:
        """Return the share of values of which a letter or digit is covered by no find at all."""
        return self.readable / max(1, self.gold.total())


def _prf(right: int, found: int, gold: int) -> tuple[float, float, float]:
    precision, recall = right / max(1, found), right / max(1, gold)
    return precision, recall, 2 * right / max(1, found + gold)


def tally(document: Document, finds: Iterable[Find]) -> Tally:
    """Hold the finds of one text against its annotation."""
    every = list(finds)
    chosen = resolved(every)
    counted = Tally()
    mine = [one[:3] for one in chosen if one[2] in document.scored]
    counted.found.update(one[2] for one in mine)
    counted.gold.update(one[2] for one in document.gold)
    counted.right.update(matched(mine, document.gold))
    counted.strict.update(one[2] for one in set(mine) & set(document.gold))
    covered = bytearray(len(document.text))
    for start, end, _, _ in every:
        covered[start:end] = b"1" * (min(end, len(covered)) - start)
    counted.readable = sum(
        any(document.text[at].isalnum() and not covered[at] for at in range(start, end))
        for start, end, _ in document.gold
    )
    persons = [one[:3] for one in chosen if one[2] == "PERSON"]
    counted.persons["found"] = len(persons)
    counted.persons["gold"] = len(document.persons)
    counted.persons["right"] = len(matched(persons, document.persons))
    return counted


def resolved(finds: Iterable[Find]) -> list[Find]:
    """Return finds of which none overlaps another: the higher score wins, then the longer."""
    chosen: list[Find] = []
    for find in sorted(finds, key=lambda one: (-one[3], one[0] - one[1], one[0])):
        if all(find[1] <= other[0] or other[1] <= find[0] for other in chosen):
            chosen.append(find)
    return chosen


def matched(mine: list[Gold], gold: tuple[Gold, ...]) -> list[str]:
    """Return the types of the pairs of one find and one marked span, best overlap first."""
    pairs = sorted(
        (
            (overlap, first, second)
            for first, one in enumerate(mine)
            for second, other in enumerate(gold)
            if one[2] == other[2] and (overlap := iou(one, other)) >= IOU_MIN
        ),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    taken: set[int] = set()
    used: set[int] = set()
    types = []
    for _, first, second in pairs:
        if first not in taken and second not in used:
            taken.add(first)
            used.add(second)
            types.append(mine[first][2])
    return types


def iou(one: Gold, other: Gold) -> float:
    """Return intersection over union of two spans."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return both / (max(one[1], other[1]) - min(one[0], other[0])) if both > 0 else 0.0
