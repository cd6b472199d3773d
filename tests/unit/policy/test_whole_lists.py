"""A list argument is proven by a list that was read when it is that list, and by nothing less."""

import pytest

from remit.authoring.source import Source
from remit.domain.action import Proof, Witness
from tests.witnesses import UNTRUSTED, action, prove, said

SPEC = action(guests=("list", Source.tool("get_event", "guests.*")))
READ = tuple(
    said("get_event", "e1", "guests.*", name, element=place)
    for place, name in enumerate(("ana", "bo", "ana"))
)


def proof(values: list[str], *witnesses: Witness) -> Proof:
    return prove(SPEC, {"guests": values}, *(witnesses or READ))["guests"].proof


def test_the_whole_list_that_was_read_is_proven_even_where_a_value_stands_twice() -> None:
    assert proof(["ana", "bo", "ana"]) is Proof.PROVEN


@pytest.mark.parametrize(
    "values",
    [
        ["ana", "ana", "bo"],
        ["ana", "bo"],
        ["ana", "bo", "ana", "ana"],
        ["ana", "bo", "eve"],
        ["bo"],
        [],
    ],
    ids=["another order", "one less", "one more", "a stranger", "one alone", "empty"],
)
def test_any_other_list_is_not(values: list[str]) -> None:
    assert proof(values) is not Proof.PROVEN


def test_a_list_that_somebody_outside_wrote_proves_nothing() -> None:
    outside = tuple(
        said("get_event", "e1", "guests.*", name, element=place, integrity=UNTRUSTED)
        for place, name in enumerate(("ana", "bo"))
    )

    assert proof(["ana", "bo"], *outside) is Proof.UNTRUSTED_SELECTION


def test_lists_in_the_elements_of_a_list_are_not_taken_for_one_list() -> None:
    """Two events with two guests each: which list is meant nobody can tell."""
    both = tuple(
        said("find_events", "", "*.guests.*", name, element=place)
        for name, place in (("ana", 0), ("bo", 1), ("eve", 0), ("ivo", 1))
    )
    spec = action(guests=("list", Source.tool("find_events", "*.guests.*")))

    assert prove(spec, {"guests": ["ana", "bo"]}, *both)["guests"].proof is Proof.AMBIGUOUS_LIST


def test_the_newest_read_says_what_the_list_is() -> None:
    newer = tuple(
        said("get_event", "e1", "guests.*", name, seq=9, element=place)
        for place, name in enumerate(("ana", "bo"))
    )

    assert proof(["ana", "bo"], *READ, *newer) is Proof.PROVEN
    assert proof(["ana", "bo", "ana"], *READ, *newer) is not Proof.PROVEN
