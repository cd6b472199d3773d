"""Segments: declared by a pure function of an action's arguments, and total."""

from enum import Enum
from typing import Any, Literal

import pytest

from remit import Money
from remit.authoring.segments import segments_of
from remit.errors import RegistrationError

KNOWN = {"amount", "note"}


def by_amount(amount: Money) -> Literal["small", "large"]:
    if amount.amount < 0:
        raise ValueError("owed to us")
    return "small" if amount.amount < 50 else "large"


@pytest.mark.parametrize(
    ("arguments", "segment"),
    [
        ({"amount": {"amount": "19.00", "currency": "EUR"}, "note": "x"}, "small"),
        ({"amount": {"amount": "50.00", "currency": "EUR"}}, "large"),
        ({"amount": {"amount": "-1.00", "currency": "EUR"}}, "other"),
        ({"amount": "⟦AMOUNT_1⟧"}, "other"),
        ({}, "other"),
    ],
)
def test_each_proposal_has_one_segment(arguments: dict[str, Any], segment: str) -> None:
    assert segments_of(by_amount, action="pay", params=KNOWN).of(arguments) == segment


def test_an_enum_names_segments_too() -> None:
    class Region(Enum):
        NEAR = "near"
        FAR = "far"

    def where(note: str) -> Region:
        return Region.NEAR if note == "here" else Region.FAR

    found = segments_of(where, action="pay", params=KNOWN)
    assert found.names == ("near", "far")
    assert found.of({"note": "here"}) == "near"


def test_a_name_that_was_not_declared_is_other() -> None:
    def odd(note: str) -> Literal["a"]:
        return "b"  # type: ignore[return-value]  # what a type checker would have found

    assert segments_of(odd, action="pay", params=KNOWN).of({"note": ""}) == "other"


async def later(note: str) -> Literal["a"]:
    return "a"


def unnamed(note: str) -> str:
    return note


def taken(note: str) -> Literal["other"]:
    return "other"


def parted(note: str) -> Literal["a/b"]:
    return "a/b"


def foreign(sender: str) -> Literal["a"]:
    return "a"


MANY = Literal[tuple(f"s{number}" for number in range(51))]  # type: ignore[valid-type]  # as data


def many(note: str) -> MANY:
    return "s0"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (later, "are async"), (unnamed, "name no segment"), (taken, "use the name `other`"),
        (foreign, "take `sender`"), (many, "more than 50"), (parted, "without `/`"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_before_the_gate_is_refused(body: Any, said: str) -> None:
    with pytest.raises(RegistrationError, match=said):
        segments_of(body, action="pay", params=KNOWN)
