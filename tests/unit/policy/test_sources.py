"""Each source proves what it names, and fails in the way that the desk is told."""

from decimal import Decimal

import pytest

from remit.authoring.source import Source, SourceBuilder
from remit.domain.action import (
    ActionSpec,
    ArgumentProof,
    Integrity,
    ParamSpec,
    Proof,
    Risk,
    Witness,
)
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, canonical
from remit.policy import sources

STATED, VOUCHED, UNTRUSTED = Integrity.STATED, Integrity.VOUCHED, Integrity.UNTRUSTED


def _spec(**declared: tuple[str, SourceBuilder]) -> ActionSpec:
    return ActionSpec(
        workflow="refund-desk",
        name="issue_refund",
        risk=Risk.MONEY,
        params=tuple(
            ParamSpec(name=name, type=kind, source=source.tree, optional=name == "extra")
            for name, (kind, source) in declared.items()
        ),
        says="Refund",
        undo=None,
        irreversible=False,
        on="get_order",
    )


def _case(field: str, value: object, *, seq: int = 1, integrity: Integrity = STATED) -> Witness:
    return _said("case", "", field, value, seq=seq, integrity=integrity)


def _said(
    tool: str,
    record: str,
    path: str,
    value: object,
    *,
    seq: int = 4,
    element: int = 0,
    integrity: Integrity = VOUCHED,
) -> Witness:
    made = value if isinstance(value, Canonical) else canonical(value)
    return Witness(
        seq=seq,
        tool=tool,
        record=record,
        path=path,
        element=element,
        type=made.type,
        form=made.form,
        integrity=integrity,
    )


def _order(
    record: str, total: str, *, seq: int = 4, integrity: Integrity = VOUCHED
) -> tuple[Witness, ...]:
    return (
        _said("get_order", record, "id", record, seq=seq, integrity=integrity),
        _said("get_order", record, "total", Money.of(total), seq=seq, integrity=integrity),
    )


def _prove(
    spec: ActionSpec, given: dict[str, object], *witnesses: Witness, **more: object
) -> dict[str, ArgumentProof]:
    arguments = {name: canonical(value) for name, value in given.items()}
    proofs = sources.prove(spec, arguments, witnesses, **more)  # type: ignore[arg-type]
    return {proof.parameter: proof for proof in proofs}


def _one(
    source: SourceBuilder, value: object, *witnesses: Witness, **more: object
) -> ArgumentProof:
    return _prove(_spec(it=("text", source)), {"it": value}, *witnesses, **more)["it"]


ORDER_ID = Source.case("order_id")
REFUND = _spec(
    order_id=("text", Source.case("order_id") | Source.tool("get_order", "id")),
    amount=("money", Source.tool("get_order", "total").at_most()),
)
EXACT = _spec(
    order_id=("text", Source.case("order_id") | Source.tool("get_order", "id")),
    amount=("money", Source.tool("get_order", "total")),
)


# -- the case ------------------------------------------------------------------------------------


def test_a_key_field_of_the_case_proves_what_equals_it() -> None:
    proof = _one(ORDER_ID, "1007", _case("order_id", "1007"))

    assert proof == ArgumentProof(
        parameter="it", proof=Proof.PROVEN, source="case.order_id", integrity=STATED, seq=1
    )


def test_another_value_is_different_and_says_what_would_have_been_accepted() -> None:
    proof = _one(ORDER_ID, "1008", _case("order_id", "1007"))

    assert (proof.proof, proof.accepted) == (Proof.DIFFERENT, ("case.order_id is 1007",))
    assert proof.integrity is UNTRUSTED


def test_a_field_that_is_empty_proves_nothing() -> None:
    assert _one(ORDER_ID, "1007").proof is Proof.ABSENT


def test_a_field_that_nobody_vouches_for_proves_nothing() -> None:
    proof = _one(ORDER_ID, "1007", _case("order_id", "1007", integrity=UNTRUSTED))

    assert proof.proof is Proof.UNTRUSTED_SELECTION


def test_a_corrected_field_makes_the_old_value_stale() -> None:
    witnesses = (_case("order_id", "1007"), _case("order_id", "1008", seq=2))

    assert _one(ORDER_ID, "1007", *witnesses).proof is Proof.STALE
    assert _one(ORDER_ID, "1008", *witnesses).proof is Proof.PROVEN


