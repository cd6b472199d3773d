"""Find every value in a text that must not be seen."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import field

from remit.domain.frozen import dataclass
from remit.intake import secrets
from remit.intake.anchors import Anchor
from remit.intake.hit import Hit
from remit.intake.known import Known, KnownValues
from remit.intake.outline import Outline
from remit.intake.plugins import PLUGINS
from remit.intake.recognisers import RECOGNISERS
from remit.intake.surroundings import Surroundings
from remit.intake.view import View, view_of

__all__ = ["Finder", "Finding", "Known", "KnownValues", "find"]

SCORE_MIN = 0.5
RECENT_MAX = 32

# The name of a field. It is too short, and lacks the digits and marks, for any recogniser.
NAME = re.compile(r"[a-z_]{1,19}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A place in the source that holds a value of a kind; `label` is the fine kind."""

    start: int
    end: int
    type: str
    score: float
    label: str
    canonical: str = field(default="", repr=False)


def find(
    text: str,
    *,
    known: Iterable[Known] = (),
    label: str = "",
    regions: tuple[str, ...] = (),
) -> tuple[Finding, ...]:
    """Return the findings of a text in order, none overlapping another.

    `label` is the key or column that the text stood under; `regions` are countries whose national
    phone numbers are read (ISO 3166-1 alpha-2).
    """
    return _found(recognised(text, label=label, regions=regions), KnownValues(known))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Recognised:
    """What a text shows by itself, whatever values are known: the dear half of a look."""

    view: View
    hits: tuple[Hit, ...]  # at their places in the source


def recognised(text: str, *, label: str = "", regions: tuple[str, ...] = ()) -> Recognised:
    """Return what every recogniser reads in a text."""
    view = view_of(text)
    hits: list[Hit] = []
    if NAME.fullmatch(text) is None:
        outline = Outline(view.text)
        named = bool(outline.at(Anchor.NAME))
        around = Surroundings(view.text, label, named=named)
        for recogniser in RECOGNISERS:
            if recogniser.gate(outline):
                hits.extend(recogniser.hits(outline, around, regions))
        hits.extend(PLUGINS.hits(view.text))
        if view.starts is not None:
            # A password may hold what reads as an encoded space: look for it as it stands, too.
            hits = [*_sourced(view, hits), *secrets.hits(text, Outline(text))]
    return Recognised(view=view, hits=tuple(hits))


def _sourced(view: View, hits: Iterable[Hit]) -> Iterator[Hit]:
    for hit in hits:
        start, end = view.source(hit.start, hit.end)
        yield Hit(start, end, hit.type, hit.score, hit.label, hit.canonical)


class Finder:
    """`find` for one masker, which looks at a text again whenever it has learnt a value."""

    def __init__(self, regions: tuple[str, ...]) -> None:
        self._regions = regions
        self._recent: dict[tuple[str, str], Recognised] = {}

    def find(self, text: str, *, known: KnownValues, label: str) -> tuple[Finding, ...]:
        """Return the findings of a text; only known values are looked for every time."""
        read = self._recent.get((text, label))
        if read is None:
            if len(self._recent) >= RECENT_MAX:
                self._recent.clear()
            read = recognised(text, label=label, regions=self._regions)
            self._recent[text, label] = read
        return _found(read, known)


def _found(read: Recognised, known: KnownValues) -> tuple[Finding, ...]:
    learnt = _sourced(read.view, known.hits(read.view.text))
    return tuple(
        Finding(
            start=hit.start,
            end=hit.end,
            type=hit.type,
            score=hit.score,
            label=hit.label,
            canonical=hit.canonical,
        )
        for hit in _strongest([*learnt, *read.hits])
    )


def _strongest(hits: list[Hit]) -> list[Hit]:
    """Return hits in order of which none overlaps another, the higher score first."""
    chosen: list[Hit] = []  # in order of their places
    starts: list[int] = []
    for hit in sorted(hits, key=lambda one: (-one.score, one.start - one.end, one.start)):
        if hit.score < SCORE_MIN:
            continue
        last = bisect_left(starts, hit.end)
        first = last
        while first and chosen[first - 1].end > hit.start:
            first -= 1
        kept = hit
        if first < last:
            other = chosen[first]
            if last - first > 1 or (hit.start >= other.start and hit.end <= other.end):
                continue
            kept = _union(other, hit)
        chosen[first:last] = [kept]
        starts[first:last] = [kept.start]
    return chosen


def _union(strong: Hit, weak: Hit) -> Hit:
    if weak.start <= strong.start and strong.end <= weak.end:
        return Hit(weak.start, weak.end, weak.type, strong.score, weak.label, weak.canonical)
    return strong
