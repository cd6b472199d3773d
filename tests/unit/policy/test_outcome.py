"""Bounds and constants."""

from dataclasses import replace
from decimal import Decimal

import pytest

from remit.authoring.source import Source
from remit.domain.action import Bound, Demand, Integrity, Proof
from remit.domain.money import Money
from remit.domain.value import Canonical
from tests.witnesses import (
    REFUND,
    UNTRUSTED,
    VOUCHED,
    action,
    case,
    one,
    order,
    prove,
    said,
)


def _total(record: str, unit: str = "EUR") -> Bound:
    return Bound(tool="get_order", path="total", record=record, element="", unit=unit)


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
        already={_total("1007"): Decimal(already), _total("1008"): Decimal(99_999)},
    )

    assert proofs["amount"].proof is proof


def test_a_bound_is_said_with_what_is_already_given() -> None:
    proofs = prove(
        REFUND,
        {"order_id": "1007", "amount": Money.of("90.00 EUR")},
        *order("1007", "19.00 EUR"),
        already={_total("1007"): Decimal(500)},
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


def test_a_bound_of_a_number_adds_up_in_its_own_unit() -> None:
    """Cents, and pieces of something else, say nothing about these pieces."""
    left = Bound(tool="get_stock", path="left", record="s1", element="", unit="integer")
    cents, other = replace(left, unit="EUR"), replace(left, path="reserved")
    source = Source.tool("get_stock", "left").at_most()
    stock = said("get_stock", "s1", "left", 5)

    for already, proof in ((1, Proof.PROVEN), (2, Proof.ABOVE)):
        given = {left: Decimal(already), cents: Decimal(900), other: Decimal(4)}
        assert one(source, 4, stock, already=given).proof is proof


def test_two_arguments_under_one_bound_share_it() -> None:
    spec = action(
        goods=("money", Source.tool("get_order", "total").at_most()),
        freight=("money", Source.tool("get_order", "total").at_most()),
    )

    def proofs(freight: str) -> set[Proof]:
        given = {"goods": Money.of("15.00 EUR"), "freight": Money.of(freight)}
        return {one.proof for one in prove(spec, given, *order("1007", "19.00 EUR")).values()}

    assert proofs("4.00 EUR") == {Proof.PROVEN}
    assert proofs("4.01 EUR") == {Proof.ABOVE}


def test_what_is_spent_on_one_order_is_not_taken_from_another_that_nobody_named() -> None:
    spec = action(amount=("money", Source.tool("get_order", "total").at_most()))
    witnesses = (*order("1007", "19.00 EUR"), *order("1008", "19.00 EUR", seq=6))
    spent = {_total("1007"): Decimal(1900), _total("1008"): Decimal(1900)}

    given = {"amount": Money.of("5.00 EUR")}

    assert prove(spec, given, *witnesses, already=spent)["amount"].proof is Proof.ABOVE
    proof = prove(spec, given, *witnesses, already={_total("1008"): Decimal(1900)})["amount"]
    assert proof.demands == (Demand(bound=_total("1007"), quantity="500"),)


def test_each_element_of_a_list_has_its_own_bound() -> None:
    source = Source.tool("get_order", "lines.left").by("sku", Source.case("sku")).at_most()
    lines = [
        said("get_order", "1007", f"lines.{name}", value, element=element)
        for element, (sku, left) in enumerate([("a", 2), ("b", 1)])
        for name, value in (("sku", sku), ("left", left))
    ]

    proof = one(source, 1, case("sku", "b"), *lines)

    assert proof.proof is Proof.PROVEN
    assert [(one.bound.element, one.quantity) for one in proof.demands] == [('["text","b"]', "1")]


@pytest.mark.parametrize("integrity", [UNTRUSTED, VOUCHED])
def test_what_a_person_lets_pass_counts_too(integrity: Integrity) -> None:
    """An amount on a record that untrusted text chose is held; once approved it is spent."""
    given = {"order_id": "1007", "amount": Money.of("10.00 EUR")}

    proof = prove(REFUND, given, *order("1007", "19.00 EUR", integrity=integrity))["amount"]

    assert proof.demands == (Demand(bound=_total("1007"), quantity="1000"),)


def test_what_a_fixed_value_proves_takes_nothing_of_the_bound_beside_it() -> None:
    source = Source.literal(3) | Source.tool("get_stock", "left").at_most()

    assert one(source, 3, said("get_stock", "s1", "left", 5)).demands == ()
    assert one(source, 4, said("get_stock", "s1", "left", 5)).demands != ()


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