@pytest.mark.parametrize("near", [1007, "1007 ", "１００７", "order 1007", "O007"])
def test_a_near_miss_is_no_equality(near: Json) -> None:
    assert _one(ORDER_ID, near, _case("order_id", "1007")).proof is Proof.DIFFERENT


def test_a_number_never_proves_a_text_and_truth_is_no_number() -> None:
    assert _one(ORDER_ID, True, _case("order_id", 1)).proof is Proof.DIFFERENT
    assert _one(ORDER_ID, "2026-11-23", _case("order_id", Decimal(1))).proof is Proof.DIFFERENT


# -- tools ---------------------------------------------------------------------------------------


def test_a_field_of_a_read_proves_what_equals_it() -> None:
    proofs = _prove(
        EXACT, {"order_id": "1007", "amount": Money.of("19 EUR")}, *_order("1007", "19.00 EUR")
    )

    assert [proof.proof for proof in proofs.values()] == [Proof.PROVEN, Proof.PROVEN]
    assert proofs["amount"].source == "get_order.total"
    assert (proofs["amount"].seq, proofs["amount"].integrity) == (4, VOUCHED)


def test_the_alternative_that_proves_is_the_first_as_written() -> None:
    witnesses = (_case("order_id", "1007"), *_order("1007", "19.00 EUR"))

    assert _prove(EXACT, {"order_id": "1007"}, *witnesses)["order_id"].source == "case.order_id"


def test_a_tool_that_was_not_read_proves_nothing() -> None:
    proof = _one(Source.tool("get_order", "id"), "1007")

    assert (proof.proof, proof.accepted) == (Proof.ABSENT, ("get_order was not read",))


def test_a_field_that_the_read_does_not_have_is_absent() -> None:
    proof = _one(Source.tool("get_order", "buyer"), "x", *_order("1007", "19.00 EUR"))

    assert (proof.proof, proof.accepted) == (
        Proof.ABSENT,
        ("get_order.buyer of 1007 has no value",),
    )


def test_a_newer_read_that_says_otherwise_makes_the_older_stale() -> None:
    witnesses = (*_order("1007", "19.00 EUR"), *_order("1007", "9.00 EUR", seq=6))
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    assert _prove(EXACT, given, *witnesses)["amount"].proof is Proof.STALE


def test_a_newer_read_that_says_the_same_leaves_the_trusted_older_one_standing() -> None:
    witnesses = (
        *_order("1007", "19.00 EUR"),
        *_order("1007", "19.00 EUR", seq=6, integrity=UNTRUSTED),
    )
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    proof = _prove(EXACT, given, *witnesses)["amount"]

    assert (proof.proof, proof.seq) == (Proof.PROVEN, 4)


def test_what_was_true_twice_with_a_contradiction_between_rests_on_the_last_time() -> None:
    witnesses = (
        *_order("1007", "19.00 EUR", seq=4),
        *_order("1007", "9.00 EUR", seq=5),
        *_order("1007", "19.00 EUR", seq=6, integrity=UNTRUSTED),
    )
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    assert _prove(EXACT, given, *witnesses)["amount"].proof is Proof.UNTRUSTED_SELECTION


def test_a_record_that_untrusted_text_chose_proves_nothing() -> None:
    witnesses = _order("1007", "19.00 EUR", integrity=UNTRUSTED)
    given = {"order_id": "1007", "amount": Money.of("19.00 EUR")}

    proofs = _prove(EXACT, given, *witnesses)

    assert {proof.proof for proof in proofs.values()} == {Proof.UNTRUSTED_SELECTION}


def test_arguments_of_two_records_are_not_proven_by_either() -> None:
    witnesses = (*_order("1007", "19.00 EUR"), *_order("1008", "900.00 EUR", seq=6))
    given = {"order_id": "1007", "amount": Money.of("900.00 EUR")}

    proofs = _prove(EXACT, given, *witnesses)

    assert Proof.TWO_RECORDS in {proof.proof for proof in proofs.values()}
    assert Proof.PROVEN in {proof.proof for proof in proofs.values()}


def test_what_the_case_proves_must_still_agree_with_the_record_of_the_others() -> None:
    """The case names order 1007; only order 1008 was read: its total is nobody's answer."""
    witnesses = (_case("order_id", "1007"), *_order("1008", "900.00 EUR", seq=6))
    for spec in (EXACT, REFUND):
        given = {"order_id": "1007", "amount": Money.of("900.00 EUR")}

        proofs = _prove(spec, given, *witnesses)

        assert proofs["order_id"].proof is Proof.PROVEN
        assert proofs["amount"].proof is Proof.TWO_RECORDS


