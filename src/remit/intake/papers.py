"""Numbers of passports and driving licences: behind the words for them.

The ICAO's passports have one to three letters and six to eight digits or a mix of nine (ICAO
Doc 9303-4); licences differ by country. No check digit is common to them, so the word decides.
"""

import re
from collections.abc import Iterator

from remit.intake.hit import Hit
from remit.intake.national import is_date

WORDS = (
    r"passports?|passeports?|pasaportes?|passaport(?:os?|i)|paszport\w{0,3}"
    r"|reisep(?:a|ä)ss\w{0,3}|paspoort\w{0,3}"
    r"|driv(?:er|ing)(?:'?s)? licen[cs]es?|führersche\w{2,4}|permis de conduire"
    r"|permiso de conducir|prawo jazdy|prawa jazdy|patente di guida|rijbewijs"
)
_DIGITS_MIN, _CHARACTERS_MIN, _CHARACTERS_MAX = 5, 6, 20
_GROUP = r"(?=[A-Z]{0,7}\d)[A-Z0-9]{1,16}"
_NAMED = re.compile(
    rf"(?:{WORDS})"
    r"(?:[\s.:#=(_-]{1,3}(?:numbers?|nummer|num[ée]ro|numero|número|numer|no|nr|num|id|card|is|of|°|º))*"
    rf"[\"'\s.:#=()-]{{1,4}}(?-i:(?P<value>{_GROUP}(?:[ /-]{_GROUP}){{0,4}})(?![\w-]))",
    re.IGNORECASE,
)


def paper_hits(text: str, places: list[int]) -> Iterator[Hit]:
    """Yield the numbers that a text calls those of a passport or a driving licence."""
    for place in places:
        found = _NAMED.match(text, place)
        if found is not None and _is_number(found["value"]):
            yield Hit(*found.span("value"), "NATID", 0.7, "DOCUMENT", found["value"])


def _is_number(value: str) -> bool:
    """Tell whether what stands behind the word can be its number, and is no date."""
    enough = sum(map(str.isdigit, value)) >= _DIGITS_MIN
    return enough and _CHARACTERS_MIN <= len(value) <= _CHARACTERS_MAX and not is_date(value)
