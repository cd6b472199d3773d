"""A proposal that the gate allows, to be changed one fact at a time, and every way to stop it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from remit.domain.action import (
    ActionSpec,
    AnySource,
    ArgumentProof,
    CaseSource,
    Integrity,
    LiteralSource,
    OneOf,
    ParamSpec,
    Proof,
    Risk,
    ToolSource,
)
from remit.domain.approval import Requirement, Vote
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import (
    Clearance,
    ConfidenceFact,
    FiredForbid,
    GateFacts,
    GateVerdict,
    LevelFact,
    LiftKind,
    LimitFact,
    Obligation,
    PolicyAnswer,
    Stop,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DIGEST = "d" * 64

REFUND = ActionSpec(
    workflow="refund-desk",
    name="issue_refund",
    risk=Risk.MONEY,
    params=(
        ParamSpec(
            name="order_id",
            type="text",
            source=OneOf(
                sources=(CaseSource(field="order_id"), ToolSource(tool="get_order", path="id"))
            ),
        ),
        ParamSpec(
            name="amount",
            type="money",
            source=ToolSource(tool="get_order", path="total", at_most=True),
        ),
        ParamSpec(name="note", type="text", source=AnySource(), optional=True),
    ),
    says="Refund {amount} for order {order_id}",
    undo="cancel_refund",
    irreversible=False,
    on="get_order",
)

ALLOWED = GateFacts(
    action_id="a1",
    case_id="c1",
    workflow="refund-desk",
    version="v1",
    action="issue_refund",
    author="workflow",
    arguments={
        "order_id": "1007",
        "amount": {"amount": "19.00", "currency": "EUR"},
        "note": "Sorry for the delay",
    },
    types={"order_id": "text", "amount": "money", "note": "text"},
    signature_digest="s1",
    spec=REFUND,
    spec_digest="s1",
    times_used=0,
    denied_intent=False,
    denied_count=0,
    proofs=(
        ArgumentProof(
            parameter="order_id",
            proof=Proof.PROVEN,
            source="case.order_id",
            integrity=Integrity.STATED,
            seq=1,
        ),
        ArgumentProof(
            parameter="amount",
            proof=Proof.PROVEN,
            source="get_order.total, at most",
            integrity=Integrity.VOUCHED,
            seq=4,
        ),
        ArgumentProof(
            parameter="note",
            proof=Proof.CONTENT,
            source="content only",
            integrity=Integrity.UNTRUSTED,
        ),
    ),
    content_findings=(),
    stops=(),
    policy=PolicyAnswer(loaded=True, decision="allow", permits=("refund-own-order",)),
    limits=(),
    level=LevelFact(phase=Phase.EXPAND, granted=Level.AUTONOMOUS, ceiling=Level.AUTONOMOUS),
    confidence=ConfidenceFact(
        asked=True, ppm=970_000, threshold_ppm=950_000, low_mark_ppm=500_000
    ),
    digest=DIGEST,
    now=NOON,
)


def at_level(facts: GateFacts, granted: Level | None) -> GateFacts:
    """Return these facts under another grant."""
    return replace(facts, level=replace(facts.level, granted=granted))


def vote(person: str, role: str = "approver", digest: str = DIGEST) -> Vote:
    return Vote(person=person, role=role, digest=digest, at=NOON)


def cleared(facts: GateFacts, *votes: Vote) -> GateFacts:
    """Return these facts with that approval."""
    return replace(facts, clearance=Clearance(votes=votes, digest=facts.digest))


def at_risk(facts: GateFacts, risk: Risk) -> GateFacts:
    """Return these facts for an action of another risk."""
    return replace(facts, spec=replace(REFUND, risk=risk, irreversible=risk is Risk.IRREVERSIBLE))


def with_proof(facts: GateFacts, proof: Proof, integrity: Integrity) -> GateFacts:
    """Return these facts with that said of the amount."""
    return replace(
        facts,
        proofs=tuple(
            replace(one, proof=proof, integrity=integrity) if one.parameter == "amount" else one
            for one in facts.proofs
        ),
    )


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


def with_level(**said: object) -> Change:
    return lambda facts: replace(facts, level=replace(facts.level, **said))


def with_policy(**said: object) -> Change:
    return lambda facts: replace(facts, policy=replace(facts.policy, **said))


def with_confidence(**said: object) -> Change:
    return lambda facts: replace(facts, confidence=replace(facts.confidence, **said))


def with_spec(**said: object) -> Change:
    return lambda facts: replace(facts, spec=replace(REFUND, **said))


def with_facts(**said: object) -> Change:
    return lambda facts: replace(facts, **said)


def with_limit(**said: object) -> Change:
    row = {"name": "day", "used": 40, "reserved": 50, "demand": 19, "max": 100} | said
    return lambda facts: replace(facts, limits=(LimitFact(**row),))


def with_said(proof: Proof, integrity: Integrity = Integrity.UNTRUSTED) -> Change:
    return lambda facts: with_proof(facts, proof, integrity)


def with_argument(name: str, value: object, kind: str) -> Change:
    return lambda facts: replace(
        facts,
        arguments={**facts.arguments, name: value},
        types={**facts.types, name: kind},
    )


def without(name: str) -> Change:
    return lambda facts: replace(
        facts, arguments={key: form for key, form in facts.arguments.items() if key != name}
    )


CHOICE = ParamSpec(
    name="note", type="text", source=LiteralSource(values=("a", "b")), choices=("a", "b")
)

# code -> what makes it stand, its verdict, what lifts it
TABLE: dict[str, tuple[Change, GateVerdict, LiftKind]] = {
    "stop.standing": (
        with_facts(stops=(Stop(scope="workflow:refund-desk", sentence="Wrong amounts"),)),
        HOLD, EVENT,
    ),
    "stop.hard": (
        with_facts(stops=(Stop(scope="everything", sentence="Break-in", hard=True),)), HOLD, EVENT,
    ),
    "step.fact_missing": (with_facts(faults=("limits did not answer",)), FAULT, EVENT),
    "step.future_fact": (
        lambda facts: cleared(
            facts, replace(vote("maria.k"), at=NOON + timedelta(seconds=1))
        ), FAULT, EVENT,
    ),
    "step.denied_intent": (with_facts(denied_intent=True), DENY, NEVER),
    "step.denied_subject": (with_facts(denied_until=NOON + timedelta(days=1)), DENY, NEVER),
    "step.undeclared": (with_facts(spec=None), DENY, NEVER),
    "step.signature": (with_facts(spec_digest="s2"), DENY, NEVER),
    "step.undo_only": (with_spec(is_undo=True), DENY, NEVER),
    "step.too_often": (with_facts(times_used=1), DENY, NEVER),
    "step.missing_argument": (without("order_id"), DENY, NEVER),
    "step.wrong_type": (with_argument("order_id", 1007, "integer"), DENY, NEVER),
    "step.not_a_choice": (
        lambda facts: replace(
            facts, spec=replace(REFUND, params=(*REFUND.params[:2], CHOICE))
        ), DENY, NEVER,
    ),
    "step.extra_argument": (with_argument("iban", "DE02", "text"), DENY, NEVER),
    "sources.unknown": (lambda facts: replace(facts, proofs=facts.proofs[1:]), HOLD, APPROVE),
    "sources.foreign_content": (
        with_facts(content_findings=("a link `https://evil.example`",)), HOLD, APPROVE,
    ),
    "sources.assumed": (
        with_facts(assumed_facts={"days_open": ("received_at:day_first",)}), HOLD, APPROVE,
    ),
    "sources.confidential": (with_facts(confidential=("note carries a secret",)), DENY, NEVER),
    "sources.edited": (with_facts(author="maria.k", edited=("amount",)), HOLD, APPROVE),
    "sources.untrusted": (with_said(Proof.PROVEN, Integrity.UNTRUSTED), HOLD, APPROVE),
    "sources.absent": (with_said(Proof.ABSENT), HOLD, APPROVE),
    "sources.different": (with_said(Proof.DIFFERENT), HOLD, APPROVE),
    "sources.stale": (with_said(Proof.STALE), HOLD, APPROVE),
    "sources.two_records": (with_said(Proof.TWO_RECORDS), HOLD, APPROVE),
    "sources.untrusted_selection": (with_said(Proof.UNTRUSTED_SELECTION), HOLD, APPROVE),
    "sources.ambiguous_list": (with_said(Proof.AMBIGUOUS_LIST), HOLD, APPROVE),
    "sources.not_a_member": (with_said(Proof.NOT_A_MEMBER), HOLD, APPROVE),
    "sources.too_many_records": (with_said(Proof.TOO_MANY_RECORDS), HOLD, APPROVE),
    "sources.not_literal": (with_said(Proof.NOT_LITERAL), DENY, NEVER),
    "sources.above": (with_said(Proof.ABOVE), DENY, NEVER),
    "policy.not_loaded": (with_policy(loaded=False), FAULT, EVENT),
    "policy.diagnostic": (with_policy(diagnostics=("integer overflow",)), FAULT, EVENT),
    "policy.no_decision": (with_policy(decision=None), FAULT, EVENT),
    "policy.no_rule": (with_policy(decision="deny", permits=()), HOLD, OWNER),
    "policy.contradiction": (with_policy(decision="deny"), FAULT, EVENT),
    "policy.obligation": (
        with_policy(obligations=(Obligation(kind="grace", value="soon"),)), HOLD, EVENT,
    ),
    "policy.escalate": (
        with_policy(
            decision="deny", forbids=(FiredForbid(rule="r", says="Too old", escalate=True),)
        ),
        ESCALATE, NEVER,
    ),
    "policy.approval": (
        with_policy(
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
        with_policy(decision="deny", forbids=(FiredForbid(rule="r", says="Never abroad"),)),
        DENY, NEVER,
    ),
    "limits.uncountable": (with_limit(demand=None), FAULT, EVENT),
    "limits.unknown": (with_limit(demand=None, unknown=True), HOLD, APPROVE),
    "limits.zero": (with_limit(demand=0), HOLD, APPROVE),
    "limits.exceeded": (with_limit(), HOLD, APPROVE),
    "limits.outside": (with_limit(escalate_outside=True), ESCALATE, NEVER),
    "level.shadow": (with_level(granted=Level.SHADOW), HOLD, NEVER),
    "level.draft": (with_level(granted=Level.DRAFT), HOLD, NEVER),
    "level.no_grant": (with_level(granted=None), HOLD, APPROVE),
    "level.approve_each": (with_level(granted=Level.APPROVE_EACH), HOLD, APPROVE),
    "level.expired": (with_level(expired=True), HOLD, APPROVE),
    "level.fingerprint": (with_level(fingerprint_matches=False), HOLD, APPROVE),
    "level.surge": (with_level(surge=True), HOLD, APPROVE),
    "level.ambiguous": (with_level(ambiguous_effects=1), HOLD, APPROVE),
    "level.in_doubt": (with_level(in_doubt=True), HOLD, EVENT),
    "level.no_owner": (with_level(owner_active=False), HOLD, APPROVE),
    "confidence.conflict": (with_confidence(conflict=True), ESCALATE, NEVER),
    "confidence.no_threshold": (with_confidence(threshold_ppm=None), HOLD, APPROVE),
    "confidence.missing": (with_confidence(ppm=None), HOLD, APPROVE),
    "confidence.invalid": (with_confidence(ppm=1_000_001), FAULT, EVENT),
    "confidence.below_threshold": (with_confidence(ppm=949_999), HOLD, APPROVE),
}  # fmt: skip

# What comes only beside something else.
BESIDE: dict[str, GateFacts] = {
    "step.denied_again": replace(ALLOWED, denied_intent=True, denied_count=2),
    "confidence.low": with_confidence(ppm=499_999)(ALLOWED),
}
