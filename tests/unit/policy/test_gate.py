"""Each reason that the gate can give, and what takes it away."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from remit.domain.action import Integrity, LiteralSource, ParamSpec, Proof, Risk
from remit.domain.approval import Requirement
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import (
    Check,
    Clearance,
    FiredForbid,
    GateFacts,
    GateVerdict,
    LiftKind,
    LimitFact,
    Obligation,
    Stop,
)
from remit.policy import gate
from tests.gating import ALLOWED, NOON, REFUND, at_level, at_risk, cleared, vote, with_proof

Change = Callable[[GateFacts], GateFacts]

HOLD, ESCALATE, FAULT, DENY = (
    GateVerdict.HOLD,
    GateVerdict.ESCALATE,
    GateVerdict.FAULT,
    GateVerdict.DENY,
)
NEVER, APPROVE, OWNER, EVENT = (
    LiftKind.NEVER,
    LiftKind.APPROVE,
    LiftKind.OWNER,
    LiftKind.EVENT,
)


def _level(**said: object) -> Change:
    return lambda facts: replace(facts, level=replace(facts.level, **said))


def _policy(**said: object) -> Change:
    return lambda facts: replace(facts, policy=replace(facts.policy, **said))


def _confidence(**said: object) -> Change:
    return lambda facts: replace(facts, confidence=replace(facts.confidence, **said))


def _spec(**said: object) -> Change:
    return lambda facts: replace(facts, spec=replace(REFUND, **said))


def _facts(**said: object) -> Change:
    return lambda facts: replace(facts, **said)


def _limit(**said: object) -> Change:
    row = {"name": "day", "used": 40, "reserved": 50, "demand": 19, "max": 100} | said
    return lambda facts: replace(facts, limits=(LimitFact(**row),))


def _proof(proof: Proof, integrity: Integrity = Integrity.UNTRUSTED) -> Change:
    return lambda facts: with_proof(facts, proof, integrity)


def _argument(name: str, value: object, kind: str) -> Change:
    return lambda facts: replace(
        facts,
        arguments={**facts.arguments, name: value},
        types={**facts.types, name: kind},
    )


def _without(name: str) -> Change:
    return lambda facts: replace(
        facts, arguments={key: form for key, form in facts.arguments.items() if key != name}
    )


CHOICE = ParamSpec(
    name="note", type="text", source=LiteralSource(values=("a", "b")), choices=("a", "b")
)

# code -> what makes it stand, its verdict, what lifts it
TABLE: dict[str, tuple[Change, GateVerdict, LiftKind]] = {
    "stop.standing": (
        _facts(stops=(Stop(scope="workflow:refund-desk", sentence="Wrong amounts"),)), HOLD, EVENT,
    ),
    "stop.hard": (
        _facts(stops=(Stop(scope="everything", sentence="Break-in", hard=True),)), HOLD, EVENT,
    ),
    "step.fact_missing": (_facts(faults=("limits did not answer",)), FAULT, EVENT),
    "step.future_fact": (
        lambda facts: cleared(
            facts, replace(vote("maria.k"), at=NOON + timedelta(seconds=1))
        ), FAULT, EVENT,
    ),
    "step.denied_intent": (_facts(denied_intent=True), DENY, NEVER),
    "step.undeclared": (_facts(spec=None), DENY, NEVER),
    "step.signature": (_facts(spec_digest="s2"), DENY, NEVER),
    "step.undo_only": (_spec(is_undo=True), DENY, NEVER),
    "step.too_often": (_facts(times_used=1), DENY, NEVER),
    "step.missing_argument": (_without("order_id"), DENY, NEVER),
    "step.wrong_type": (_argument("order_id", 1007, "integer"), DENY, NEVER),
    "step.not_a_choice": (
        lambda facts: replace(
            facts, spec=replace(REFUND, params=(*REFUND.params[:2], CHOICE))
        ), DENY, NEVER,
    ),
    "step.extra_argument": (_argument("iban", "DE02", "text"), DENY, NEVER),
    "sources.unknown": (lambda facts: replace(facts, proofs=facts.proofs[1:]), HOLD, APPROVE),
    "sources.foreign_content": (
        _facts(content_findings=("a link `https://evil.example`",)), HOLD, APPROVE,
    ),
    "sources.edited": (_facts(author="maria.k", edited=("amount",)), HOLD, APPROVE),
    "sources.untrusted": (_proof(Proof.PROVEN, Integrity.UNTRUSTED), HOLD, APPROVE),
    "sources.absent": (_proof(Proof.ABSENT), HOLD, APPROVE),
    "sources.different": (_proof(Proof.DIFFERENT), HOLD, APPROVE),
    "sources.stale": (_proof(Proof.STALE), HOLD, APPROVE),
    "sources.two_records": (_proof(Proof.TWO_RECORDS), HOLD, APPROVE),
    "sources.untrusted_selection": (_proof(Proof.UNTRUSTED_SELECTION), HOLD, APPROVE),
    "sources.ambiguous_list": (_proof(Proof.AMBIGUOUS_LIST), HOLD, APPROVE),
    "sources.not_a_member": (_proof(Proof.NOT_A_MEMBER), HOLD, APPROVE),
    "sources.too_many_records": (_proof(Proof.TOO_MANY_RECORDS), HOLD, APPROVE),
    "sources.not_literal": (_proof(Proof.NOT_LITERAL), DENY, NEVER),
    "sources.above": (_proof(Proof.ABOVE), DENY, NEVER),
    "policy.not_loaded": (_policy(loaded=False), FAULT, EVENT),
    "policy.diagnostic": (_policy(diagnostics=("integer overflow",)), FAULT, EVENT),
    "policy.no_decision": (_policy(decision=None), FAULT, EVENT),
    "policy.no_rule": (_policy(decision="deny", permits=()), HOLD, OWNER),
    "policy.contradiction": (_policy(decision="deny"), FAULT, EVENT),
    "policy.obligation": (
        _policy(obligations=(Obligation(kind="grace", value="soon"),)), HOLD, EVENT,
    ),
    "policy.escalate": (
        _policy(decision="deny", forbids=(FiredForbid(rule="r", says="Too old", escalate=True),)),
        ESCALATE, NEVER,
    ),
    "policy.approval": (
        _policy(
            decision="deny",
            forbids=(
                FiredForbid(
                    rule="two-above-500",
                    says="Above 500 euro two people must agree",
                    requirement=Requirement(people=2, role="refund-approver"),
                ),
            ),
        ), HOLD, APPROVE,
    ),
    "policy.forbidden": (
        _policy(decision="deny", forbids=(FiredForbid(rule="r", says="Never abroad"),)),
        DENY, NEVER,
    ),
    "limits.uncountable": (_limit(demand=None), FAULT, EVENT),
    "limits.zero": (_limit(demand=0), HOLD, APPROVE),
    "limits.exceeded": (_limit(), HOLD, APPROVE),
    "limits.outside": (_limit(escalate_outside=True), ESCALATE, NEVER),
    "level.shadow": (_level(granted=Level.SHADOW), HOLD, NEVER),
    "level.draft": (_level(granted=Level.DRAFT), HOLD, NEVER),
    "level.no_grant": (_level(granted=None), HOLD, APPROVE),
    "level.approve_each": (_level(granted=Level.APPROVE_EACH), HOLD, APPROVE),
    "level.expired": (_level(expired=True), HOLD, APPROVE),
    "level.fingerprint": (_level(fingerprint_matches=False), HOLD, APPROVE),
    "level.surge": (_level(surge=True), HOLD, APPROVE),
    "level.ambiguous": (_level(ambiguous_effects=1), HOLD, APPROVE),
    "level.no_owner": (_level(owner_active=False), HOLD, APPROVE),
    "confidence.conflict": (_confidence(conflict=True), ESCALATE, NEVER),
    "confidence.no_threshold": (_confidence(threshold_ppm=None), HOLD, APPROVE),
    "confidence.missing": (_confidence(ppm=None), HOLD, APPROVE),
    "confidence.invalid": (_confidence(ppm=1_000_001), FAULT, EVENT),
    "confidence.below_threshold": (_confidence(ppm=949_999), HOLD, APPROVE),
}  # fmt: skip


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


def test_below_the_low_mark_the_case_escalates_and_says_both_bounds() -> None:
    decision = gate.decide(_confidence(ppm=499_999)(ALLOWED))

    assert decision.verdict is ESCALATE
    assert [reason.code for reason in decision.reasons] == [
        "confidence.low",
        "confidence.below_threshold",
    ]
    assert "50.0 %" in decision.reasons[0].sentence


def test_confidence_is_not_asked_where_no_model_chose() -> None:
    assert gate.decide(_confidence(asked=False, ppm=None)(ALLOWED)).verdict is GateVerdict.ALLOW


def test_confidence_on_its_bounds_is_enough() -> None:
    at_threshold = _confidence(ppm=950_000)(ALLOWED)
    at_low_mark = _confidence(ppm=500_000, threshold_ppm=500_000)(ALLOWED)
    certain = _confidence(ppm=1_000_000, low_mark_ppm=None)(ALLOWED)

    verdicts = {gate.decide(facts).verdict for facts in (at_threshold, at_low_mark, certain)}

    assert verdicts == {GateVerdict.ALLOW}


def test_a_threshold_is_not_demanded_where_each_effect_is_approved() -> None:
    facts = _confidence(threshold_ppm=None)(at_level(ALLOWED, Level.APPROVE_EACH))

    assert [reason.code for reason in gate.decide(facts).reasons] == ["level.approve_each"]


@pytest.mark.parametrize(
    ("phase", "granted", "code"),
    [
        (Phase.BASELINE, None, "level.shadow"),
        (Phase.BASELINE, Level.AUTONOMOUS, "level.shadow"),
        (Phase.PILOT, None, "level.no_grant"),
        (Phase.PILOT, Level.AUTONOMOUS, "level.approve_each"),
        (Phase.EXPAND, None, "level.no_grant"),
        (Phase.REPLICATE, Level.DRAFT, "level.draft"),
    ],
)
def test_the_phase_caps_what_is_granted(phase: Phase, granted: Level | None, code: str) -> None:
    decision = gate.decide(_level(phase=phase, granted=granted)(ALLOWED))

    assert [reason.code for reason in decision.reasons] == [code]
    assert decision.performable is (code not in {"level.shadow", "level.draft"})


def test_a_ceiling_caps_what_is_granted() -> None:
    decision = gate.decide(_level(ceiling=Level.APPROVE_EACH)(ALLOWED))

    assert [reason.code for reason in decision.reasons] == ["level.approve_each"]


@pytest.mark.parametrize("granted", [Level.SHADOW, Level.DRAFT])
def test_below_approve_each_nothing_is_performed_whoever_agrees(granted: Level) -> None:
    facts = cleared(at_level(ALLOWED, granted), vote("a"), vote("b"), vote("a", "owner"))

    decision = gate.decide(facts)

    assert (decision.verdict, decision.performable) == (HOLD, False)


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


def test_the_third_refused_proposal_of_one_intent_escalates_as_well() -> None:
    codes = [
        [reason.code for reason in gate.decide(
            replace(ALLOWED, denied_intent=True, denied_count=count)
        ).reasons]
        for count in (1, 2)
    ]  # fmt: skip

    assert codes == [["step.denied_intent"], ["step.denied_intent", "step.denied_again"]]


def test_a_limit_that_counts_all_waits_until_it_is_raised() -> None:
    facts = cleared(_limit(counts_all=True)(ALLOWED), vote("a"), vote("b"), vote("a", "owner"))

    decision = gate.decide(facts)

    assert decision.verdict is HOLD
    assert decision.reasons[0].lift.event == "the limit day is raised"


@pytest.mark.parametrize("row", [{"used": -1}, {"reserved": -1}, {"demand": -1}])
def test_a_limit_with_an_impossible_count_is_a_fault(row: dict[str, int]) -> None:
    assert gate.decide(_limit(**row)(ALLOWED)).verdict is FAULT


def test_a_limit_that_is_just_used_up_is_kept() -> None:
    assert gate.decide(_limit(demand=10)(ALLOWED)).verdict is GateVerdict.ALLOW


def test_an_optional_argument_may_be_left_out_or_be_nothing() -> None:
    left_out = replace(_without("note")(ALLOWED), proofs=ALLOWED.proofs[:2])
    nothing = _argument("note", None, "null")(ALLOWED)

    assert {gate.decide(facts).verdict for facts in (left_out, nothing)} == {GateVerdict.ALLOW}


def test_nothing_where_a_value_is_required_is_the_wrong_type() -> None:
    decision = gate.decide(_argument("order_id", None, "null")(ALLOWED))

    assert decision.verdict is DENY


def test_a_choice_of_the_declared_ones_is_fine() -> None:
    spec = replace(REFUND, params=(*REFUND.params[:2], CHOICE))
    facts = _argument("note", "a", "text")(replace(ALLOWED, spec=spec))

    assert gate.decide(facts).verdict is GateVerdict.ALLOW


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
    facts = _policy(obligations=asked)(_limit(demand=10)(ALLOWED))

    assert gate.decide(facts).obligations == (
        Obligation(kind="reserve", value="day=10"),
        Obligation(kind="grace", value="60"),
        Obligation(kind="notify", value="team-lead"),
    )


def test_grace_is_ten_seconds_after_a_yes_and_none_where_the_machine_acts_alone() -> None:
    alone = gate.decide(ALLOWED)
    agreed = gate.decide(cleared(at_level(ALLOWED, Level.APPROVE_EACH), vote("a")))
    declared = gate.decide(replace(ALLOWED, spec=replace(REFUND, grace_seconds=30)))

    grace = [decision.obligations[0].value for decision in (alone, agreed, declared)]
    assert grace == ["0", "10", "30"]


def test_an_unproven_amount_says_value_bound_and_where_else_it_stands() -> None:
    proof = replace(
        with_proof(ALLOWED, Proof.ABOVE, Integrity.UNTRUSTED).proofs[1],
        accepted=("get_order.total of 1007 at most, which is 19.00 EUR",),
        elsewhere=("get_order.note, entry 4 (untrusted)",),
    )
    facts = replace(ALLOWED, proofs=(ALLOWED.proofs[0], proof, ALLOWED.proofs[2]))
    facts = _argument("amount", {"amount": "90.00", "currency": "EUR"}, "money")(facts)

    assert gate.decide(facts).reasons[0].sentence == (
        "amount 90.00 EUR is outside its bound: get_order.total of 1007 at most, which is "
        "19.00 EUR. The same value stands in get_order.note, entry 4 (untrusted)"
    )


def test_a_vote_without_ledger_time_is_not_compared_with_it() -> None:
    facts = replace(cleared(at_level(ALLOWED, Level.APPROVE_EACH), vote("a")), now=None)

    assert gate.decide(facts).verdict is GateVerdict.ALLOW
