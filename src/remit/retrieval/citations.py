"""Citations, checked without a model: was it retrieved, did it hold, does it say so?

An answer cites a document as `[cite:refund-window]`, after the words that it quotes from it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from remit.retrieval.retriever import Passage

QUOTE_WORDS_MIN = 3
CITATIONS_MAX = 50

_CITE = re.compile(r"\[cite:(?P<document>[^\[\]\s]{1,100})\]")
_QUOTE = re.compile('["“„«»](?P<quote>[^"“”„«»]{1,2000})["”“«»]')
_NOT_WORDS = re.compile(r"[\W_]+")
_DATE = re.compile(r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}/\d{1,2}/\d{4})\b")
_NUMBER = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:[' \u00a0\u202f]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
    r"(?P<percent>\s?(?:%|percent\b))?"
)
_GROUP = re.compile(r"[' \u00a0\u202f]")
_TOKEN = re.compile(r"\b[A-Z]+_[0-9A-Z]{8}\b")  # a masked value is no number of ours


class Problem(StrEnum):
    NOT_RETRIEVED = "not_retrieved"  # the case never saw this document
    LAPSED = "lapsed"  # it did not hold at the case's time
    QUOTE_TOO_SHORT = "quote_too_short"  # fewer than three words prove nothing
    QUOTE_NOT_FOUND = "quote_not_found"  # the document does not say this
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationProblem:
    """One citation that does not stand, with the place to mark."""

    problem: Problem
    document: str
    quote: str
    start: int  # in the answer
    end: int


def check(
    answer: str, passages: Sequence[Passage], *, as_of: date | None = None
) -> tuple[CitationProblem, ...]:
    """Return every citation of an answer that does not stand; empty is good.

    `passages` are those retrieved in this case. A quote is looked for after folding space, case
    and punctuation; a citation without a quote is only checked for its document.
    """
    problems: list[CitationProblem] = []
    end_before = 0
    for number, mark in enumerate(_CITE.finditer(answer)):
        if number == CITATIONS_MAX:
            problems.append(_problem(Problem.TOO_MANY, mark))
            break
        cited = [passage for passage in passages if passage.document == mark["document"]]
        between = answer[end_before : mark.start()]
        problems += _check_one(mark, between, end_before, cited, as_of)
        end_before = mark.end()
    return tuple(problems)


def unfounded_numbers(
    answer: str, passages: Sequence[Passage], facts: Iterable[str]
) -> tuple[str, ...]:
    """Return amounts, dates and percentages of an answer that stand in no passage and no fact.

    Compared by value: `19.00` stands on `19`, `1.200,50` on `1,200.50`, `05.03.2026` on
    `2026-03-05`; a percentage stands on a percentage only. Number words are not read.
    """
    founded: set[str] = set()
    for text in (*(f"{passage.title}\n{passage.text}" for passage in passages), *facts):
        for _, readings in _numbers(text):
            founded |= readings
    said = _CITE.sub(" ", answer)
    return tuple(
        dict.fromkeys(written for written, readings in _numbers(said) if not readings & founded)
    )


def _check_one(
    mark: re.Match[str],
    between: str,
    offset: int,
    cited: Sequence[Passage],
    as_of: date | None,
) -> Iterator[CitationProblem]:
    if not cited:
        yield _problem(Problem.NOT_RETRIEVED, mark)
        return
    if as_of is not None and not any(_holds(passage, as_of) for passage in cited):
        yield _problem(Problem.LAPSED, mark)
    sources = [_folded(f"{passage.title} {passage.text}") for passage in cited]
    for quote in _QUOTE.finditer(between):
        wanted = _folded(quote["quote"])
        span = (offset + quote.start(), offset + quote.end())
        adjacent = not between[quote.end() :].strip(" \n\t.,;:")
        if len(wanted.split()) < QUOTE_WORDS_MIN:
            if adjacent:
                yield _problem(Problem.QUOTE_TOO_SHORT, mark, quote["quote"], span)
        elif not any(f" {wanted} " in f" {source} " for source in sources):
            yield _problem(Problem.QUOTE_NOT_FOUND, mark, quote["quote"], span)


def _holds(passage: Passage, day: date) -> bool:
    return passage.valid_from <= day and (
        passage.valid_until is None or day <= passage.valid_until
    )


def _problem(
    problem: Problem, mark: re.Match[str], quote: str = "", span: tuple[int, int] | None = None
) -> CitationProblem:
    start, end = span or mark.span()
    return CitationProblem(
        problem=problem, document=mark["document"], quote=quote, start=start, end=end
    )


def _folded(text: str) -> str:
    """Return words only, in one case and width, one space apart."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return _NOT_WORDS.sub(" ", plain).strip()


def _numbers(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each number or date as written, with every value that it may mean."""
    bare = _TOKEN.sub(" ", text)
    for match in _DATE.finditer(bare):
        yield match[0], _dates(match[0])
    for match in _NUMBER.finditer(_DATE.sub(" ; ", bare)):
        percent = "%" if match["percent"] else ""
        digits = match[0].removesuffix(match["percent"] or "")
        yield match[0].strip(), {f"{value}{percent}" for value in _values(digits)}


def _dates(written: str) -> set[str]:
    if "-" in written:
        return {f"date {written}"}
    first, second, year = (int(part) for part in re.split(r"[./]", written))
    orders = [(second, first)] if "." in written else [(second, first), (first, second)]
    return {f"date {year:04}-{month:02}-{day:02}" for month, day in orders}


def _values(digits: str) -> set[str]:
    """Return the readings of a number: with the last separator as decimal mark, or as grouping."""
    joined = _GROUP.sub("", digits)
    whole = re.sub(r"[.,]", "", joined)
    readings = {whole} if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+|\d+", joined) else set()
    head, mark, tail = joined.rpartition("." if joined.rfind(".") > joined.rfind(",") else ",")
    if mark:
        readings.add(f"{re.sub(r'[.,]', '', head)}.{tail}")
    return {plain for reading in readings if (plain := _plain(reading)) is not None}


def _plain(reading: str) -> str | None:
    try:
        return f"{Decimal(reading).normalize():f}"
    except InvalidOperation:
        return None
