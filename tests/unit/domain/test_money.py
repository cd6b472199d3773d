"""Money is exact and has one written form."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.domain.money import Money

AMOUNTS = st.decimals(
    min_value=-(10**9), max_value=10**9, places=2, allow_nan=False, allow_infinity=False
)


@given(AMOUNTS)
def test_money_is_read_back_as_it_was_written(amount: Decimal) -> None:
    money = Money(amount, "EUR")
    assert Money.of(str(money)) == money


@given(AMOUNTS)
def test_minor_units_are_the_exact_amount(amount: Decimal) -> None:
    assert Decimal(Money(amount, "EUR").minor) == amount * 100


@pytest.mark.parametrize(
    ("amount", "currency", "written", "minor"),
    [
        ("19", "EUR", "19.00", 1_900),
        ("19.9", "EUR", "19.90", 1_990),
        ("19.900", "EUR", "19.90", 1_990),
        ("1900", "JPY", "1900", 1_900),
        ("1.5", "KWD", "1.500", 1_500),
        ("-0.01", "EUR", "-0.01", -1),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(
    amount: str, currency: str, written: str, minor: int
) -> None:
    money = Money(Decimal(amount), currency)
    assert (money.written, money.minor) == (written, minor)


def test_a_finer_amount_keeps_its_digits_and_has_no_minor_units() -> None:
    money = Money(Decimal("0.005"), "EUR")
    assert money.written == "0.005"
    with pytest.raises(ValueError, match="finer than the currency's minor unit"):
        _ = money.minor


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_an_amount_is_finite(amount: str) -> None:
    with pytest.raises(ValueError, match="not a finite decimal"):
        Money(Decimal(amount), "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "ÄÖÜ", "E1R"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(ValueError, match="three capital letters"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize("text", ["", "19.00", "EUR 19.00", "19,00 EUR", "nineteen EUR"])
def test_money_in_another_form_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"written as|three capital letters"):
        Money.of(text)
