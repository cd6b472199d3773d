"""National identity numbers: by their own layout, by their name, or by words such as "tax id"."""

import re
from collections.abc import Iterator

from remit.intake.hit import Hit
from remit.intake.schemes import (
    GENERAL,
    HEALTH,
    OF_LABEL,
    SCHEMES,
    Scheme,
    check_of,
    fits,
    shape_of,
)
from remit.intake.surroundings import Surroundings

GAPS_MAX = 3  # marks between two characters of a number
COMPACT_MAX = 18
_MARKS = re.compile(r"[^0-9A-Za-z]")
_DIGITS_MISREAD = str.maketrans("OoIl|", "00111")


# -- layouts that need no context ----------------------------------------------------------------


_ALONE_SCHEMES = tuple(one for one in SCHEMES if one.alone)
_BEFORE, _AFTER = r"(?<!\w)(?<!\d[-.])", r"(?!\w)(?!-\d)"
_EACH = tuple(
    (re.compile(f"{_BEFORE}(?:{one.alone}){_AFTER}", re.IGNORECASE), one) for one in _ALONE_SCHEMES
)
_NOT_ALONE = frozenset({"order", "phone", "version", "card"})
_DATE = re.compile(r"\d{4}[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./](?:\d{4}|\d\d)")
DOCUMENT_DIGITS = range(6, 11)


def alone_hits(text: str, places: list[int], around: Surroundings) -> Iterator[Hit]:
    """Yield numbers whose layout and check digits are evidence enough."""
    done = 0
    for place in places:
        if place < done:
            continue
        hit = _alone(text, place, around)
        if hit is not None:
            yield hit
            done = hit.end


def _alone(text: str, place: int, around: Surroundings) -> Hit | None:
    for pattern, scheme in _EACH:
        whole = pattern.match(text, place)
        if whole is None:
            continue
        written = whole[0].upper()
        compact = written if scheme.label == "FI_HETU" else _MARKS.sub("", written)
        if not check_of(scheme)(compact):
            continue
        if compact.isdigit() and around.nearest(place) in _NOT_ALONE:
            continue
        return Hit(*whole.span(), scheme.type, 0.88, scheme.label, compact)
    return None


# -- runs of digits behind words -----------------------------------------------------------------


def numeric_hit(
    text: str, begin: int, end: int, digits: str, context: str | None, around: Surroundings
) -> Hit | None:
    """Return the identity number that a run of digits is, where words nearby say so."""
    if context == "document" and len(digits) in DOCUMENT_DIGITS:
        return Hit(begin, end, "NATID", 0.6, "DOCUMENT", digits)
    if context not in ("natid", "health") or _DATE.fullmatch(text, begin, end):
        return None
    label = around.scheme(begin)
    if label is not None:
        scheme = OF_LABEL[label]
        if "/" in text[begin:end] and scheme.label != "CZ_RC":
            return None
        if fits(scheme, digits):
            return _hit(begin, end, scheme, digits, 0.95)
        if scheme.telling and shape_of(scheme).fullmatch(digits):
            return _hit(begin, end, scheme, digits, 0.75)
        return None
    if "/" in text[begin:end]:
        return None
    for scheme in GENERAL:
        if fits(scheme, digits):
            return _hit(begin, end, scheme, digits, 0.85)
    return None


def _hit(begin: int, end: int, scheme: Scheme, compact: str, score: float) -> Hit:
    if scheme.label in HEALTH:
        return Hit(begin, end, "HEALTHID", score, "NPI", compact)
    return Hit(begin, end, scheme.type, score, scheme.label, compact)


# -- whatever stands right behind a name, also broken over lines or misread ----------------------

_NAMES = {name for one in SCHEMES for name in one.names}
_NAMED = re.compile(
    r"(?<![^\W_])(?P<name>"
    + "|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True))
    + r")"
    r"(?![^\W_])(?:[^\w\n]{1,3}(?:nr|no|number|numer|nummer|num|code|is|to|n)\b){0,2}"
    r"[^\w\n]{0,12}\n?(?=[0-9A-Za-z])",
    re.IGNORECASE,
)  # fmt: skip


def named_hits(text: str, places: list[int]) -> Iterator[Hit]:
    """Yield what stands right behind a scheme's name and has its shape."""
    for place in places:
        match = _NAMED.match(text, place)
        if match is None:
            continue
        name = match["name"].casefold()
        for scheme in (one for one in SCHEMES if name in one.names):
            hit = _behind(text, match.end(), scheme)
            if hit is not None:
                yield hit
                break


def _behind(text: str, start: int, scheme: Scheme) -> Hit | None:
    chars: list[str] = []
    ends: list[int] = []
    gap = 0
    for place in range(start, min(len(text), start + COMPACT_MAX * (GAPS_MAX + 1))):
        char = text[place]
        if (char.isascii() and char.isalnum()) or (char == "+" and chars):
            chars.append(char)
            ends.append(place + 1)
            gap = 0
            if len(chars) >= COMPACT_MAX:
                break
        elif char in " .-/\n" and gap < GAPS_MAX:
            gap += 1
        else:
            break
    for size in range(len(chars), 6, -1):
        end = ends[size - 1]
        if text[end : end + 1].isalnum():
            continue
        written = "".join(chars[:size]).upper()
        for compact in dict.fromkeys((written, _read(written, scheme))):
            if shape_of(scheme).fullmatch(compact):
                if check_of(scheme)(compact):
                    return _hit(start, end, scheme, compact, 0.96)
                if scheme.telling:
                    return _hit(start, end, scheme, compact, 0.78)
    return None


def _read(written: str, scheme: Scheme) -> str:
    """Return a number as it was before a scanner read its digits as letters."""
    lead = 3 if scheme.shape.startswith("[A-Z]{3}") else 0
    return written[:lead] + written[lead:].replace("L", "1").translate(_DIGITS_MISREAD)


def is_date(text: str) -> bool:
    """Tell whether the whole of a text is written like a date in digits."""
    return _DATE.fullmatch(text) is not None
