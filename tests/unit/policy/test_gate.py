"""Each reason that the gate can give, and what takes it away."""

from dataclasses import replace

import pytest

from remit.domain.action import Risk
from remit.domain.approval import Requirement
from remit.domain.autonomy import Level
from remit.domain.decision import (
    Check,
    Clearance,
    FiredForbid,
    GateVerdict,
    Obligation,
    Stop,
)
from remit.policy import gate
from tests.gating import (
    ALLOWED,
    APPROVE,
    DENY,
    ESCALATE,
    FAULT,
    HOLD,
    REFUND,
    TABLE,
    at_level,
    at_risk,
    cleared,
    vote,
    with_limit,
    with_policy,
)

# What cannot stand alone: an unknown action counts as irreversible.
BESIDE = {
    "step.undeclared": ("level.approve_each",),
    "step.extra_argument": ("sources.unknown",),
}


@pytest.mark.parametrize("code", TABLE)
def test_each_reason_stands_alone_with_its_verdict_and_lift(code: str) -> None:
    change, verdict, lift = TABLE[code]

    decision = gate.decide(change(ALLOWED))

    reason = decision.reasons[0]
    assert [one.code for one in decision.reasons] == [code, *BESIDE.get(code, ())]
    assert (decision.verdict, reason.verdict, reason.lift.kind) == (verdict, verdict, lift)
    assert reason.check is Check(code.partition(".")[0])
    assert reason.sentence
    assert not reason.sentence.endswith(".")


@pytest.mark.parametrize("code", [code for code in TABLE if TABLE[code][2] is APPROVE])
def test_what_a_person_can_lift_is_lifted_by_the_people_it_asks_for(code: str) -> None:
    facts = TABLE[code][0](ALLOWED)
    asked = gate.decide(facts).requirements
    votes = [vote(f"person-{number}", one.role) for one in asked for number in range(one.people)]

    enough = gate.decide(cleared(facts, *votes))
    too_few = gate.decide(cleared(facts, *votes[1:]))

    assert enough.verdict is GateVerdict.ALLOW
    assert code in [one.code for one in enough.lifted]
    assert too_few.verdict is HOLD


@pytest.mark.parametrize("code", [code for code in TABLE if TABLE[code][1] in {FAULT, DENY}])
def test_denials_and_faults_are_never_lifted(code: str) -> None:
    crowd = [
        vote(f"person-{number}", role)
        for role in ("approver", "owner", "refund-approver")
        for number in range(5)
    ]
    facts = cleared(TABLE[code][0](ALLOWED), *crowd, *TABLE[code][0](ALLOWED).clearance.votes)

    assert gate.decide(facts).verdict is TABLE[code][1]


def test_nothing_in_the_way_is_allowed() -> None:
    decision = gate.decide(ALLOWED)

    assert decision.verdict is GateVerdict.ALLOW
    assert decision.reasons == ()
    assert decision.performable


def test_all_checks_run_and_their_reasons_stand_in_the_order_of_the_checks() -> None:
    facts = ALLOWED
    for code in (
        "confidence.below_threshold", "level.surge", "limits.exceeded", "policy.no_rule",
        "sources.above", "step.too_often", "stop.standing",
    ):  # fmt: skip
        facts = TABLE[code][0](facts)

    decision = gate.decide(facts)

    assert decision.verdict is DENY
    assert [reason.check for reason in decision.reasons] == list(Check)
    assert decision.requirements == ()


def test_the_strictest_verdict_wins_over_all_others() -> None:
    order = ("level.surge", "policy.escalate", "limits.uncountable", "step.too_often")
    facts, seen = ALLOWED, []
    for code in order:
        facts = TABLE[code][0](facts)
        seen.append(gate.decide(facts).verdict)

    assert seen == [HOLD, ESCALATE, FAULT, DENY]


