"""Two values are equal exactly when their types and canonical forms are."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.domain.money import Money
from remit.domain.value import Canonical, canonical, digest, encode

FORMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, Canonical(type="null", form=None)),
        (True, Canonical(type="boolean", form=True)),
        (1, Canonical(type="integer", form=1)),
        ("1", Canonical(type="text", form="1")),
        (Colour.RED, Canonical(type="text", form="red")),
        (Decimal("1.50"), Canonical(type="decimal", form="1.5")),
        (Decimal("-0.0"), Canonical(type="decimal", form="0")),
        (Decimal("1E+3"), Canonical(type="decimal", form="1000")),
        (
            Money(Decimal("1.5"), "EUR"),
            Canonical(type="money", form={"amount": "1.50", "currency": "EUR"}),
        ),
        (date(2026, 2, 3), Canonical(type="date", form="2026-02-03")),
        (
            datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
            Canonical(type="instant", form="2026-02-03T04:05:06.000007Z"),
        ),
        ([1, "a"], Canonical(type="list", form=[1, "a"])),
        ({"b": Decimal(1), "a": None}, Canonical(type="record", form={"b": "1", "a": None})),
    ],
)
def test_a_value_has_one_canonical_form(value: object, expected: Canonical) -> None:
    assert canonical(value) == expected


@pytest.mark.parametrize("value", [1.5, b"bytes", object(), [0.1], {"a": 1.0}])
def test_a_value_without_an_exact_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no exact form"):
        canonical(value)


def test_a_number_never_proves_a_text() -> None:
    assert canonical(1).digest != canonical("1").digest
    assert canonical(1).digest != canonical(Decimal(1)).digest


def test_text_is_composed_and_otherwise_untouched() -> None:
    assert canonical("e\N{COMBINING ACUTE ACCENT}") == canonical("é")
    assert canonical(" A ") != canonical("a")


def test_a_set_has_one_form_whatever_order_it_was_filled_in() -> None:
    assert canonical({0, 8}) == canonical({8, 0})  # these two collide in the set's table


def test_an_instant_is_the_same_in_every_zone() -> None:
    utc = datetime(2026, 2, 3, 12, tzinfo=UTC)
    assert canonical(utc.astimezone(timezone(timedelta(hours=-5)))) == canonical(utc)


@given(FORMS)
def test_bytes_are_json_and_do_not_depend_on_the_order_of_keys(form: object) -> None:
    written = encode(form)  # type: ignore[arg-type]
    assert json.loads(written) == form
    assert encode(_backwards(form)) == written  # type: ignore[arg-type]


@given(FORMS, FORMS)
def test_digests_are_equal_exactly_when_the_forms_are(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (digest(one) == digest(other)) == same  # type: ignore[arg-type]


def _backwards(form: object) -> object:
    if isinstance(form, dict):
        return {key: _backwards(form[key]) for key in reversed(form)}
    if isinstance(form, list):
        return [_backwards(item) for item in form]
    return form
