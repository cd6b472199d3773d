"""Citations: what stands, what does not, and numbers that nobody gave."""

from datetime import date

import pytest

from remit.retrieval import citations
from remit.retrieval.citations import Problem
from remit.retrieval.retriever import Passage


def passage(text: str, document: str = "returns", until: date | None = None) -> Passage:
    return Passage(
        document=document,
        title="Returns",
        version="v",
        section="",
        text=text,
        collection="help",
        valid_from=date(2026, 1, 1),
        valid_until=until,
        score_ppm=1,
    )


RETURNS = passage("You can send back anything within 30 days of the day it was delivered.")


def problems(answer: str, *passages: Passage, as_of: date | None = None) -> list[Problem]:
    found = citations.check(answer, passages or (RETURNS,), as_of=as_of)
    return [problem.problem for problem in found]


@pytest.mark.parametrize(
    "answer",
    [
        'Our page says: "send back anything within 30 days" [cite:returns]',
        "“Send  back ANYTHING within 30\ndays” [cite:returns].",
        "„send back anything, within 30 days“. [cite:returns]",
        "It is on its way. [cite:returns]",
        'Status "shipped". "within 30 days of" [cite:returns]',
        "Nothing is cited here.",
    ],
)
def test_a_true_citation_stands(answer: str) -> None:
    assert problems(answer) == []


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ('"send back anything within 40 days" [cite:returns]', Problem.QUOTE_NOT_FOUND),
        ('"send back nothing within 30 days" [cite:returns]', Problem.QUOTE_NOT_FOUND),
        ('"end back anything" [cite:returns]', Problem.QUOTE_NOT_FOUND),
        ('"anything within 60 days", we say. [cite:returns]', Problem.QUOTE_NOT_FOUND),
        ('"30 days" [cite:returns]', Problem.QUOTE_TOO_SHORT),
        ('"send back anything within 30 days" [cite:warranty]', Problem.NOT_RETRIEVED),
    ],
)
def test_a_changed_word_number_or_document_is_found(answer: str, problem: Problem) -> None:
    assert problems(answer) == [problem]


def test_a_quote_must_stand_in_the_document_that_is_cited() -> None:
    other = passage("Gift cards are valid for three years.", "gift-cards")

    answer = '"Gift cards are valid" [cite:gift-cards] and "gift cards are valid" [cite:returns]'

    (found,) = citations.check(answer, (RETURNS, other))
    assert (found.problem, found.document) == (Problem.QUOTE_NOT_FOUND, "returns")
    assert answer[found.start : found.end] == '"gift cards are valid"'


def test_a_document_that_has_lapsed_is_not_cited() -> None:
    lapsed = passage("All fine here.", until=date(2026, 3, 1))

    assert problems("Fine. [cite:returns]", lapsed, as_of=date(2026, 3, 1)) == []
    assert problems("Fine. [cite:returns]", lapsed, as_of=date(2026, 3, 2)) == [Problem.LAPSED]
    assert problems("Fine. [cite:returns]", lapsed, as_of=date(2025, 3, 2)) == [Problem.LAPSED]


def test_thousands_of_citations_are_not_walked_through() -> None:
    assert problems("[cite:returns]" * 5_000) == [Problem.TOO_MANY]


@pytest.mark.parametrize(
    ("answer", "facts", "unfounded"),
    [
        ("We refund 19.00 EUR within 30 days.", ["19 EUR"], ()),
        ("We refund 19.50 EUR.", ["19.00 EUR"], ("19.50",)),
        ("It is 1.200,50 EUR.", ["1,200.50"], ()),
        ("It is 1 200.50 EUR.", ["1200.50"], ()),
        ("You get 30 % back.", [], ("30 %",)),
        ("You get 20 percent back.", ["20%"], ()),
        ("It came on 05.03.2026.", ["2026-03-05"], ()),
        ("It came on 06.03.2026.", ["2026-03-05"], ("06.03.2026",)),
        ("Order 1001, 1001 again, 45 days.", ["1001"], ("45",)),
        ("Yours, EMAIL_7K3QX2MD [cite:doc-99]", [], ()),
        ("It weighs 5kg.", [], ("5",)),
    ],
)
def test_a_number_that_nobody_gave_is_told(
    answer: str, facts: list[str], unfounded: tuple[str, ...]
) -> None:
    assert citations.unfounded_numbers(answer, (RETURNS,), facts) == unfounded