def test_what_cannot_be_undone_needs_two_people_at_any_level() -> None:
    facts = at_risk(ALLOWED, Risk.IRREVERSIBLE)

    one = gate.decide(cleared(facts, vote("a")))
    two = gate.decide(cleared(facts, vote("a"), vote("b")))

    assert one.requirements == (Requirement(people=2, role="approver"),)
    assert (one.verdict, two.verdict) == (HOLD, GateVerdict.ALLOW)


def test_one_person_voting_twice_counts_once() -> None:
    facts = cleared(at_risk(ALLOWED, Risk.IRREVERSIBLE), vote("a"), vote("a"))

    assert gate.decide(facts).verdict is HOLD


def test_one_person_with_two_roles_meets_both_requirements() -> None:
    facts = TABLE["policy.approval"][0](at_level(ALLOWED, Level.APPROVE_EACH))
    votes = [vote("a"), vote("a", "refund-approver"), vote("b", "refund-approver")]

    assert gate.decide(facts).requirements == (
        Requirement(people=1, role="approver"),
        Requirement(people=2, role="refund-approver"),
    )
    assert gate.decide(cleared(facts, *votes)).verdict is GateVerdict.ALLOW
    assert gate.decide(cleared(facts, *votes[1:])).requirements == (
        Requirement(people=1, role="approver"),
    )


@pytest.mark.parametrize("before", ["level", "sources"])
def test_of_several_reasons_that_ask_one_role_the_largest_number_counts(before: str) -> None:
    """Whichever check says it first: a rule that asks for three stands between two for one."""
    asked = Requirement(people=3, role="approver")
    rule = FiredForbid(rule="three", says="Three people agree", requirement=asked)
    facts = with_policy(decision="deny", forbids=(rule,))(ALLOWED)
    other = {"level": "level.approve_each", "sources": "sources.foreign_content"}[before]
    decision = gate.decide(TABLE[other][0](facts))

    assert {"policy.approval", other} <= {reason.code for reason in decision.reasons}
    assert decision.requirements == (asked,)


@pytest.mark.parametrize(
    "clearance",
    [
        Clearance(votes=(vote("a", digest="e" * 64),), digest=ALLOWED.digest),
        Clearance(votes=(vote("a"),), digest="e" * 64),
        Clearance(votes=(vote("a", "visitor"),), digest=ALLOWED.digest),
    ],
)
def test_a_yes_to_other_bytes_or_in_another_role_counts_for_nothing(clearance: Clearance) -> None:
    facts = replace(at_level(ALLOWED, Level.APPROVE_EACH), clearance=clearance)

    assert gate.decide(facts).verdict is HOLD


def test_an_empty_digest_binds_nothing() -> None:
    facts = replace(at_level(ALLOWED, Level.APPROVE_EACH), digest="")
    facts = replace(facts, clearance=Clearance(votes=(vote("a", digest=""),), digest=""))

    assert gate.decide(facts).verdict is HOLD


def test_no_rule_is_lifted_by_the_owner_and_nobody_else() -> None:
    facts = TABLE["policy.no_rule"][0](ALLOWED)

    assert gate.decide(cleared(facts, vote("a"), vote("b"))).verdict is HOLD
    assert gate.decide(cleared(facts, vote("a", "owner"))).verdict is GateVerdict.ALLOW


def test_a_limit_that_counts_all_waits_until_it_is_raised() -> None:
    facts = cleared(with_limit(counts_all=True)(ALLOWED), vote("a"), vote("b"), vote("a", "owner"))

    decision = gate.decide(facts)

    assert decision.verdict is HOLD
    assert decision.reasons[0].lift.event == "the limit day is raised"


@pytest.mark.parametrize("row", [{"used": -1}, {"reserved": -1}, {"demand": -1}])
def test_a_limit_with_an_impossible_count_is_a_fault(row: dict[str, int]) -> None:
    assert gate.decide(with_limit(**row)(ALLOWED)).verdict is FAULT


def test_a_limit_that_is_just_used_up_is_kept() -> None:
    assert gate.decide(with_limit(demand=10)(ALLOWED)).verdict is GateVerdict.ALLOW


