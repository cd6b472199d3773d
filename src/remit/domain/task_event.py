"""Events of tasks: what a person must find out, correct or look at, and what they found."""

from remit.domain.entry import Event, declared


@declared("governance:task:opened")
class TaskOpened(Event):
    """Something is left to a person."""

    task_id: str
    kind: str  # doubt | uncompensated | fault | review | notice | lowered | reviewer
    owner: str  # a person, or `role:` and a role
    code: str
    action_id: str = ""


@declared("governance:task:closed", "evidence")
class TaskClosed(Event):
    task_id: str
    how: str  # found | absent | undone | settled | handled | mended | closed


@declared("governance:effect:attested", "evidence")
class EffectAttested(Event):
    """A person says what became of an effect; where money is at stake two must say the same."""

    action_id: str
    attempt: int
    finding: str  # happened | absent | corrected
    person: str
    reference: str = ""
