"""Each source proves what it names, and fails in the way that the desk is told."""

from dataclasses import replace
from decimal import Decimal

import pytest

from remit.authoring.source import Source
from remit.domain.action import ArgumentProof, Integrity, Proof
from remit.domain.directory import Directory
from remit.domain.money import Money
from remit.domain.value import Json, canonical
from remit.policy import sources
from tests.witnesses import (
    EXACT,
    ORDER_ID,
    REFUND,
    REFUND_ID,
    STATED,
    UNTRUSTED,
    VOUCHED,
    action,
    case,
    one,
    order,
    prove,
    said,
)


def test_a_key_field_of_the_case_proves_what_equals_it() -> None:
    proof = one(ORDER_ID, "1007", case("order_id", "1007"))

    assert proof == ArgumentProof(
        parameter="it", proof=Proof.PROVEN, source="case.order_id", integrity=STATED, seq=1
    )


def test_another_value_is_different_and_says_what_would_have_been_accepted() -> None:
    proof = one(ORDER_ID, "1008", case("order_id", "1007"))

    assert (proof.proof, proof.accepted) == (Proof.DIFFERENT, ("case.order_id is 1007",))
    assert proof.integrity is UNTRUSTED


def test_a_field_that_is_empty_proves_nothing() -> None:
    assert one(ORDER_ID, "1007").proof is Proof.ABSENT


def test_a_field_that_nobody_vouches_for_proves_nothing() -> None:
    proof = one(ORDER_ID, "1007", case("order_id", "1007", integrity=UNTRUSTED))

    assert proof.proof is Proof.UNTRUSTED_SELECTION


def test_a_corrected_field_makes_the_old_value_stale() -> None:
    witnesses = (case("order_id", "1007"), case("order_id", "1008", seq=2))

    assert one(ORDER_ID, "1007", *witnesses).proof is Proof.STALE
    assert one(ORDER_ID, "1008", *witnesses).proof is Proof.PROVEN


@pytest.mark.parametrize("near", [1007, "1007 ", "１００７", "order 1007", "O007"])
def test_a_near_miss_is_no_equality(near: Json) -> None:
    assert one(ORDER_ID, near, case("order_id", "1007")).proof is Proof.DIFFERENT


def test_a_number_never_proves_a_text_and_truth_is_no_number() -> None:
    assert one(ORDER_ID, True, case("order_id", 1)).proof is Proof.DIFFERENT
    assert one(ORDER_ID, "2026-11-23", case("order_id", Decimal(1))).proof is Proof.DIFFERENT


def test_a_field_of_a_read_proves_what_equals_it() -> None:
    proofs = prove(
        EXACT, {"order_id": "1007", "amount": Money.of("19 EUR")}, *order("1007", "19.00 EUR")
    )

    assert [proof.proof for proof in proofs.values()] == [Proof.PROVEN, Proof.PROVEN]
    assert proofs["amount"].source == "get_order.total"
    assert (proofs["amount"].seq, proofs["amount"].integrity) == (4, VOUCHED)


def test_the_alternative_that_proves_is_the_first_as_written() -> None:
    witnesses = (case("order_id", "1007"), *order("1007", "19.00 EUR"))

    assert prove(EXACT, {"order_id": "1007"}, *witnesses)["order_id"].source == "case.order_id"


def test_a_tool_that_was_not_read_proves_nothing() -> None:
    proof = one(Source.tool("get_order", "id"), "1007")

    assert (proof.proof, proof.accepted) == (Proof.ABSENT, ("get_order was not read",))


def test_a_field_that_the_read_does_not_have_is_absent() -> None:
    proof = one(Source.tool("get_order", "buyer"), "x", *order("1007", "19.00 EUR"))

    assert (proof.proof, proof.accepted) == (
        Proof.ABSENT,
        ("get_order.buyer of 1007 has no value",),
    )


def test_a_newer_read_that_says_otherwise_makes_the_older_stale() -> None:
    witnesses = (*order("1007", "19.00 EUR"), *order("1007", "9.00 EUR", seq=6))
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    assert prove(EXACT, given, *witnesses)["amount"].proof is Proof.STALE


def test_a_newer_read_that_says_the_same_leaves_the_trusted_older_one_standing() -> None:
    witnesses = (
        *order("1007", "19.00 EUR"),
        *order("1007", "19.00 EUR", seq=6, integrity=UNTRUSTED),
    )
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    proof = prove(EXACT, given, *witnesses)["amount"]

    assert (proof.proof, proof.seq) == (Proof.PROVEN, 4)


def test_what_was_true_twice_with_a_contradiction_between_rests_on_the_last_time() -> None:
    witnesses = (
        *order("1007", "19.00 EUR", seq=4),
        *order("1007", "9.00 EUR", seq=5),
        *order("1007", "19.00 EUR", seq=6, integrity=UNTRUSTED),
    )
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    assert prove(EXACT, given, *witnesses)["amount"].proof is Proof.UNTRUSTED_SELECTION


def test_a_record_that_untrusted_text_chose_proves_nothing() -> None:
    witnesses = order("1007", "19.00 EUR", integrity=UNTRUSTED)
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    proofs = prove(EXACT, given, *witnesses)

    assert {proof.proof for proof in proofs.values()} == {Proof.UNTRUSTED_SELECTION}


def test_arguments_of_two_records_are_not_proven_by_either() -> None:
    witnesses = (*order("1007", "19.00 EUR"), *order("1008", "900.00 EUR", seq=6))
    given = {"order_id": "1007", "amount": Money.of("900.00 EUR")}

    proofs = prove(EXACT, given, *witnesses)

    assert Proof.TWO_RECORDS in {proof.proof for proof in proofs.values()}
    assert Proof.PROVEN in {proof.proof for proof in proofs.values()}


