"""What takes a hold away: a mended fault, the owner, so many people."""

from remit.domain.action import Risk
from remit.domain.approval import Requirement
from remit.domain.decision import GateFacts, Lift, LiftKind

OWNER = Lift(kind=LiftKind.OWNER, requirement=Requirement(people=1, role="owner"))
MENDED = Lift(kind=LiftKind.EVENT, event="the fault is mended")

_IRREVERSIBLE_PEOPLE = 2


def approve(least: int, facts: GateFacts) -> Lift:
    """Return the approval by so many people, two at least where there is no way back."""
    fewest = _IRREVERSIBLE_PEOPLE if risk(facts) is Risk.IRREVERSIBLE else 1
    requirement = Requirement(people=max(least, fewest), role=facts.level.role)
    return Lift(kind=LiftKind.APPROVE, requirement=requirement)


def event(happens: str) -> Lift:
    """Return the lift that no person gives: something must happen."""
    return Lift(kind=LiftKind.EVENT, event=happens)


def risk(facts: GateFacts) -> Risk:
    """Return the declared risk; what is not declared counts as irreversible."""
    if facts.spec is None or facts.spec.irreversible:
        return Risk.IRREVERSIBLE
    return facts.spec.risk
