"""The one decision point: facts in, verdict with every reason out; pure, the same years later."""

from remit.domain.approval import Requirement, behind
from remit.domain.decision import (
    Check,
    Decision,
    GateFacts,
    GateVerdict,
    LiftKind,
    Obligation,
    Reason,
)
from remit.policy import call, rules, trust

# INVARIANT: all of them always run, in this order (tests/properties/test_gate.py).
CHECKS = (
    rules.stop,
    call.step,
    call.sources,
    rules.policy,
    rules.limits,
    trust.level,
    trust.confidence,
)


_PLACES = {check: place for place, check in enumerate(Check)}


def decide(facts: GateFacts) -> Decision:
    """Return the strictest verdict of all checks, after the clearance took away what it lifts.

    Denials and faults are never lifted. A hold at level shadow or draft cannot be lifted: the
    decision is then not performable.
    """
    found = [reason for check in CHECKS for reason in check(facts)]
    if any(reason.verdict is GateVerdict.DENY for reason in found):
        found = sorted((*found, *call.again(facts)), key=_place)
    lifted = [reason for reason in found if _is_lifted(reason, facts)]
    standing = [reason for reason in found if not _is_lifted(reason, facts)]
    verdict = max((reason.verdict for reason in standing), key=_rank, default=GateVerdict.ALLOW)
    return Decision(
        verdict=verdict,
        reasons=tuple(standing),
        lifted=tuple(lifted),
        requirements=_requirements(standing) if verdict is GateVerdict.HOLD else (),
        obligations=_obligations(facts) if verdict is GateVerdict.ALLOW else (),
        performable=not any(_is_watching_only(reason) for reason in standing),
    )


def _place(reason: Reason) -> int:
    return _PLACES[reason.check]


def _rank(verdict: GateVerdict) -> int:
    return verdict.rank


def _is_watching_only(reason: Reason) -> bool:
    return reason.check is Check.LEVEL and reason.lift.kind is LiftKind.NEVER


# -- clearance -----------------------------------------------------------------------------------


def _is_lifted(reason: Reason, facts: GateFacts) -> bool:
    if reason.verdict.rank > GateVerdict.ESCALATE.rank:
        return False
    if facts.undo and facts.clearance.containment is not None and _is_contained(reason):
        return True
    requirement = reason.lift.requirement
    return (
        reason.verdict is GateVerdict.HOLD
        and reason.lift.kind in {LiftKind.APPROVE, LiftKind.OWNER}
        and requirement is not None
        and len(_people(facts, requirement.role)) >= requirement.people
    )


def _is_contained(reason: Reason) -> bool:
    return reason.check in {Check.LEVEL, Check.CONFIDENCE} or reason.code == "stop.standing"


def _people(facts: GateFacts, role: str) -> frozenset[str]:
    """Return the distinct people whose yes is bound to exactly this digest."""
    clearance = facts.clearance
    if not facts.digest or clearance.digest != facts.digest:
        return frozenset()
    one = behind((vote.person, vote.delegated_from) for vote in clearance.votes)
    return frozenset(
        one[vote.person]
        for vote in clearance.votes
        if vote.digest == facts.digest and vote.role == role
    )


def _requirements(standing: list[Reason]) -> tuple[Requirement, ...]:
    """Return what people must still give: for each role the largest number asked for."""
    people: dict[str, int] = {}
    for reason in standing:
        requirement = reason.lift.requirement
        if requirement is not None:
            asked = people.get(requirement.role, requirement.people)
            people[requirement.role] = max(asked, requirement.people)
    return tuple(Requirement(people=people[role], role=role) for role in sorted(people))


# -- obligations ---------------------------------------------------------------------------------


def _obligations(facts: GateFacts) -> tuple[Obligation, ...]:
    """Return what an allow demands: reservations, the grace time, and what rules ask for."""
    reserve = [
        Obligation(kind="reserve", value=f"{limit.name}={limit.demand}") for limit in facts.limits
    ]
    asked = facts.policy.obligations
    others = [obligation for obligation in asked if obligation.kind != "grace"]
    seconds = [int(obligation.value) for obligation in asked if obligation.kind == "grace"]
    seconds.append(facts.grace_seconds)
    return (*reserve, Obligation(kind="grace", value=str(max(seconds))), *others)
