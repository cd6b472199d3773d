"""Laws of labels: they join in any order and number, and never rise by being joined."""

from hypothesis import given
from hypothesis import strategies as st

from remit.domain.action import Integrity
from remit.domain.label import UNLABELLED, Confidentiality, FlowLabel, joined

names = st.frozensets(st.sampled_from(("a", "b", "c")), max_size=3)
labels = st.builds(
    FlowLabel,
    integrity=st.sampled_from(Integrity),
    confidentiality=st.sampled_from(Confidentiality),
    subjects=names,
    origins=names,
)


@given(labels, labels, labels)
def test_joining_is_associative(one: FlowLabel, two: FlowLabel, three: FlowLabel) -> None:
    assert one.join(two).join(three) == one.join(two.join(three))


@given(labels, labels)
def test_joining_is_commutative(one: FlowLabel, two: FlowLabel) -> None:
    assert one.join(two) == two.join(one)


@given(labels)
def test_joining_is_idempotent(one: FlowLabel) -> None:
    assert one.join(one) == one


@given(labels, labels)
def test_joining_never_raises_trust_nor_lets_more_people_see(
    one: FlowLabel, two: FlowLabel
) -> None:
    both = one.join(two)

    assert both.integrity.rank <= one.integrity.rank
    assert both.confidentiality.rank >= one.confidentiality.rank
    assert both.subjects >= one.subjects
    assert both.origins >= one.origins


@given(st.lists(labels, max_size=4))
def test_several_are_joined_as_two_are_and_of_nothing_nobody_knows(some: list[FlowLabel]) -> None:
    assert joined(some) == joined(reversed(some))
    assert joined([]) == UNLABELLED
    assert UNLABELLED.integrity is Integrity.UNTRUSTED
    assert UNLABELLED.confidentiality is Confidentiality.INTERNAL
