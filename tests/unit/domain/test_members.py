"""What a value's members are, read at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from remit.domain.members import changed, members_of, odd_members


@dataclass(frozen=True, kw_only=True)
class Parcel:
    name: str
    grams: int | None
    fragile: bool
    marks: frozenset[str] = frozenset()
    sizes: Mapping[str, int] | None = None
    inner: "Parcel | None" = None


PARCEL = Parcel(name="a", grams=None, fragile=True)


def test_a_member_is_odd_unless_it_is_a_text_a_number_or_nothing() -> None:
    assert odd_members(Parcel) == ("marks", "sizes", "inner")


def test_members_come_in_order_and_are_changed_by_name() -> None:
    assert [name for name, _ in members_of(PARCEL)][:3] == ["name", "grams", "fragile"]
    assert changed(PARCEL, grams=5) == Parcel(name="a", grams=5, fragile=True)
