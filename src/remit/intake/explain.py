"""Why each value of a text was masked: which recogniser read it, or that it was known."""

from enum import StrEnum

from remit.domain.frozen import dataclass
from remit.intake.detect import recognised
from remit.intake.mask import Masked
from remit.intake.surroundings import Surroundings

# Kinds that are told from other numbers by the words around them.
BY_CONTEXT = frozenset({"PHONE", "CARD", "NATID", "DOB", "ACCOUNT", "HEALTHID"})


class How(StrEnum):
    """What made a place a value."""

    PATTERN = "pattern"  # a recogniser reads it
    KNOWN = "known"  # the same value stands elsewhere
    WRITTEN_AS_TOKEN = "written as a token"  # noqa: S105 - what an outsider wrote to look like one


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One masked place of a text; offsets are of the source, and no value stands in here.

    `label` is the fine kind of the recogniser, such as `US_SSN`; `score` is between 0 and 1;
    `context` is the class of the nearest word, key or column, such as `phone`, for
    kinds that it decides.
    """

    start: int
    end: int
    token: str
    type: str
    how: How
    label: str = ""
    score: float | None = None
    context: str | None = None


def explain(
    text: str, masked: Masked, *, label: str = "", regions: tuple[str, ...] = ()
) -> tuple[Explained, ...]:
    """Return why each token of a masked text stands where it does, in order."""
    read = recognised(text, label=label, regions=regions)
    around = Surroundings(text, label)
    seen = [(hit.start, hit.end, hit) for hit in read.hits]
    found = []
    for region in masked.regions:
        start, end = region.source_start, region.source_end
        kind = region.token.partition("_")[0]
        met = [hit for begin, stop, hit in seen if begin < end and start < stop]
        same = [hit for hit in met if hit.type == kind]
        best = max(same or met, key=lambda hit: hit.score, default=None)
        how = How.PATTERN if best is not None else How.KNOWN
        if best is None and kind == "TEXT":
            how = How.WRITTEN_AS_TOKEN
        found.append(
            Explained(
                start=start,
                end=end,
                token=region.token,
                type=kind,
                how=how,
                label="" if best is None else best.label,
                score=None if best is None else best.score,
                context=around.nearest(start) if kind in BY_CONTEXT else None,
            )
        )
    return tuple(found)