def test_a_value_that_other_sources_prove_needs_no_read_of_the_tool() -> None:
    proofs = _prove(_spec(order_id=REFUND_ID), {"order_id": "1007"}, _case("order_id", "1007"))

    assert proofs["order_id"].proof is Proof.PROVEN


REFUND_ID = ("text", Source.case("order_id") | Source.tool("get_order", "id"))


def test_too_many_reads_are_not_looked_through() -> None:
    witnesses = [w for seq in range(65) for w in _order(str(seq), "19.00 EUR", seq=seq + 2)]

    assert _one(Source.tool("get_order", "id"), "7", *witnesses).proof is Proof.TOO_MANY_RECORDS
    assert _one(Source.tool("get_order", "id"), "7", *witnesses[:128]).proof is Proof.PROVEN


# -- lists ---------------------------------------------------------------------------------------

CARDS = (
    _said("get_customer", "c1", "cards.id", "K1", element=0),
    _said("get_customer", "c1", "cards.id", "K2", element=1),
    _said("get_customer", "c1", "cards.last4", "1111", element=0),
    _said("get_customer", "c1", "cards.last4", "2222", element=1),
)
CARD = Source.tool("get_customer", "cards.id")
BY_LAST4 = CARD.by("last4", Source.case("card"))


def test_a_list_of_several_proves_none_of_them() -> None:
    assert _one(CARD, "K1", *CARDS).proof is Proof.AMBIGUOUS_LIST


def test_a_list_of_one_proves_it() -> None:
    assert _one(CARD, "K1", CARDS[0]).proof is Proof.PROVEN


def test_a_list_whose_elements_are_records_of_their_own_is_still_a_list() -> None:
    found = (
        _said("find_orders", "1007", "id", "1007", element=0),
        _said("find_orders", "1008", "id", "1008", element=1),
    )

    assert _one(Source.tool("find_orders", "id"), "1008", *found).proof is Proof.AMBIGUOUS_LIST


def test_a_proven_key_field_chooses_the_element() -> None:
    proof = _one(BY_LAST4, "K2", *CARDS, _case("card", "2222"))

    assert (proof.proof, proof.integrity) == (Proof.PROVEN, STATED)
    assert _one(BY_LAST4, "K1", *CARDS, _case("card", "2222")).proof is Proof.DIFFERENT


@pytest.mark.parametrize(
    ("key", "proof"),
    [
        (None, Proof.UNTRUSTED_SELECTION),
        (_case("card", "2222", integrity=UNTRUSTED), Proof.UNTRUSTED_SELECTION),
        (_case("card", "3333"), Proof.ABSENT),
        (_case("card", 2222), Proof.ABSENT),
    ],
)
def test_a_key_that_is_unproven_or_matches_nothing_chooses_nothing(
    key: Witness | None, proof: Proof
) -> None:
    given = CARDS if key is None else (*CARDS, key)

    assert _one(BY_LAST4, "K2", *given).proof is proof


def test_a_key_that_matches_two_elements_chooses_none() -> None:
    twin = (
        _said("get_customer", "c1", "cards.id", "K3", element=2),
        _said("get_customer", "c1", "cards.last4", "2222", element=2),
    )

    assert _one(BY_LAST4, "K2", *CARDS, *twin, _case("card", "2222")).proof is Proof.AMBIGUOUS_LIST


def test_every_element_of_a_list_argument_is_proven_and_none_stands_twice() -> None:
    spec = _spec(it=("list", Source.literal("a", "b") | Source.case("tag")))
    tag = _case("tag", "c")

    def proof(*values: str) -> Proof:
        return _prove(spec, {"it": list(values)}, tag)["it"].proof

    assert proof("a", "c") is Proof.PROVEN
    assert proof("a", "d") is Proof.DIFFERENT
    assert proof("a", "a") is Proof.DIFFERENT
    assert proof() is Proof.DIFFERENT


