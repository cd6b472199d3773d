"""Events that tell how reviewers are measured: seeded checks, and what they answered."""

from remit.domain.entry import Event, declared


@declared("governance:check:dealt", "truth")
class CheckDealt(Event):
    """A proposal whose answer is known was put before a reviewer, who does not know which."""

    check_id: str
    action: str
    risk: str
    reviewer: str
    approval_id: str
    origin: str  # past | perturbed | edge
    item: str  # digest of what is put before them
    truth: str  # keyed digest of the answer, which is sealed beside it
    critical: bool = False


@declared("governance:check:answered")
class CheckAnswered(Event):
    """The reviewer has answered: what was true is told."""

    check_id: str
    verdict: str
    bad: bool
    caught: bool
    seconds_open: int | None = None
