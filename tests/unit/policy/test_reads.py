"""Lists, and the key that chooses one of their elements."""

import pytest

from remit.authoring.source import Source
from remit.domain.action import Proof, Witness
from remit.domain.money import Money
from remit.policy import sources
from tests.witnesses import ORDER_ID, STATED, UNTRUSTED, action, case, one, prove, said

CARDS = (
    said("get_customer", "c1", "cards.id", "K1", element=0),
    said("get_customer", "c1", "cards.id", "K2", element=1),
    said("get_customer", "c1", "cards.last4", "1111", element=0),
    said("get_customer", "c1", "cards.last4", "2222", element=1),
)
CARD = Source.tool("get_customer", "cards.id")
BY_LAST4 = CARD.by("last4", Source.case("card"))


def test_a_list_of_several_proves_none_of_them() -> None:
    assert one(CARD, "K1", *CARDS).proof is Proof.AMBIGUOUS_LIST


def test_a_list_of_one_proves_it() -> None:
    assert one(CARD, "K1", CARDS[0]).proof is Proof.PROVEN


def test_a_list_whose_elements_are_records_of_their_own_is_still_a_list() -> None:
    found = (
        said("find_orders", "1007", "id", "1007", element=0),
        said("find_orders", "1008", "id", "1008", element=1),
    )

    assert one(Source.tool("find_orders", "id"), "1008", *found).proof is Proof.AMBIGUOUS_LIST


def test_a_proven_key_field_chooses_the_element() -> None:
    proof = one(BY_LAST4, "K2", *CARDS, case("card", "2222"))

    assert (proof.proof, proof.integrity) == (Proof.PROVEN, STATED)
    assert one(BY_LAST4, "K1", *CARDS, case("card", "2222")).proof is Proof.DIFFERENT


@pytest.mark.parametrize(
    ("key", "proof"),
    [
        (None, Proof.UNTRUSTED_SELECTION),
        (case("card", "2222", integrity=UNTRUSTED), Proof.UNTRUSTED_SELECTION),
        (case("card", "3333"), Proof.ABSENT),
        (case("card", 2222), Proof.ABSENT),
    ],
)
def test_a_key_that_is_unproven_or_matches_nothing_chooses_nothing(
    key: Witness | None, proof: Proof
) -> None:
    given = CARDS if key is None else (*CARDS, key)

    assert one(BY_LAST4, "K2", *given).proof is proof


def test_a_key_that_matches_two_elements_chooses_none() -> None:
    twin = (
        said("get_customer", "c1", "cards.id", "K3", element=2),
        said("get_customer", "c1", "cards.last4", "2222", element=2),
    )

    assert one(BY_LAST4, "K2", *CARDS, *twin, case("card", "2222")).proof is Proof.AMBIGUOUS_LIST


def test_every_element_of_a_list_argument_is_proven_and_none_stands_twice() -> None:
    spec = action(it=("list", Source.literal("a", "b") | Source.case("tag")))
    tag = case("tag", "c")

    def proof(*values: str) -> Proof:
        return prove(spec, {"it": list(values)}, tag)["it"].proof

    assert proof("a", "c") is Proof.PROVEN
    assert proof("a", "d") is Proof.DIFFERENT
    assert proof("a", "a") is Proof.DIFFERENT
    assert proof() is Proof.DIFFERENT


def test_an_element_is_taken_for_what_it_is_written_as() -> None:
    spec = action(it=("list", Source.case("tag")))
    for value in (True, 7, "x", Money.of("1.00 EUR"), {"a": 1}, [1], None):
        proofs = prove(spec, {"it": [value]}, case("tag", value))

        assert proofs["it"].proof is Proof.PROVEN


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
