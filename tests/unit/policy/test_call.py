"""The shape of a call, what people changed of it, and what they are told."""

from dataclasses import replace
from datetime import timedelta

from remit.domain.action import Integrity, Proof, Risk
from remit.domain.autonomy import Level
from remit.domain.decision import (
    GateVerdict,
)
from remit.policy import gate
from tests.gating import (
    ALLOWED,
    CHOICE,
    DENY,
    NOON,
    REFUND,
    at_level,
    at_risk,
    cleared,
    vote,
    with_argument,
    with_proof,
    without,
)


def test_an_editor_counts_as_one_and_somebody_else_must_agree() -> None:
    edited = replace(vote("maria.k"), edited=True)
    facts = replace(
        at_level(ALLOWED, Level.APPROVE_EACH), author="maria.k", edited=("amount", "note")
    )

    alone = gate.decide(cleared(facts, edited))
    both = gate.decide(cleared(facts, edited, vote("tomasz.w")))

    assert [reason.code for reason in alone.reasons] == ["sources.edited"]
    assert both.verdict is GateVerdict.ALLOW


def test_edited_wording_or_a_small_risk_needs_nobody_else() -> None:
    wording = replace(ALLOWED, author="maria.k", edited=("note",))
    small = replace(at_risk(ALLOWED, Risk.LOW), author="maria.k", edited=("amount",))

    assert {gate.decide(facts).verdict for facts in (wording, small)} == {GateVerdict.ALLOW}


def test_the_third_denied_proposal_of_one_intent_escalates_as_well() -> None:
    codes = [
        [reason.code for reason in gate.decide(
            replace(ALLOWED, denied_intent=True, denied_count=count)
        ).reasons]
        for count in (1, 2)
    ]  # fmt: skip

    assert codes == [["step.denied_intent"], ["step.denied_intent", "step.denied_again"]]


def test_what_the_gate_itself_denies_counts_too_and_what_it_allows_does_not() -> None:
    above = with_proof(ALLOWED, Proof.ABOVE, Integrity.UNTRUSTED)

    said = [gate.decide(replace(facts, denied_count=2)) for facts in (above, ALLOWED)]

    assert [reason.code for reason in said[0].reasons] == ["step.denied_again", "sources.above"]
    assert said[1].reasons == ()


def test_a_no_for_other_cases_ends_with_its_time() -> None:
    ended = replace(ALLOWED, denied_until=NOON)

    assert gate.decide(ended).verdict is GateVerdict.ALLOW


def test_an_optional_argument_may_be_left_out_or_be_nothing() -> None:
    left_out = replace(without("note")(ALLOWED), proofs=ALLOWED.proofs[:2])
    nothing = with_argument("note", None, "null")(ALLOWED)

    assert {gate.decide(facts).verdict for facts in (left_out, nothing)} == {GateVerdict.ALLOW}


def test_nothing_where_a_value_is_required_is_the_wrong_type() -> None:
    decision = gate.decide(with_argument("order_id", None, "null")(ALLOWED))

    assert decision.verdict is DENY


def test_a_choice_of_the_declared_ones_is_fine() -> None:
    spec = replace(REFUND, params=(*REFUND.params[:2], CHOICE))
    facts = with_argument("note", "a", "text")(replace(ALLOWED, spec=spec))

    assert gate.decide(facts).verdict is GateVerdict.ALLOW


def test_an_unproven_amount_says_value_bound_and_where_else_it_stands() -> None:
    proof = replace(
        with_proof(ALLOWED, Proof.ABOVE, Integrity.UNTRUSTED).proofs[1],
        accepted=("get_order.total of 1007 at most, which is 19.00 EUR",),
        elsewhere=("get_order.note, entry 4 (untrusted)",),
    )
    facts = replace(ALLOWED, proofs=(ALLOWED.proofs[0], proof, ALLOWED.proofs[2]))
    facts = with_argument("amount", {"amount": "90.00", "currency": "EUR"}, "money")(facts)

    assert gate.decide(facts).reasons[0].sentence == (
        "amount 90.00 EUR is outside its bound: get_order.total of 1007 at most, which is "
        "19.00 EUR. The same value stands in get_order.note, entry 4 (untrusted)"
    )


def test_money_that_rests_on_an_assumption_is_held_and_says_what_was_taken() -> None:
    resting = replace(ALLOWED.proofs[1], assumptions=("due:day_first_column",))
    facts = replace(
        ALLOWED,
        proofs=(ALLOWED.proofs[0], resting, ALLOWED.proofs[2]),
        assumed_facts={"days": ("received:year_window",)},
    )
    held = gate.decide(facts)

    assert held.verdict is GateVerdict.HOLD
    assert [(one.code, one.sentence) for one in held.reasons] == [
        (
            "sources.assumed",
            (
                "amount rests on an assumption: the order of day and month was taken from "
                "the other values of its column (in due)"
            ),
        ),
        (
            "sources.assumed",
            (
                "days, which the rules weigh, rests on an assumption: the century of a "
                "two-digit year was taken from the declared window (in received)"
            ),
        ),
    ]
    assert gate.decide(cleared(facts, vote("tomasz.w"))).verdict is GateVerdict.ALLOW
    assert gate.decide(at_risk(facts, Risk.NORMAL)).verdict is GateVerdict.ALLOW


def test_a_word_for_a_value_that_was_given_later_than_now_is_a_fault() -> None:
    codes = [
        [one.code for one in gate.decide(replace(ALLOWED, latest=at)).reasons]
        for at in (ALLOWED.now, ALLOWED.now + timedelta(microseconds=1))
    ]

    assert codes == [[], ["step.future_fact"]]


def test_an_argument_whose_type_nobody_told_is_of_an_unknown_one() -> None:
    types = {name: kind for name, kind in ALLOWED.types.items() if name != "note"}
    reasons = gate.decide(replace(ALLOWED, types=types)).reasons

    assert [(one.code, one.sentence) for one in reasons] == [
        ("step.wrong_type", "note is of type unknown; text is declared")
    ]


def test_what_an_argument_rests_on_is_told_with_the_field_that_was_read() -> None:
    """Not where it is the argument itself, and not where an assumption names no field."""
    said = {
        assumption: gate.decide(
            replace(ALLOWED, assumed_facts={"days": (assumption,)})
        ).reasons[0].sentence.partition(": ")[2]
        for assumption in ("days:day_first", "received:day_first", "day_first", "a:b:day_first")
    }  # fmt: skip
    plain = said["days:day_first"]

    assert plain.endswith("(day_first)")
    assert said["received:day_first"] == f"{plain} (in received)"
    assert said["day_first"] == plain
    assert said["a:b:day_first"].endswith(" (in a)")


def test_several_of_a_kind_are_told_one_after_the_other() -> None:
    failed = replace(
        ALLOWED.proofs[1], proof=Proof.DIFFERENT, integrity=Integrity.UNTRUSTED,
        accepted=("this", "that"), elsewhere=("here", "there"),
    )  # fmt: skip
    facts = replace(
        ALLOWED,
        proofs=(ALLOWED.proofs[0], failed, ALLOWED.proofs[2]),
        assumed_facts={"days": ("one:day_first", "two:day_first")},
    )
    different, assumed = (one.sentence for one in gate.decide(facts).reasons)

    assert different.endswith(": this; that. The same value stands in here; there")
    assert assumed.endswith(" (in one); its reading is not certain by itself (day_first) (in two)")
