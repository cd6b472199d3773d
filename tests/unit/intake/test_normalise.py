"""Every line of the normalising table: what is read, what is assumed, what is refused."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from remit.domain.money import Money
from remit.intake import cldr, countries
from remit.intake.dates import normalise_date
from remit.intake.normalise import normalise_text
from remit.intake.outcome import Outcome
from remit.intake.reasons import SENTENCES, ReasonCode
from remit.intake.values import normalise_amount
from tests.intake_table import CASES, Line, context, read, shown

LINES_MIN = 500
LINES_OF_A_KIND_MIN = 25
READ_SHARE_MIN = 0.90
CARRIERS = ("text.charset", "text.mojibake", "mail.", "attachment.", "intake.")  # not of a value
ELSEWHERE = {  # each has a test of its own
    ReasonCode.ID_SEVERAL,
    ReasonCode.FIELD_EXTRA_MISSING,
}


@pytest.mark.parametrize("line", CASES, ids=[f"{one.kind}-{n}" for n, one in enumerate(CASES)])
def test_a_line_of_the_table_reads_as_it_says(line: Line) -> None:
    field = read(line)

    assert {
        "outcome": field.outcome.value,
        "value": shown(field),
        "code": field.reason.code.value if field.reason else None,
        "candidates": list(field.reason.candidates) if field.reason else [],
        "assumptions": [one.code for one in field.assumptions],
    } == line.expected
    assert line.parts is None or dict(field.parts) == line.parts


def test_the_table_is_long_enough_and_holds_no_silent_error() -> None:
    counts = Counter(line.kind for line in CASES)
    wrong = [line for line in CASES if line.value is not None and line.value != line.meant]
    plain = [line for line in CASES if line.meant is not None]
    taken = [line for line in plain if read(line).outcome is not Outcome.QUARANTINED]

    assert len(CASES) >= LINES_MIN
    assert min(counts.values()) >= LINES_OF_A_KIND_MIN, counts
    assert wrong == []
    assert len(taken) / len(plain) >= READ_SHARE_MIN


def test_every_reason_for_a_value_stands_in_the_table() -> None:
    met = {line.code for line in CASES}
    owed = {code for code in ReasonCode if not code.startswith(CARRIERS)} - ELSEWHERE

    assert {code.value for code in owed} - met == set()


WRITTEN = [one for one in CASES if one.outcome != "quarantined" and one.kind != "record"]


@pytest.mark.parametrize("line", WRITTEN)
def test_the_written_form_of_a_value_reads_as_itself(line: Line) -> None:
    again = read(line, raw=str(line.value), known={})

    if line.kind == "money":
        amount, _, currency = str(line.value).partition(" ")
        again = normalise_amount(amount, currency, context())
    if line.kind == "identifier" and (len(line.schemes) > 1 or "*" in line.schemes):
        again = read(line, raw=str(line.value))
    assert (shown(again), again.outcome) in (
        (line.value, Outcome.ACCEPTED),
        (line.value, Outcome.ASSUMED),  # a mixed script is flagged each time
    )


def test_without_the_extra_more_is_refused_and_nothing_is_guessed() -> None:
    missing = 0
    with _without("babel", "babel.core", "pycountry", "langcodes"):
        for line in CASES:
            field = read(line)
            if field.reason is None:
                assert (shown(field), field.outcome.value) == (line.value, line.outcome), line
            missing += (
                field.reason is not None and field.reason.code is ReasonCode.FIELD_EXTRA_MISSING
            )
    assert missing > 20
    assert read(CASES[0]).value is not None


@contextmanager
def _without(*names: str) -> Iterator[None]:
    caches = (cldr.month_words, cldr.weekday_words, cldr.country_names, cldr.currency_names,
              cldr.windows_zones, cldr.habits, countries._listed)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setitem(sys.modules, name, None)  # the import now fails, as where it is missing
        for cache in caches:
            cache.cache_clear()
        try:
            yield
        finally:
            for cache in caches:
                cache.cache_clear()


def test_every_reason_has_a_sentence_without_a_full_stop() -> None:
    assert set(SENTENCES) == set(ReasonCode)
    assert not [text for text in SENTENCES.values() if text.endswith(".")]


def test_a_field_never_shows_its_value() -> None:
    field = read(next(line for line in CASES if line.kind == "email"))

    assert repr(field) == "Field(kind=email, outcome=accepted, code=None)"


def test_a_refusal_of_a_private_value_does_not_name_it() -> None:
    private = [
        line
        for line in CASES
        if line.kind in ("phone", "iban", "card", "email", "identifier") and len(line.raw) > 6
    ]
    for line in private:
        reason = read(line).reason
        if reason is not None and reason.code is not ReasonCode.ID_DAMAGED:
            assert line.raw not in reason.sentence
            assert line.raw not in repr(reason)


def test_a_text_that_is_too_long_or_not_storable_is_refused() -> None:
    assert normalise_text("x" * 65_536, context()).reason is None
    assert normalise_text("x" * 65_537, context()).reason is not None


def test_money_of_a_program_has_a_point_before_its_decimals() -> None:
    assert normalise_amount("1.234", "KWD", context()).value == Money.of("1.234 KWD")
    assert normalise_amount(19.99, "EUR", context()).value == Money.of("19.99 EUR")
    refused = normalise_amount("1.234", "EUR", context()).reason
    assert refused is not None
    assert refused.code is ReasonCode.AMOUNT_PRECISION


def test_words_of_months_mean_in_our_own_table_what_they_mean_everywhere() -> None:
    from remit.intake import calendar_words

    everywhere = cldr.month_words()
    assert everywhere is not None
    for word, month in calendar_words._MONTH_OF.items():
        assert set(everywhere.get(word, {str(month)})) == {str(month)}, word
    shared = {word: set(map(int, meant)) for word, meant in everywhere.items() if len(meant) > 1}
    assert {word: set(meant) for word, meant in calendar_words._SHARED_MONTHS.items()} == shared


def test_a_number_that_is_no_date_of_ours_is_none() -> None:
    assert normalise_date("9" * 40, context()).reason is not None
