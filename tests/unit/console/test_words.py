"""How values are written."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from remit.console import words
from remit.domain.money import Money

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 ms"), (0.31, "310 ms"), (1.31, "1.3 s"), (9, "9 s"), (59.4, "59 s"),
        (61, "1 min"), (7_800, "2 h 10 min"), (7_200, "2 h"), (100_800, "1 d 4 h"),
    ],
)  # fmt: skip
def test_a_length_of_time_is_written_in_units_that_fit_it(seconds: float, written: str) -> None:
    assert words.duration(seconds) == written


@pytest.mark.parametrize(
    ("amount", "written"),
    [("1843.57", "1,843.57"), ("-5", "\u22125.00"), ("0.5", "0.50"), ("1000000", "1,000,000.00")],
)
def test_an_amount_is_written_in_groups_with_a_true_minus(amount: str, written: str) -> None:
    assert words.amount(Money(Decimal(amount), "EUR")) == written


def test_a_currency_that_could_be_confused_is_written_as_its_code() -> None:
    assert words.currency(Money(Decimal(1), "EUR")) == "€"
    assert words.currency(Money(Decimal(1), "AUD")) == "AUD "


def test_a_deadline_is_a_word_and_a_figure() -> None:
    assert words.due(NOW + timedelta(minutes=12), NOW) == "due in 12 min"
    assert words.due(NOW - timedelta(minutes=32), NOW) == "late 32 min"