def test_what_the_case_proves_must_still_agree_with_the_record_of_the_others() -> None:
    """The case names order 1007; only order 1008 was read: its total is nobody's answer."""
    witnesses = (case("order_id", "1007"), *order("1008", "900.00 EUR", seq=6))
    for spec in (EXACT, REFUND):
        given = {"order_id": "1007", "amount": Money.of("900.00 EUR")}

        proofs = prove(spec, given, *witnesses)

        assert proofs["order_id"].proof is Proof.PROVEN
        assert proofs["amount"].proof is Proof.TWO_RECORDS


def test_a_value_that_other_sources_prove_needs_no_read_of_the_tool() -> None:
    proofs = prove(action(order_id=REFUND_ID), {"order_id": "1007"}, case("order_id", "1007"))

    assert proofs["order_id"].proof is Proof.PROVEN


def test_too_many_reads_are_not_looked_through() -> None:
    witnesses = [w for seq in range(65) for w in order(str(seq), "19.00 EUR", seq=seq + 2)]

    assert one(Source.tool("get_order", "id"), "7", *witnesses).proof is Proof.TOO_MANY_RECORDS
    assert one(Source.tool("get_order", "id"), "7", *witnesses[:128]).proof is Proof.PROVEN


def test_a_constant_proves_itself_and_nothing_else_is_literal() -> None:
    source = Source.literal("refund", "credit")

    assert one(source, "credit").proof is Proof.PROVEN
    assert one(source, "cash").proof is Proof.NOT_LITERAL
    assert one(Source.literal(1), True).proof is Proof.NOT_LITERAL


def test_beside_another_source_a_wrong_constant_is_told_by_that_source() -> None:
    source = Source.literal("refund") | Source.case("kind")

    assert one(source, "cash", case("kind", "credit")).proof is Proof.DIFFERENT
    assert one(source, "credit", case("kind", "credit")).proof is Proof.PROVEN


def test_a_directory_proves_its_members() -> None:
    source = Source.directory("warehouses")
    known = {
        "warehouses": Directory(
            name="warehouses", owner="olga", members=frozenset({"north", "south"})
        )
    }

    assert one(source, "north", directories=known).proof is Proof.PROVEN
    assert one(source, "east", directories=known).proof is Proof.NOT_A_MEMBER
    assert one(source, "north", directories=known).integrity is Integrity.LITERAL
    assert one(source, "north").proof is Proof.NOT_A_MEMBER
    assert one(source, 7, directories=known).proof is Proof.NOT_A_MEMBER


def test_a_directory_that_a_tool_fills_holds_what_was_found_last() -> None:
    source = Source.directory("channels")
    known = {
        "channels": Directory(name="channels", owner="olga", tool="list_channels", path="*.name")
    }
    before = [said("list_channels", "", "*.name", name, seq=4) for name in ("general", "random")]
    now = said("list_channels", "", "*.name", "general", seq=7)

    proof = one(source, "general", *before, now, directories=known)

    assert (proof.proof, proof.integrity, proof.seq) == (Proof.PROVEN, STATED, 7)
    assert one(source, "random", *before, directories=known).proof is Proof.PROVEN
    assert one(source, "random", *before, now, directories=known).proof is Proof.NOT_A_MEMBER
    assert one(source, "general", directories=known).proof is Proof.NOT_A_MEMBER


def test_content_claims_no_authority() -> None:
    proof = one(Source.any(), "Dear customer")

    assert (proof.proof, proof.integrity) == (Proof.CONTENT, UNTRUSTED)


def test_an_optional_argument_that_is_left_out_needs_no_source() -> None:
    spec = action(extra=("text", ORDER_ID), it=("text", ORDER_ID))

    proofs = prove(spec, {"extra": None, "it": None})

    assert proofs["extra"].proof is Proof.PROVEN
    assert proofs["it"].proof is Proof.ABSENT


def test_an_argument_that_is_not_declared_gets_no_proof() -> None:
    assert prove(action(it=("text", ORDER_ID)), {"iban": "DE02"}) == {}


def test_the_record_acted_upon_is_the_one_that_the_arguments_name_not_the_last_read() -> None:
    witnesses = (*order("1007", "19.00 EUR"), *order("1008", "900.00 EUR", seq=6))
    given = {
        "order_id": canonical("1007"),
        "amount": canonical(Money.of("90.00 EUR")),
    }

    assert sources.acted_upon(REFUND, given, witnesses) == "1007"
    assert sources.acted_upon(action(it=("text", ORDER_ID)), {}, witnesses) == "1008"
    assert sources.acted_upon(REFUND, given, ()) == ""
    assert sources.acted_upon(replace(REFUND, on=None), given, witnesses) == ""


def test_a_value_rests_on_what_its_field_and_the_choice_of_its_record_rest_on() -> None:
    """Joined through a read as trust is; whoever typed the value confirmed its reading."""
    named = case("order_id", "1007", assumptions=("order_id:scheme_by_key",))
    chosen = (replace(part, assumptions=named.assumptions) for part in order("1007", "19.00 EUR"))
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}
    proofs = prove(EXACT, given, named, *chosen)

    assert [proof.assumptions for proof in proofs.values()] == [named.assumptions] * 2
    typed = said("endorsement", "maria.k", "it", "1007", seq=9, integrity=Integrity.ENDORSED)
    assert one(ORDER_ID, "1007", named).assumptions == named.assumptions
    confirmed = one(ORDER_ID, "1007", named, typed)
    assert (confirmed.proof, confirmed.assumptions) == (Proof.PROVEN, ())
