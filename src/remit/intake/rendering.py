"""Put tokens in the place of values, and keep track of which place is which."""

import json
import re
from collections.abc import Callable, Iterable

from remit.domain.frozen import dataclass
from remit.intake.detect import Finding

_URL = re.compile(
    r"[^:/?#]+://(?:(?P<user>[^/?#@]*)@)?(?P<host>[^/?#]*)[/?#]*(?P<rest>.*)", re.DOTALL
)


@dataclass(frozen=True, slots=True, repr=False)
class Span:
    """A place in the source that becomes one token; an empty canonical is the text itself."""

    start: int
    end: int
    type: str
    canonical: str


@dataclass(frozen=True, slots=True)
class Region:
    """A token in the masked text and the place in the source that it stands for."""

    start: int
    end: int
    source_start: int
    source_end: int
    token: str
    kept: bool = True  # it was a token already


def render(
    text: str, spans: Iterable[Span], kept: Iterable[Region], token: Callable[[Span, str], str]
) -> tuple[str, list[Region]]:
    """Return the masked text and its tokens' places, in order."""
    marks: list[tuple[int, int, Span | Region]] = [(span.start, span.end, span) for span in spans]
    marks += [(region.source_start, region.source_end, region) for region in kept]
    pieces: list[str] = []
    regions: list[Region] = []
    done = length = 0
    for start, end, mark in sorted(marks, key=lambda one: one[0]):
        clear, surface = text[done:start], text[start:end]
        shown = surface if isinstance(mark, Region) else token(mark, surface)
        length += len(clear)
        name = mark.token if isinstance(mark, Region) else shown
        regions.append(
            Region(length, length + len(shown), start, end, name, isinstance(mark, Region))
        )
        length += len(shown)
        pieces += clear, shown
        done = end
    return "".join([*pieces, text[done:]]), regions


def as_spans(
    masked: str, found: Iterable[Finding], regions: list[Region], *, public: frozenset[str]
) -> list[Span]:
    """Return the source spans of what was found in a masked text outside its tokens.

    A find that reaches over a token is masked on both sides of it as TEXT.
    """
    spans: list[Span] = []
    for finding in found:
        if {masked[finding.start : finding.end].casefold(), finding.canonical.casefold()} & public:
            continue
        for start, end, kind, canonical in _parts(masked, finding):
            crossed = [one for one in regions if one.start < end and start < one.end]
            if not crossed:
                spans.append(_span(regions, start, end, kind, canonical))
                continue
            edges = [start, *(edge for one in crossed for edge in (one.start, one.end)), end]
            for left, right in zip(edges[::2], edges[1::2], strict=True):
                if left < right and any(map(str.isalnum, masked[left:right])):
                    spans.append(_span(regions, left, right, "TEXT", ""))
    return spans


def tidy(spans: list[Span]) -> list[Span]:
    """Return the spans in order."""
    return sorted(spans, key=lambda one: one.start)


def rebuilt(text: str, masked: str, regions: Iterable[Region]) -> str:
    """Return the masked text with each token's source put back: the source itself, or a fault."""
    pieces: list[str] = []
    done = 0
    for region in regions:
        pieces += masked[done : region.start], text[region.source_start : region.source_end]
        done = region.end
    return "".join([*pieces, masked[done:]])


def widened(spans: list[Span], found: Iterable[Finding]) -> list[Span]:
    """Return the spans, each grown over every find that it reaches into."""
    grown: list[Span] = []
    findings = tuple(found)
    for span in tidy(spans):
        met = [one for one in findings if one.start < span.end and span.start < one.end]
        start = min([span.start, *(one.start for one in met)])
        end = max([span.end, *(one.end for one in met)])
        if grown and start < grown[-1].end:
            start, end = grown[-1].start, max(end, grown[-1].end)
            grown.pop()
        grown.append(Span(start, end, span.type, ""))
    return grown


def pack(odd: dict[int, str]) -> bytes:
    """Return the note of which occurrence was written otherwise, as bytes to be sealed."""
    return json.dumps(sorted(odd.items())).encode()


def unpack(note: bytes) -> dict[int, str]:
    """Return the note that `pack` made."""
    return dict(json.loads(note))


def _parts(masked: str, finding: Finding) -> list[tuple[int, int, str, str]]:
    start, end = finding.start, finding.end
    if finding.label != "URL":
        return [(start, end, finding.type, finding.canonical)]
    match = _URL.fullmatch(masked, start, end)
    if match is None:
        return [(start, end, finding.type, "")]
    parts = []
    if match["user"]:
        parts.append((*match.span("user"), "SECRET" if ":" in match["user"] else "URL", ""))
    if match["rest"]:
        parts.append((*match.span("rest"), "URL", ""))
    return parts


def _span(regions: list[Region], start: int, end: int, kind: str, canonical: str) -> Span:
    shift = 0
    for region in regions:
        if region.start >= end:
            break
        shift = region.source_end - region.end
    return Span(start + shift, end + shift, kind, canonical)
