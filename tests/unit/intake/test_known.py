"""Known values: however many there are, the same ones are found."""

import random

import pytest

from remit.intake import known
from remit.intake.known import Known, KnownValues
from tests.dressed import values

VALUES = [Known.of(kind, value) for kind, value in values()]
NAMES = [Known.of("PERSON", name) for name in ("Ann", "Ola", "Li Wu", "Żuk")]


def texts() -> list[str]:
    """Return texts that hold some values, some of them glued to what stands beside them."""
    rng = random.Random(7)
    glue = (" ", "", "\n", " and Ann ", "-", " annex ", "7", "żuk,")
    return [
        "".join(f"{rng.choice(values())[1]}{rng.choice(glue)}" for _ in range(rng.randint(0, 6)))
        for _ in range(120)
    ]


@pytest.mark.parametrize("count", [1, known.LITERALS_MAX, known.LITERALS_MAX + 1, len(VALUES)])
def test_many_are_found_as_one_by_one(count: int) -> None:
    looked_for = [*NAMES, *VALUES[:count]]
    together = KnownValues(looked_for)
    seen = 0
    for text in texts():
        alone = {hit for one in looked_for for hit in KnownValues([one])._plain(text)}
        seen += len(alone)
        assert set(together._plain(text)) == alone
    assert seen > count / 20


def test_of_two_values_in_one_encoded_piece_the_first_that_was_known_names_it() -> None:
    piece = b"from anna@example.org and bob@example.org".hex()
    anna, bob = (Known.of("EMAIL", f"{name}@example.org") for name in ("anna", "bob"))
    for others in ([], VALUES):
        first = [*KnownValues([bob, anna, *others]).hits(f"see {piece} here")]
        assert [one.canonical for one in first] == ["bob@example.org"]


def test_a_value_that_is_added_later_is_found_from_then_on() -> None:
    looked_for = KnownValues()
    assert [*looked_for.hits("to anna@example.org")] == []
    looked_for.add(Known.of("EMAIL", "anna@example.org"))
    assert [(one.start, one.end) for one in looked_for.hits("to anna@example.org")] == [(3, 19)]