def test_an_element_is_taken_for_what_it_is_written_as() -> None:
    spec = _spec(it=("list", Source.case("tag")))
    for value in (True, 7, "x", Money.of("1.00 EUR"), {"a": 1}, [1], None):
        proofs = _prove(spec, {"it": [value]}, _case("tag", value))

        assert proofs["it"].proof is Proof.PROVEN


# -- at most -------------------------------------------------------------------------------------


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
    proofs = _prove(
        REFUND,
        {"order_id": "1007", "amount": Money.of(amount)},
        _case("order_id", "1007"),
        *_order("1007", "19.00 EUR"),
        already={"1007": already, "1008": 99_999},
    )

    assert proofs["amount"].proof is proof


def test_a_bound_is_said_with_what_is_already_given() -> None:
    proofs = _prove(
        REFUND,
        {"order_id": "1007", "amount": Money.of("90.00 EUR")},
        *_order("1007", "19.00 EUR"),
        already={"1007": 500},
    )

    assert "; ".join(proofs["amount"].accepted) == (
        "above zero and get_order.total of 1007 at most, which is 19.00 EUR; "
        "5.00 EUR of it is already given"
    )


def test_above_the_bound_of_the_named_order_stays_above_though_another_has_room() -> None:
    witnesses = (
        _case("order_id", "1007"),
        *_order("1007", "19.00 EUR"),
        *_order("1008", "900.00 EUR", seq=6),
    )
    given = {"order_id": "1007", "amount": Money.of("90.00 EUR")}

    assert _prove(REFUND, given, *witnesses)["amount"].proof is Proof.ABOVE


def test_a_bound_of_a_record_that_is_not_the_named_one_proves_nothing() -> None:
    given = {"order_id": "1009", "amount": Money.of("10.00 EUR")}

    proofs = _prove(REFUND, given, *_order("1007", "19.00 EUR"))

    assert [proof.proof for proof in proofs.values()] == [Proof.DIFFERENT, Proof.TWO_RECORDS]


def test_losing_trust_in_the_record_never_turns_above_into_something_milder() -> None:
    given = {"order_id": "1007", "amount": Money.of("90.00 EUR")}

    proofs = _prove(REFUND, given, *_order("1007", "19.00 EUR", integrity=UNTRUSTED))

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

    assert _one(source, value, _said("get_stock", "s1", "left", bound)).proof is proof


def test_a_bound_that_is_not_what_it_claims_to_be_proves_nothing() -> None:
    broken = _said("get_order", "1007", "total", Canonical(type="money", form={"amount": "x"}))
    odd = _said("get_order", "1007", "total", Canonical(type="decimal", form="many"))
    source = Source.tool("get_order", "total").at_most()

    assert _one(source, Money.of("1.00 EUR"), broken).proof is Proof.DIFFERENT
    assert _one(source, Decimal(1), odd).proof is Proof.DIFFERENT


def test_a_bound_on_a_list_of_several_is_none() -> None:
    totals = (
        _said("get_order", "1007", "lines.total", Money.of("5.00 EUR"), element=0),
        _said("get_order", "1007", "lines.total", Money.of("9.00 EUR"), element=1),
    )
    source = Source.tool("get_order", "lines.total").at_most()

    assert _one(source, Money.of("4.00 EUR"), *totals).proof is Proof.AMBIGUOUS_LIST


# -- constants, directories, content -------------------------------------------------------------


def test_a_constant_proves_itself_and_nothing_else_is_literal() -> None:
    source = Source.literal("refund", "credit")

    assert _one(source, "credit").proof is Proof.PROVEN
    assert _one(source, "cash").proof is Proof.NOT_LITERAL
    assert _one(Source.literal(1), True).proof is Proof.NOT_LITERAL


def test_beside_another_source_a_wrong_constant_is_told_by_that_source() -> None:
    source = Source.literal("refund") | Source.case("kind")

    assert _one(source, "cash", _case("kind", "credit")).proof is Proof.DIFFERENT
    assert _one(source, "credit", _case("kind", "credit")).proof is Proof.PROVEN


def test_a_directory_proves_its_members() -> None:
    source = Source.directory("warehouses")
    known = {"warehouses": frozenset({"north", "south"})}

    assert _one(source, "north", directories=known).proof is Proof.PROVEN
    assert _one(source, "east", directories=known).proof is Proof.NOT_A_MEMBER
    assert _one(source, "north").proof is Proof.NOT_A_MEMBER


