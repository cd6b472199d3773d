"""Laws of the gate: more against it never loosens; and it agrees with a reference of one table."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from remit.domain.action import ArgumentProof, Integrity, Proof, Risk
from remit.domain.approval import Requirement, Vote
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import (
    Check,
    Clearance,
    ConfidenceFact,
    FiredForbid,
    GateFacts,
    GateVerdict,
    LevelFact,
    LimitFact,
    PolicyAnswer,
    Stop,
)
from remit.policy import gate
from tests.gating import ALLOWED, DIGEST, NOON, at_risk

ROLES = ("approver", "refund-approver", "owner")
PARAMETERS = tuple(ALLOWED.arguments)

requirements = st.builds(Requirement, people=st.integers(1, 3), role=st.sampled_from(ROLES))
forbids = st.builds(
    FiredForbid,
    rule=st.sampled_from(("r1", "r2")),
    says=st.just("Not this"),
    requirement=st.none() | requirements,
    escalate=st.booleans(),
)
stops = st.builds(
    Stop, scope=st.just("everything"), sentence=st.just("Stopped"), hard=st.booleans()
)
votes = st.builds(
    Vote,
    person=st.sampled_from(("a", "b", "c")),
    role=st.sampled_from(ROLES),
    digest=st.sampled_from((DIGEST, "e" * 64)),
    at=st.just(NOON),
)
clearances = st.builds(
    Clearance,
    votes=st.lists(votes, max_size=6).map(tuple),
    digest=st.sampled_from((DIGEST, "e" * 64, "")),
    containment=st.none() | st.just("incident-4"),
)
limits = st.builds(
    LimitFact,
    name=st.just("day"),
    used=st.integers(-1, 9),
    reserved=st.integers(0, 9),
    demand=st.none() | st.integers(-1, 9),
    max=st.integers(0, 20),
    counts_all=st.booleans(),
    escalate_outside=st.booleans(),
)
levels = st.builds(
    LevelFact,
    phase=st.sampled_from(Phase),
    granted=st.none() | st.sampled_from(Level),
    ceiling=st.sampled_from(Level),
    fingerprint_matches=st.booleans(),
    expired=st.booleans(),
    surge=st.booleans(),
    ambiguous_effects=st.integers(0, 1),
    owner_active=st.booleans(),
    approvals=st.integers(1, 3),
)
marks = st.none() | st.integers(0, 1_000_000)
confidences = st.builds(
    ConfidenceFact,
    asked=st.booleans(),
    ppm=marks,
    threshold_ppm=marks,
    low_mark_ppm=marks,
    conflict=st.booleans(),
)


@st.composite
def answers(draw: st.DrawFn) -> PolicyAnswer:
    """What the engine may say, and what it cannot but a broken one might."""
    fired = tuple(draw(st.lists(forbids, max_size=2)))
    permits = draw(st.sampled_from(((), ("p1",))))
    honest = "deny" if fired or not permits else "allow"
    return PolicyAnswer(
        loaded=draw(st.booleans() | st.just(True)),
        decision=draw(st.sampled_from((honest, honest, honest, None))),
        permits=permits,
        forbids=fired,
        diagnostics=draw(st.sampled_from(((), (), ("overflow",)))),
    )


@st.composite
def proofs(draw: st.DrawFn) -> tuple[ArgumentProof, ...]:
    return tuple(
        ArgumentProof(
            parameter=name,
            proof=draw(st.sampled_from((Proof.PROVEN, Proof.PROVEN, *Proof))),
            source="case",
            integrity=draw(st.sampled_from(Integrity)),
            assumptions=draw(st.sampled_from(((), (), (), ("due:day_first_locale",)))),
        )
        for name in PARAMETERS
        if draw(st.integers(0, 9))
    )


@st.composite
def facts(draw: st.DrawFn) -> GateFacts:
    """Any facts: mostly harmless ones, so that each check matters now and then."""

    def mostly(usual: object, other: st.SearchStrategy[object]) -> object:
        return draw(other) if draw(st.integers(0, 2)) == 0 else usual

    made = at_risk(ALLOWED, draw(st.sampled_from(Risk)))
    return replace(
        made,
        spec=mostly(made.spec, st.none()),
        spec_digest=mostly("s1", st.just("s2")),
        times_used=mostly(0, st.integers(0, 2)),
        denied_intent=mostly(False, st.booleans()),
        denied_count=draw(st.integers(0, 3)),
        denied_until=mostly(None, st.sampled_from((NOON, NOON + timedelta(seconds=1)))),
        assumed_facts=draw(st.sampled_from(({}, {}, {}, {"days": ("due:year_window",)}))),
        author=draw(st.sampled_from(("workflow", "a"))),
        edited=mostly((), st.just(("amount",))),
        proofs=mostly(made.proofs, proofs()),
        content_findings=mostly((), st.just(("a link",))),
        confidential=mostly((), st.just(("a secret",))),
        stops=mostly((), st.lists(stops, max_size=2).map(tuple)),
        policy=mostly(made.policy, answers()),
        limits=mostly((), st.lists(limits, max_size=2).map(tuple)),
        level=mostly(made.level, levels),
        confidence=mostly(made.confidence, confidences),
        clearance=mostly(Clearance(), clearances),
        undo=mostly(False, st.booleans()),
        faults=mostly((), st.just(("limits did not answer",))),
    )


def _no_looser(before: GateFacts, after: GateFacts) -> None:
    first, second = gate.decide(before), gate.decide(after)
    assert second.verdict.rank >= first.verdict.rank
    assert second.performable <= first.performable


@given(facts(), forbids)
def test_one_more_forbid_never_loosens(some: GateFacts, forbid: FiredForbid) -> None:
    policy = replace(some.policy, forbids=(*some.policy.forbids, forbid))
    if policy.decision == "allow":
        policy = replace(policy, decision="deny")

    _no_looser(some, replace(some, policy=policy))


@given(facts(), stops)
def test_one_more_stop_never_loosens(some: GateFacts, stop: Stop) -> None:
    _no_looser(some, replace(some, stops=(*some.stops, stop)))


@given(facts(), requirements)
def test_one_more_requirement_never_loosens(some: GateFacts, asked: Requirement) -> None:
    """A rule that asks for people, and a desk that asks for more of them."""
    more = FiredForbid(rule="r3", says="Ask first", requirement=asked)
    policy = replace(some.policy, decision="deny", forbids=(*some.policy.forbids, more))
    if some.policy.decision is not None:
        _no_looser(some, replace(some, policy=policy))
    people = some.level.approvals + asked.people
    _no_looser(some, replace(some, level=replace(some.level, approvals=people)))


@given(facts(), st.sampled_from(("a secret", "a value of somebody else")))
def test_more_confidential_never_loosens(some: GateFacts, what: str) -> None:
    _no_looser(some, replace(some, confidential=(*some.confidential, what)))


@given(facts(), st.integers(0, 5))
def test_a_persons_no_never_loosens(some: GateFacts, count: int) -> None:
    _no_looser(
        some,
        replace(some, denied_intent=True, denied_count=some.denied_count + count),
    )
    _no_looser(some, replace(some, denied_until=NOON + timedelta(days=1)))


@given(facts(), limits)
def test_one_more_limit_never_loosens(some: GateFacts, limit: LimitFact) -> None:
    _no_looser(some, replace(some, limits=(*some.limits, limit)))


@given(facts(), st.integers(0, 3), st.sampled_from(PARAMETERS))
def test_less_integrity_never_loosens(some: GateFacts, down: int, name: str) -> None:
    def lower(proof: ArgumentProof) -> ArgumentProof:
        ranked = list(Integrity)
        return replace(proof, integrity=ranked[max(0, proof.integrity.rank - down)])

    lowered = tuple(lower(one) if one.parameter == name else one for one in some.proofs)
    _no_looser(some, replace(some, proofs=lowered))


@given(facts(), st.sampled_from(PARAMETERS))
def test_one_more_assumption_never_loosens(some: GateFacts, name: str) -> None:
    resting = tuple(
        replace(one, assumptions=(*one.assumptions, "total:separators_by_country"))
        if one.parameter == name
        else one
        for one in some.proofs
    )
    _no_looser(some, replace(some, proofs=resting))
    _no_looser(some, replace(some, assumed_facts={**some.assumed_facts, "net": ("a:b",)}))


@given(facts(), st.integers(0, 1_000_000))
def test_less_confidence_never_loosens(some: GateFacts, down: int) -> None:
    said = some.confidence
    if said.ppm is not None:
        lower = replace(said, ppm=max(0, said.ppm - down))
        _no_looser(some, replace(some, confidence=lower))


@given(facts(), st.integers(0, 4))
def test_a_lower_level_never_loosens(some: GateFacts, down: int) -> None:
    ranked = list(Level)
    now = some.level.granted or Level.APPROVE_EACH
    lower = ranked[max(0, now.rank - down)]

    _no_looser(some, replace(some, level=replace(some.level, granted=lower)))
    _no_looser(
        some,
        replace(
            some,
            level=replace(some.level, ceiling=ranked[max(0, some.level.ceiling.rank - down)]),
        ),
    )


@given(facts())
def test_taking_a_vote_away_never_loosens(some: GateFacts) -> None:
    fewer = replace(some.clearance, votes=some.clearance.votes[1:])

    _no_looser(some, replace(some, clearance=fewer))


@given(facts())
def test_names_of_cases_and_proposals_change_nothing(some: GateFacts) -> None:
    renamed = replace(some, action_id="other", case_id="another")

    assert gate.decide(renamed) == gate.decide(some)


@given(facts())
def test_the_same_facts_give_the_same_decision_whatever_their_order_was(some: GateFacts) -> None:
    turned = replace(some, arguments=dict(reversed(list(some.arguments.items()))))

    assert gate.decide(turned) == gate.decide(some)


@given(facts())
def test_reasons_stand_in_the_order_of_the_checks_and_none_is_lost(some: GateFacts) -> None:
    order = list(Check)
    decision = gate.decide(some)
    standing = [order.index(reason.check) for reason in decision.reasons]
    bare = gate.decide(replace(some, clearance=Clearance()))

    assert standing == sorted(standing)
    assert set(bare.reasons) >= set(decision.reasons) - {
        reason for reason in decision.reasons if reason.code == "step.future_fact"
    }
    assert (not decision.reasons) == (decision.verdict is GateVerdict.ALLOW)


# -- the reference: written from the page of the design, as one table, sharing no code -----------

_STRICTNESS = ["allow", "hold", "escalate", "fault", "deny"]
_CAPS = {"baseline": "shadow", "pilot": "approve-each"}
_LADDER = ["shadow", "draft", "approve-each", "sampled", "autonomous"]


def _reference(some: GateFacts) -> tuple[str, bool]:
    grave = some.spec is None or some.spec.irreversible
    weighty = grave or (some.spec is not None and some.spec.risk in ("money", "irreversible"))
    desk = (2 if grave else 1, "approver")
    level_desk = (max(desk[0], some.level.approvals), "approver")
    policy, sure = some.policy, some.confidence
    granted = some.level.granted.value if some.level.granted else "approve-each"
    caps = [granted, some.level.ceiling.value, _CAPS.get(some.level.phase.value, "autonomous")]
    if grave:
        caps.append("approve-each")
    level = min(caps, key=_LADDER.index)
    content = {p.parameter for p in some.proofs if p.proof == "content"}
    sound = policy.loaded
    # condition, verdict, (people, role) that lift it, whether containment of an undo does
    table: list[tuple[bool, str, tuple[int, str] | None, bool]] = [
        (any(not s.hard for s in some.stops), "hold", None, True),
        (any(s.hard for s in some.stops), "hold", None, False),
        (bool(some.faults), "fault", None, False),
        (some.denied_intent, "deny", None, False),
        (some.denied_until == NOON + timedelta(seconds=1), "deny", None, False),
        (some.spec is None, "deny", None, False),
        (some.spec is not None and some.spec_digest != "s1", "deny", None, False),
        (some.spec is not None and not some.undo and some.times_used > 0, "deny", None, False),
        (any(p.proof in ("above", "not-literal") for p in some.proofs), "deny", None, False),
        (
            any(
                p.proof not in ("above", "not-literal", "content", "proven")
                or (p.proof == "proven" and p.integrity == "untrusted")
                for p in some.proofs
            ),
            "hold", desk, False,
        ),
        ({p.parameter for p in some.proofs} != set(some.arguments), "hold", desk, False),
        (bool(some.content_findings), "hold", desk, False),
        (bool(some.confidential), "deny", None, False),
        (
            some.spec is not None and some.spec.risk == "money"
            and any((*(p.assumptions for p in some.proofs), *some.assumed_facts.values())),
            "hold", desk, False,
        ),
        (bool(set(some.edited) - content) and weighty, "hold", (2, "approver"), False),
        (not sound, "fault", None, False),
        (sound and bool(policy.diagnostics), "fault", None, False),
        (sound and policy.decision is None, "fault", None, False),
        (sound and bool(policy.decision) and not policy.permits, "hold", (1, "owner"), False),
        (level in ("shadow", "draft"), "hold", None, True),
        (level == "approve-each", "hold", level_desk, True),
        (some.level.expired, "hold", level_desk, True),
        (not some.level.fingerprint_matches, "hold", level_desk, True),
        (some.level.surge, "hold", level_desk, True),
        (some.level.ambiguous_effects > 0, "hold", level_desk, True),
        (not some.level.owner_active, "hold", level_desk, True),
        (sure.conflict, "escalate", None, True),
        (
            sure.asked and sure.threshold_ppm is None and granted in ("sampled", "autonomous"),
            "hold", desk, True,
        ),
        (sure.asked and sure.ppm is None, "hold", desk, True),
        (sure.asked and sure.ppm is not None and sure.ppm < (sure.low_mark_ppm or 0),
         "escalate", None, True),
        (sure.asked and sure.ppm is not None and sure.ppm < (sure.threshold_ppm or 0),
         "hold", desk, True),
    ]  # fmt: skip
    for forbid in policy.forbids if sound else ():
        asks = forbid.requirement
        if forbid.escalate:
            table.append((True, "escalate", None, False))
        elif asks is not None:
            table.append((True, "hold", (asks.people, asks.role), False))
        else:
            table.append((True, "deny", None, False))
    for limit in some.limits:
        demand = limit.demand
        if demand is None or demand < 0 or limit.used < 0:
            table.append((True, "fault", None, False))
        elif demand == 0:
            table.append((True, "hold", desk, False))
        elif limit.max < limit.used + limit.reserved + demand:
            outside = "escalate" if limit.escalate_outside else "hold"
            lift = None if limit.escalate_outside or limit.counts_all else desk
            table.append((True, outside, lift, False))
    contained = some.undo and some.clearance.containment is not None
    worst, watching = "allow", False
    for condition, verdict, lift, by_containment in table:
        if not condition or (contained and by_containment):
            continue
        if lift is not None and some.clearance.digest == some.digest:
            agreed = {
                v.person
                for v in some.clearance.votes
                if (v.digest, v.role) == (some.digest, lift[1])
            }
            if len(agreed) >= lift[0]:
                continue
        worst = max(worst, verdict, key=_STRICTNESS.index)
    watching = level in ("shadow", "draft") and not contained
    return worst, not watching


@given(facts())
def test_the_gate_agrees_with_a_reference_written_as_one_table(some: GateFacts) -> None:
    decision = gate.decide(some)

    assert (decision.verdict.value, decision.performable) == _reference(some)
