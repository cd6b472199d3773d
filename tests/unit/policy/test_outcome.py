"""Bounds and constants."""

from decimal import Decimal

import pytest

from remit.authoring.source import Source
from remit.domain.action import Proof
from remit.domain.money import Money
from remit.domain.value import Canonical
from tests.witnesses import (
    REFUND,
    UNTRUSTED,
    case,
    one,
    order,
    prove,
    said,
)


@pytest.mark.parametrize(
    ("amount", "already", "proof"),
    [
        ("19.00 EUR", 0, Proof.PROVEN),
        ("18.99 EUR", 0, Proof.PROVEN),
        ("19.01 EUR", 0, Proof.ABOVE),
        ("10.00 EUR", 900, Proof.PROVEN),
        ("10.01 EUR", 900, Proof.ABOVE),
        ("0.00 EUR", 0, Proof.ABOVE),
        ("-1.00 EUR", 0, Proof.ABOVE),
        ("19.00 USD", 0, Proof.DIFFERENT),
        ("0.001 EUR", 0, Proof.DIFFERENT),
    ],
)
def test_a_bound_counts_all_effects_on_the_record(amount: str, already: int, proof: Proof) -> None:
    proofs = prove(
        REFUND,
        {"order_id": "1007", "amount": Money.of(amount)},
        case("order_id", "1007"),
        *order("1007", "19.00 EUR"),
        already={"1007": already, "1008": 99_999},
    )

    assert proofs["amount"].proof is proof


def test_a_bound_is_said_with_what_is_already_given() -> None:
    proofs = prove(
        REFUND,
        {"order_id": "1007", "amount": Money.of("90.00 EUR")},
        *order("1007", "19.00 EUR"),
        already={"1007": 500},
    )

    assert "; ".join(proofs["amount"].accepted) == (
        "above zero and get_order.total of 1007 at most, which is 19.00 EUR; "
        "5.00 EUR of it is already given"
    )


def test_above_the_bound_of_the_named_order_stays_above_though_another_has_room() -> None:
    witnesses = (
        case("order_id", "1007"),
        *order("1007", "19.00 EUR"),
        *order("1008", "900.00 EUR", seq=6),
    )
    given = {"order_id": "1007", "amount": Money.of("90.00 EUR")}

    assert prove(REFUND, given, *witnesses)["amount"].proof is Proof.ABOVE


def test_a_bound_of_a_record_that_is_not_the_named_one_proves_nothing() -> None:
    given = {"order_id": "1009", "amount": Money.of("10.00 EUR")}

    proofs = prove(REFUND, given, *order("1007", "19.00 EUR"))

    assert [proof.proof for proof in proofs.values()] == [Proof.DIFFERENT, Proof.TWO_RECORDS]


def test_losing_trust_in_the_record_never_turns_above_into_something_milder() -> None:
    given = {"order_id": "1007", "amount": Money.of("90.00 EUR")}

    proofs = prove(REFUND, given, *order("1007", "19.00 EUR", integrity=UNTRUSTED))

    assert proofs["amount"].proof is Proof.ABOVE


@pytest.mark.parametrize(
    ("value", "bound", "proof"),
    [
        (3, 3, Proof.PROVEN),
        (4, 3, Proof.ABOVE),
        (Decimal("2.5"), Decimal("2.50"), Proof.PROVEN),
        (Decimal("2.51"), Decimal("2.5"), Proof.ABOVE),
        (3, Decimal(3), Proof.DIFFERENT),
        (True, 3, Proof.DIFFERENT),
        ("3", 3, Proof.DIFFERENT),
    ],
)
def test_plain_numbers_have_bounds_too(value: object, bound: object, proof: Proof) -> None:
    source = Source.tool("get_stock", "left").at_most()

    assert one(source, value, said("get_stock", "s1", "left", bound)).proof is proof


def test_a_bound_that_is_not_what_it_claims_to_be_proves_nothing() -> None:
    broken = said("get_order", "1007", "total", Canonical(type="money", form={"amount": "x"}))
    odd = said("get_order", "1007", "total", Canonical(type="decimal", form="many"))
    source = Source.tool("get_order", "total").at_most()

    assert one(source, Money.of("1.00 EUR"), broken).proof is Proof.DIFFERENT
    assert one(source, Decimal(1), odd).proof is Proof.DIFFERENT


def test_a_bound_on_a_list_of_several_is_none() -> None:
    totals = (
        said("get_order", "1007", "lines.total", Money.of("5.00 EUR"), element=0),
        said("get_order", "1007", "lines.total", Money.of("9.00 EUR"), element=1),
    )
    source = Source.tool("get_order", "lines.total").at_most()

    assert one(source, Money.of("4.00 EUR"), *totals).proof is Proof.AMBIGUOUS_LIST
