"""What may be said of a value beside its token, and what is never said."""

import pytest

from remit.intake.attributes import attribute


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("PHONE", "+4930901820", "a number of DE"),
        ("PHONE", "12", ""),
        ("EMAIL", "anna@nordlicht.example", "at nordlicht.example"),
        ("EMAIL", "anna.lindqvist@gmail.com", ""),
        ("CARD", "4111111111111111", "Visa, ends in 1111"),
        ("CARD", "378282246310005", "American Express, ends in 0005"),
        ("CARD", "5555555555554444", "Mastercard, ends in 4444"),
        ("IBAN", "DE89370400440532013000", "an account in DE"),
        ("DOB", "1984-03-04", "born in the 1980s"),
        ("DOB", "03/04/1984", "born in the 1980s"),
        ("DOB", "long ago", ""),
        ("NATID", "X1234567L", "nie number of ES"),
        ("NATID", "44051401359", ""),
        ("NATID", "12", ""),
        ("PERSON", "Anna Lindqvist", ""),
        ("SECRET", "sk_live_1", ""),
        ("TEXT", "anything", ""),
    ],
)
def test_a_harmless_property_stands_beside_a_token(kind: str, value: str, says: str) -> None:
    assert attribute(kind, value) == says
