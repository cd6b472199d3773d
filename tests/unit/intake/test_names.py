"""Names of people in free text, with the extra `names`."""

import pytest

pytest.importorskip("faker")
pytest.importorskip("wordfreq")

from remit.intake.names import people


def found(text: str) -> list[str]:
    return [text[start:end] for start, end, _, _ in people(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Dear Mrs. Okonkwo, thanks", "Okonkwo"),
        ("My name is Anna Kowalska.", "Anna Kowalska"),
        ("we met Jennifer at noon", "Jennifer"),
        ("signed by Hans van der Berg today", "Hans van der Berg"),
        ("Customer: Giulia Rossi", "Giulia Rossi"),
        ("ask Jean-Pierre Dubois about it", "Jean-Pierre Dubois"),
        ("Robert K. Miller called", "Robert K. Miller"),
        ("Kind regards, Mateusz Nowak", "Mateusz Nowak"),
    ],
)
def test_a_name_is_found(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "The jacket arrived on Monday in London.",
        "Please Return It Will You",
        "May I have it in April?",
        "See Section Three of the Terms",
        "We live at 12 Kimberly Way",
        "Hill Inc. is a company",
        "mark it as read and bill it",
    ],
)
def test_common_words_are_no_names(text: str) -> None:
    assert found(text) == []
