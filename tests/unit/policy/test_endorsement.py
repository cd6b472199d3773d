"""What people are told of a value, and what they may vouch for."""

import pytest

from remit.authoring.source import Source
from remit.domain.action import Integrity, Proof, Witness
from remit.domain.money import Money
from tests.witnesses import (
    EXACT,
    ORDER_ID,
    REFUND,
    UNTRUSTED,
    action,
    case,
    one,
    order,
    prove,
    said,
)


def test_where_else_the_same_value_stands_is_told_but_never_proves() -> None:
    note = said("get_order", "1007", "note", "1008", integrity=UNTRUSTED)

    proof = one(ORDER_ID, "1008", case("order_id", "1007"), note)

    assert proof.proof is Proof.DIFFERENT
    assert proof.elsewhere == ("get_order.note, entry 4 (untrusted)",)


def _endorsed(
    value: object, path: str = "it", integrity: Integrity = Integrity.ENDORSED
) -> Witness:
    return said("endorsement", "maria.k", path, value, seq=9, integrity=integrity)


def test_a_person_may_vouch_for_one_value_of_one_parameter() -> None:
    proof = one(ORDER_ID, "1008", case("order_id", "1007"), _endorsed("1008"))

    assert (proof.proof, proof.integrity, proof.seq) == (Proof.PROVEN, Integrity.ENDORSED, 9)
    assert proof.source == "endorsed by maria.k"


@pytest.mark.parametrize(
    "other",
    [_endorsed("1009"), _endorsed("1008", "that"), _endorsed("1008", integrity=UNTRUSTED)],
)
def test_vouching_reaches_no_other_value_or_parameter(other: Witness) -> None:
    assert one(ORDER_ID, "1008", other).proof is Proof.ABSENT


def test_nobody_vouches_a_constant_or_a_bound_away() -> None:
    literal = one(Source.literal("refund"), "cash", _endorsed("cash"))
    bound = one(
        Source.tool("get_order", "total").at_most(),
        Money.of("90.00 EUR"),
        *order("1007", "19.00 EUR"),
        _endorsed(Money.of("90.00 EUR")),
    )

    other = one(
        Source.tool("get_order", "total").at_most(),
        Money.of("9.00 USD"),
        *order("1007", "19.00 EUR"),
        _endorsed(Money.of("9.00 USD")),
    )

    assert (literal.proof, bound.proof) == (Proof.NOT_LITERAL, Proof.ABOVE)
    assert other.proof is Proof.DIFFERENT


def test_a_vouched_for_order_does_not_lend_the_bound_of_another() -> None:
    given = {"order_id": "1009", "amount": Money.of("10.00 EUR")}

    proofs = prove(REFUND, given, *order("1007", "19.00 EUR"), _endorsed("1009", "order_id"))

    assert [proof.proof for proof in proofs.values()] == [Proof.PROVEN, Proof.TWO_RECORDS]


def test_an_equal_amount_of_another_order_is_not_lent_to_a_vouched_for_one() -> None:
    given = {"order_id": "1009", "amount": Money.of("19.00 EUR")}

    proofs = prove(EXACT, given, *order("1007", "19.00 EUR"), _endorsed("1009", "order_id"))

    assert proofs["amount"].proof is Proof.TWO_RECORDS


def test_a_value_proven_by_another_tool_must_agree_with_this_one_too() -> None:
    spec = action(
        order_id=("text", Source.tool("get_ticket", "order") | Source.tool("get_order", "id")),
        amount=("money", Source.tool("get_order", "total")),
    )
    given = {"order_id": "1007", "amount": Money.of("900.00 EUR")}
    witnesses = (said("get_ticket", "t1", "order", "1007"), *order("1008", "900.00 EUR"))

    proofs = prove(spec, given, *witnesses)

    assert [proof.proof for proof in proofs.values()] == [Proof.PROVEN, Proof.TWO_RECORDS]
