"""Events that tell how reviewers are measured: seeded checks, and what they answered."""

from typing import Final

from remit.domain.entry import Event, declared

SEEDED: Final = "seeded"  # the tenant of every entry of a case that measures reviewers


@declared("governance:check:dealt", "truth")
class CheckDealt(Event):
    """A proposal whose answer is known was put among those that wait; nobody is told which."""

    check_id: str
    case_id: str  # of its own, with all that a real one has
    action: str
    risk: str
    approval_id: str
    origin: str  # past | perturbed
    item: str  # digest of what is put before people: never twice
    truth: str  # keyed digest of the answer, which is sealed beside it


@declared("governance:check:answered")
class CheckAnswered(Event):
    """A reviewer has answered: what was true is told."""

    check_id: str
    reviewer: str
    verdict: str
    bad: bool
    caught: bool  # of a bad one that it was not approved, of a good one that it was
    critical: bool = False
    seconds_open: int | None = None


@declared("governance:check:closed")
class CheckClosed(Event):
    """Nobody answered a check: it measures nobody."""

    check_id: str
    code: str  # expired | cancelled


@declared("governance:checks:exhausted")
class ChecksExhausted(Event):
    """No item was left that nobody has seen, and none was put before people twice."""

    action: str
    risk: str


@declared("governance:reviewer:alarmed")
class ReviewerAlarmed(Event):
    """Somebody approves too much of what is wrong: their yes is judged again, nothing rises."""

    reviewer: str
    missed: int  # of
    dealt: int  # known-bad proposals, since they were last cleared


@declared("governance:reviewer:cleared")
class ReviewerCleared(Event):
    """Somebody under alarm has answered so many fresh checks in a row rightly."""

    reviewer: str
    answers: int
