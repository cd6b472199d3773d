"""A proposal that the gate allows, to be changed one fact at a time."""

from dataclasses import replace
from datetime import UTC, datetime

from remit.domain.action import (
    ActionSpec,
    AnySource,
    ArgumentProof,
    CaseSource,
    Integrity,
    OneOf,
    ParamSpec,
    Proof,
    Risk,
    ToolSource,
)
from remit.domain.approval import Vote
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import (
    Clearance,
    ConfidenceFact,
    GateFacts,
    LevelFact,
    PolicyAnswer,
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
