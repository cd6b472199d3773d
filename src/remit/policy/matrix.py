"""Every action at every level with nobody, one and two people agreed: what the gate says.

The requests are those of the examples. Only what the rules and the levels have to say is shown:
an example names neither steps nor sources.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter

from remit.domain.action import ActionSpec
from remit.domain.approval import Vote
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import (
    Check,
    Clearance,
    ConfidenceFact,
    GateFacts,
    GateVerdict,
    LevelFact,
)
from remit.domain.frozen import dataclass
from remit.domain.value import encode
from remit.policy import gate
from remit.policy.book import PolicyBook, ask
from remit.policy.request import PolicyRequest

VOTES = (0, 1, 2)
_DIGEST = "of-the-example"
_AT = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One cell of the table."""

    action: str
    resource: str  # the example request, in short
    level: str
    votes: int
    verdict: str
    rules: tuple[str, ...]  # that applied
    codes: tuple[str, ...]  # of the gate's reasons


def rows(book: PolicyBook) -> Iterator[Row]:
    """Yield the table: action by action, request by request, then levels and votes."""
    specs = {f"{spec.workflow}.{spec.name}": spec for spec in book.declared.specs}
    for name, spec in specs.items():
        roles = frozenset(
            {"approver"}
            | {rule.requirement.role for rule in book.rules.values() if rule.requirement}
        )
        for shown, request in _requests(book, name).items():
            for level in Level:
                for votes in VOTES:
                    yield _row(book, spec, request, shown, level, votes, roles)


def _requests(book: PolicyBook, action: str) -> dict[str, PolicyRequest]:
    found: dict[str, PolicyRequest] = {}
    for example in book.examples:
        request = example.request
        if request.name == action:
            told = {
                name: value.form
                for part in (request.arguments, request.facts, request.fields)
                for name, value in part.items()
                if value.form != "example"
            }
            found.setdefault(encode(told).decode(), request)
    return found


def _row(
    book: PolicyBook,
    spec: ActionSpec,
    request: PolicyRequest,
    shown: str,
    level: Level,
    votes: int,
    roles: frozenset[str],
) -> Row:
    people = [f"person-{number}" for number in range(votes)]
    asked = PolicyRequest(
        workflow=request.workflow,
        action=request.action,
        case_id=request.case_id,
        arguments=request.arguments,
        approvers={role: frozenset(people) for role in roles} if people else {},
        level=level,
        phase=Phase.EXPAND,
        facts=request.facts,
        assumptions=request.assumptions,
        record=request.record,
        fields=request.fields,
    )
    answer = ask(book, asked)
    cast = tuple(
        Vote(person=person, role=role, digest=_DIGEST, at=_AT)
        for person in people
        for role in sorted(roles)
    )
    decision = gate.decide(
        GateFacts(
            action_id="example",
            case_id=request.case_id,
            workflow=request.workflow,
            version="example",
            action=request.action,
            author="workflow",
            arguments={name: value.form for name, value in request.arguments.items()},
            types={name: value.type for name, value in request.arguments.items()},
            signature_digest="",
            spec=spec,
            spec_digest="",
            times_used=0,
            denied_intent=False,
            denied_count=0,
            proofs=(),
            content_findings=(),
            stops=(),
            policy=answer,
            limits=(),
            level=LevelFact(phase=Phase.EXPAND, granted=level, ceiling=Level.AUTONOMOUS),
            confidence=ConfidenceFact(
                asked=False, ppm=None, threshold_ppm=None, low_mark_ppm=None
            ),
            digest=_DIGEST,
            clearance=Clearance(votes=cast, digest=_DIGEST),
            now=_AT,
        )
    )
    said = [one for one in decision.reasons if one.check in {Check.POLICY, Check.LEVEL}]
    verdict = max((one.verdict for one in said), key=attrgetter("rank"), default=GateVerdict.ALLOW)
    return Row(
        action=request.name,
        resource=shown,
        level=level.value,
        votes=votes,
        verdict=verdict.value if decision.performable else "noted",
        rules=tuple(sorted({*answer.permits, *(one.rule for one in answer.forbids)})),
        codes=tuple(reason.code for reason in said),
    )