def test_containment_lets_an_undo_pass_level_confidence_and_soft_stops() -> None:
    undo = replace(
        at_level(ALLOWED, Level.SHADOW),
        undo=True,
        times_used=3,
        spec=replace(REFUND, is_undo=True),
        stops=(Stop(scope="everything", sentence="Incident 4"),),
        confidence=replace(ALLOWED.confidence, conflict=True, ppm=None),
    )
    contained = replace(undo, clearance=Clearance(containment="incident-4"))

    assert gate.decide(undo).verdict is ESCALATE
    decision = gate.decide(contained)
    assert (decision.verdict, decision.performable) == (GateVerdict.ALLOW, True)
    assert {reason.check for reason in decision.lifted} == {
        Check.STOP,
        Check.LEVEL,
        Check.CONFIDENCE,
    }


@pytest.mark.parametrize(
    "code",
    ["stop.hard", "sources.different", "policy.no_rule", "limits.exceeded", "policy.forbidden"],
)
def test_containment_does_not_lift_anything_else(code: str) -> None:
    facts = replace(
        TABLE[code][0](ALLOWED), undo=True, clearance=Clearance(containment="incident-4")
    )

    assert gate.decide(facts).verdict is TABLE[code][1]


def test_containment_clears_nothing_but_an_undo() -> None:
    facts = replace(
        at_level(ALLOWED, Level.APPROVE_EACH), clearance=Clearance(containment="incident-4")
    )

    assert gate.decide(facts).verdict is HOLD


def test_an_allow_reserves_its_limits_and_waits_as_long_as_the_longest_grace() -> None:
    asked = (Obligation(kind="grace", value="60"), Obligation(kind="notify", value="team-lead"))
    facts = with_policy(obligations=asked)(with_limit(demand=10)(ALLOWED))

    assert gate.decide(facts).obligations == (
        Obligation(kind="reserve", value="day=10"),
        Obligation(kind="grace", value="60"),
        Obligation(kind="notify", value="team-lead"),
    )


def test_grace_is_what_the_facts_say_or_what_a_rule_asks_for_if_that_is_more() -> None:
    asked = with_policy(obligations=(Obligation(kind="grace", value="60"),))(ALLOWED)
    found = [
        gate.decide(facts).grace_seconds
        for facts in (
            ALLOWED,
            replace(ALLOWED, grace_seconds=10),
            replace(asked, grace_seconds=10),
            replace(asked, grace_seconds=90),
        )
    ]
    assert found == [0, 10, 60, 90]


def test_a_grace_time_that_a_rule_asks_of_an_undo_cannot_be_met() -> None:
    asked = with_policy(obligations=(Obligation(kind="grace", value="60"),))(ALLOWED)
    assert "policy.obligation" in [
        one.code for one in gate.decide(replace(asked, undo=True)).reasons
    ]


def test_a_vote_without_ledger_time_is_not_compared_with_it() -> None:
    facts = replace(cleared(at_level(ALLOWED, Level.APPROVE_EACH), vote("a")), now=None)

    assert gate.decide(facts).verdict is GateVerdict.ALLOW


def test_a_limit_that_nobody_has_used_yet_is_no_fault() -> None:
    decision = gate.decide(with_limit(used=0, reserved=0, demand=100)(ALLOWED))

    assert decision.verdict is GateVerdict.ALLOW


@pytest.mark.parametrize(
    ("obligation", "met"),
    [
        (Obligation(kind="grace", value="60"), True),
        (Obligation(kind="grace", value="\u0661"), False),
        (Obligation(kind="notify", value="team-lead"), True),
        (Obligation(kind="review", value=""), True),
        (Obligation(kind="fax", value=""), False),
    ],
)
def test_an_obligation_that_nobody_can_meet_holds(obligation: Obligation, met: bool) -> None:
    reasons = gate.decide(with_policy(obligations=(obligation,))(ALLOWED)).reasons

    assert [one.code for one in reasons] == ([] if met else ["policy.obligation"])
