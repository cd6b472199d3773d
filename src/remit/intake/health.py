"""Numbers of patients' records: behind the words for them, or behind their own prefix."""

import re
from collections.abc import Iterator

from remit.intake.hit import Hit

_NUMBER = r"(?P<value>(?=[A-Z-]{0,5}\d)[A-Z]{0,4}-?\d{4,12}|\d{3,4}(?:-\d{3,4}){2})(?![\w-])"
_NAMED = re.compile(
    r"(?<![^\W_])(?:mrn|medical record(?: numbers?| no\.?| #)?s?"
    r"|med(?:\.|ical)? rec(?:\.|ord)? no\.?"
    r"|chart (?:number|no\.?)|patient (?:id|number|no\.?))"
    r"[^\w\n]{1,25}(?:is[^\w\n]{1,3})?" + _NUMBER,
    re.IGNORECASE,
)  # fmt: skip
_NEXT = re.compile(r"(?:,\s{1,3}|\s{1,3}(?:and|or|und|&)\s{1,3}|,\s{1,3}and\s{1,3})" + _NUMBER)
_PREFIXED = re.compile(r"(?<![\w-])MRN[-_]?(?P<value>\d{4,12})(?![\w-])")


def record_hits(text: str, places: list[int]) -> Iterator[Hit]:
    """Yield the record numbers of a text; a list of them is named once."""
    for place in places:
        prefixed = _PREFIXED.match(text, place)
        if prefixed:
            yield _hit(prefixed, *prefixed.span())
        found = _NAMED.match(text, place)
        while found is not None:
            yield _hit(found, *found.span("value"))
            found = _NEXT.match(text, found.end())


def _hit(match: re.Match[str], start: int, end: int) -> Hit:
    return Hit(start, end, "HEALTHID", 0.9, "MRN", match.string[start:end])
