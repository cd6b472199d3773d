"""Laws of proof: nothing is proven out of thin air, and less trust never loosens."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from remit.domain.action import Integrity, Proof, Witness
from remit.domain.money import Money
from remit.domain.value import Canonical, canonical
from remit.policy import gate, sources
from tests.gating import ALLOWED, REFUND

ORDERS = ("1007", "1008")
TOTALS = tuple(Money.of(text) for text in ("19.00 EUR", "90.00 EUR", "90.00 USD"))

arguments = st.fixed_dictionaries(
    {
        "order_id": st.sampled_from(ORDERS).map(canonical),
        "amount": st.sampled_from(TOTALS).map(canonical),
    }
)


@st.composite
def witnesses(draw: st.DrawFn) -> list[Witness]:
    """Some reads of two orders, a case field, and now and then a person's word."""
    made = []
    for seq in range(2, 2 + draw(st.integers(0, 4))):
        record, trust = draw(st.sampled_from(ORDERS)), draw(st.sampled_from(Integrity))
        said = {"id": canonical(record), "total": canonical(draw(st.sampled_from(TOTALS)))}
        for path, value in said.items():
            made.append(_witness("get_order", record, path, value, seq, trust))
    if draw(st.booleans()):
        value, trust = draw(st.sampled_from(ORDERS)), draw(st.sampled_from(Integrity))
        made.append(_witness("case", "", "order_id", canonical(value), 1, trust))
    if not draw(st.integers(0, 3)):
        value = draw(st.sampled_from(ORDERS))
        made.append(
            _witness("endorsement", "a", "order_id", canonical(value), 9, Integrity.ENDORSED)
        )
    return made


def _witness(
    tool: str, record: str, path: str, value: Canonical, seq: int, trust: Integrity
) -> Witness:
    return Witness(
        seq=seq,
        tool=tool,
        record=record,
        path=path,
        element=0,
        type=value.type,
        form=value.form,
        integrity=trust,
    )


def _rank(given_: dict[str, Canonical], said: list[Witness]) -> int:
    facts = replace(
        ALLOWED,
        arguments={name: value.form for name, value in given_.items()},
        types={name: value.type for name, value in given_.items()},
        proofs=sources.prove(REFUND, given_, said),
    )
    return gate.decide(facts).verdict.rank


@given(arguments, witnesses(), st.data())
def test_a_witness_that_loses_trust_never_loosens(
    given_: dict[str, Canonical], said: list[Witness], data: st.DataObject
) -> None:
    if not said:
        return
    at = data.draw(st.integers(0, len(said) - 1))
    ranked = list(Integrity)
    lower = ranked[data.draw(st.integers(0, said[at].integrity.rank))]
    weaker = [*said[:at], replace(said[at], integrity=lower), *said[at + 1 :]]

    assert _rank(given_, weaker) >= _rank(given_, said)


@given(arguments, witnesses())
def test_a_proven_value_stands_in_a_trusted_witness_or_below_one(
    given_: dict[str, Canonical], said: list[Witness]
) -> None:
    trusted = [one for one in said if one.integrity.rank >= Integrity.STATED.rank]
    for proof in sources.prove(REFUND, given_, said):
        if proof.proof is not Proof.PROVEN:
            continue
        value = given_[proof.parameter]
        if proof.parameter == "order_id":
            assert any(one.form == value.form for one in trusted)
        else:
            bounds = [one.form for one in trusted if one.path == "total"]
            assert any(_within(value.form, bound) for bound in bounds)


def _within(form: object, bound: object) -> bool:
    assert isinstance(form, dict)
    assert isinstance(bound, dict)
    return form["currency"] == bound["currency"] and float(form["amount"]) <= float(
        bound["amount"]
    )


@given(arguments, witnesses())
def test_a_proven_amount_is_bounded_by_the_order_that_is_named(
    given_: dict[str, Canonical], said: list[Witness]
) -> None:
    proofs = {one.parameter: one for one in sources.prove(REFUND, given_, said)}
    if {one.proof for one in proofs.values()} != {Proof.PROVEN}:
        return
    record = given_["order_id"].form
    mine = [one for one in said if one.path == "total" and one.record == record]
    newest = max(one.seq for one in mine)

    assert all(_within(given_["amount"].form, one.form) for one in mine if one.seq == newest)


@given(arguments, witnesses())
def test_the_order_of_witnesses_changes_nothing(
    given_: dict[str, Canonical], said: list[Witness]
) -> None:
    assert sources.prove(REFUND, given_, said) == sources.prove(REFUND, given_, said[::-1])