def test_content_claims_no_authority() -> None:
    proof = _one(Source.any(), "Dear customer")

    assert (proof.proof, proof.integrity) == (Proof.CONTENT, UNTRUSTED)


def test_an_optional_argument_that_is_left_out_needs_no_source() -> None:
    spec = _spec(extra=("text", ORDER_ID), it=("text", ORDER_ID))

    proofs = _prove(spec, {"extra": None, "it": None})

    assert proofs["extra"].proof is Proof.PROVEN
    assert proofs["it"].proof is Proof.ABSENT


def test_an_argument_that_is_not_declared_gets_no_proof() -> None:
    assert _prove(_spec(it=("text", ORDER_ID)), {"iban": "DE02"}) == {}


# -- what people are told, and what they vouch for ------------------------------------------------


def test_where_else_the_same_value_stands_is_told_but_never_proves() -> None:
    note = _said("get_order", "1007", "note", "1008", integrity=UNTRUSTED)

    proof = _one(ORDER_ID, "1008", _case("order_id", "1007"), note)

    assert proof.proof is Proof.DIFFERENT
    assert proof.elsewhere == ("get_order.note, entry 4 (untrusted)",)


def _endorsed(
    value: object, path: str = "it", integrity: Integrity = Integrity.ENDORSED
) -> Witness:
    return _said("endorsement", "maria.k", path, value, seq=9, integrity=integrity)


def test_a_person_may_vouch_for_one_value_of_one_parameter() -> None:
    proof = _one(ORDER_ID, "1008", _case("order_id", "1007"), _endorsed("1008"))

    assert (proof.proof, proof.integrity, proof.seq) == (Proof.PROVEN, Integrity.ENDORSED, 9)
    assert proof.source == "endorsed by maria.k"


@pytest.mark.parametrize(
    "other",
    [_endorsed("1009"), _endorsed("1008", "that"), _endorsed("1008", integrity=UNTRUSTED)],
)
def test_vouching_reaches_no_other_value_or_parameter(other: Witness) -> None:
    assert _one(ORDER_ID, "1008", other).proof is Proof.ABSENT


def test_nobody_vouches_a_constant_or_a_bound_away() -> None:
    literal = _one(Source.literal("refund"), "cash", _endorsed("cash"))
    bound = _one(
        Source.tool("get_order", "total").at_most(),
        Money.of("90.00 EUR"),
        *_order("1007", "19.00 EUR"),
        _endorsed(Money.of("90.00 EUR")),
    )

    assert (literal.proof, bound.proof) == (Proof.NOT_LITERAL, Proof.ABOVE)


def test_a_vouched_for_order_does_not_lend_the_bound_of_another() -> None:
    given = {"order_id": "1009", "amount": Money.of("10.00 EUR")}

    proofs = _prove(REFUND, given, *_order("1007", "19.00 EUR"), _endorsed("1009", "order_id"))

    assert [proof.proof for proof in proofs.values()] == [Proof.PROVEN, Proof.TWO_RECORDS]


def test_an_equal_amount_of_another_order_is_not_lent_to_a_vouched_for_one() -> None:
    given = {"order_id": "1009", "amount": Money.of("19.00 EUR")}

    proofs = _prove(EXACT, given, *_order("1007", "19.00 EUR"), _endorsed("1009", "order_id"))

    assert proofs["amount"].proof is Proof.TWO_RECORDS


def test_a_value_proven_by_another_tool_must_agree_with_this_one_too() -> None:
    spec = _spec(
        order_id=("text", Source.tool("get_ticket", "order") | Source.tool("get_order", "id")),
        amount=("money", Source.tool("get_order", "total")),
    )
    given = {"order_id": "1007", "amount": Money.of("900.00 EUR")}
    witnesses = (_said("get_ticket", "t1", "order", "1007"), *_order("1008", "900.00 EUR"))

    proofs = _prove(spec, given, *witnesses)

    assert [proof.proof for proof in proofs.values()] == [Proof.PROVEN, Proof.TWO_RECORDS]


def test_the_paths_that_sources_name_are_where_witnesses_are_needed() -> None:
    named = sources.named(
        [(ORDER_ID | CARD).tree, BY_LAST4.tree, Source.any().tree, Source.literal(1).tree]
    )

    assert named == {
        ("case", "order_id"),
        ("get_customer", "cards.id"),
        ("get_customer", "cards.last4"),
        ("case", "card"),
    }
