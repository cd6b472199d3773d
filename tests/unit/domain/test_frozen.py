"""A value of our own is equal and hashed by its fields, like a frozen dataclass."""

from dataclasses import field, fields, replace

import pytest

from remit.domain.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    minor: int
    currency: str = "EUR"
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(slots=True)
class Basket:
    prices: list[Price]


def test_values_are_equal_and_hashed_by_their_fields() -> None:
    one, other = Price(minor=5, notes=("a",)), Price(minor=5)
    assert one == other
    assert len({one, other, replace(one, minor=6)}) == 2
    assert [each.name for each in fields(one)] == ["minor", "currency", "notes"]


def test_a_value_takes_no_member_that_was_not_declared() -> None:
    with pytest.raises(AttributeError):
        Price(minor=5).kind = "net"  # type: ignore[attr-defined]  # that is what is tested
    with pytest.raises(TypeError):
        Price(5)  # type: ignore[call-arg]  # by name only


def test_a_dataclass_that_changes_has_no_hash() -> None:
    with pytest.raises(TypeError):
        hash(Basket([]))
