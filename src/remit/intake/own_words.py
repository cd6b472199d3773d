"""What the requester wrote themselves, and the numbers and amounts that they name there."""

import re
from collections.abc import Iterator

from remit.intake.currencies import currency_words

LINES_MAX = 20_000
_WORDS_BETWEEN_MAX = 3
_WINDOW = 80  # characters before a candidate that may hold its context word

_ATTRIBUTION = re.compile(
    r"\s*(?:on|am|le|el|w dniu|dnia)\b.{2,200}"
    r"\b(?:wrote|schrieb|écrit|escribió|napisał\(?a?\)?)\s*:\s*",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\s*[-_*]{2,}\s*(?:original|ursprüngliche|forwarded|weitergeleitete|"
    r"message d'origine|mensaje).{0,60}",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\s*\*?(?:from|von|de|od|sender|absender)\*?\s*:\s*\S", re.IGNORECASE)
_NEXT_HEADER = re.compile(
    r"\s*\*?(?:sent|date|to|subject|gesendet|datum|an|betreff|envoyé|à|objet|enviado|para|asunto|"
    r"wysłano|do|temat)\*?\s*:",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_YEAR_BEFORE = re.compile(
    r"(?:\b(?:in|from|of|since|of year|seit|von|im|depuis|od|de)|[/.-])\s*$", re.IGNORECASE
)
_COUNTED = re.compile(
    r"\s{0,2}(?:[€$£¥%]|(?:eur|euros?|usd|gbp|chf|pln|dollars?|pounds?|percent|days?|hours?|weeks?|"
    r"items?|pieces?|pcs|tage|stück)\b)",
    re.IGNORECASE,
)
_PRICED = re.compile(r"(?:[€$£¥]|\b(?:eur|usd|gbp|chf|pln))\s{0,2}$", re.IGNORECASE)
_WORD = re.compile(r"\w+|#")
_SIGN = r"[^\W\d_]{1,6}\$?|[^\w\s\d.,;:!?()'\"-]"
_AMOUNT = re.compile(
    rf"(?<![\w.,])(?P<before>{_SIGN})?[ \u00a0]?(?P<number>\d+(?:[., '\u00a0]\d+)*)"
    rf"(?:[ \u00a0]?(?P<after>{_SIGN}))?(?!\w)"
)


def own_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, line) of what is neither quoted nor below a forwarded or answered message."""
    lines = text.splitlines(keepends=True)[:LINES_MAX]
    offset = 0
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        joined = line.rstrip() + " " + after
        header = _HEADER.match(line) and _NEXT_HEADER.match(after)
        answered = _ATTRIBUTION.fullmatch(line) or (
            _ATTRIBUTION.fullmatch(joined) and not after.startswith(">")
        )
        if answered or header or _ORIGINAL.fullmatch(line.rstrip("\r\n")):
            return
        if not line.lstrip().startswith(">"):
            yield offset, line
        offset += len(line)


def named(text: str, *, pattern: str, words: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Return candidate -> place of every number that the requester's own words name.

    A candidate follows one of the words within three others, or a `#`; one that holds a letter and
    a digit speaks for itself. Amounts, counts, years and parts of dates and phones are none.
    """
    shape = re.compile(rf"(?<![\w+])(?<!\d[.,/:-])(?:{pattern})(?![\w@]|[.,/:-]\d)")
    known = frozenset(word.casefold() for word in words)
    found: dict[str, tuple[int, int]] = {}
    for offset, line in own_lines(text):
        for match in shape.finditer(line):
            before, value = line[: match.start()][-_WINDOW:], match[0]
            if _COUNTED.match(line, match.end()) or _PRICED.search(before):
                continue
            if _YEAR.fullmatch(value) and _YEAR_BEFORE.search(before):
                continue
            speaks = any(c.isalpha() for c in value) and any(c.isdigit() for c in value)
            if speaks or _follows(before, known):
                found.setdefault(value, (offset + match.start(), offset + match.end()))
    return found


def amounts(text: str) -> dict[str, tuple[int, int]]:
    """Return amount -> place of every number beside a currency in the requester's own words."""
    found: dict[str, tuple[int, int]] = {}
    for offset, line in own_lines(text):
        for match in _AMOUNT.finditer(line):
            before, after = match["before"], match["after"]
            start = match.start("before" if _is_currency(before) else "number")
            end = match.end("after" if _is_currency(after) else "number")
            if (start, end) != match.span("number"):
                found.setdefault(line[start:end], (offset + start, offset + end))
    return found


def _is_currency(word: str | None) -> bool:
    return word is not None and currency_words(word) is not None


def _follows(before: str, words: frozenset[str]) -> bool:
    pieces = [piece.casefold() for piece in _WORD.findall(before)]
    if pieces[-1:] == ["#"]:
        return True
    near = pieces[-_WORDS_BETWEEN_MAX - 1 :]
    return any(piece in words or piece.removesuffix("s") in words for piece in near)
