"""Events that tell how cases are run: turns, faults, takeovers, cancellation."""

from remit.domain.entry import Event, declared


@declared("orchestration:run:yielded")
class RunYielded(Event):
    """A run ended though nothing is waited for; the case is ready for its next turn."""

    reason: str  # turn | come
    steps: int  # that were taken, not replayed


@declared("orchestration:run:faulted", "trace")
class RunFaulted(Event):
    """The code of the workflow or of Remit failed under a run; it is tried again."""

    code: str
    attempt: int


@declared("orchestration:case:reassigned")
class CaseReassigned(Event):
    """The process under a run is gone; whoever writes under the old run is refused from here."""

    worker: str
    attempt: int


@declared("orchestration:case:overdue")
class CaseOverdue(Event):
    """The time that the workflow gives a case has passed."""

    due_us: int


@declared("orchestration:clock:confirmed")
class ClockConfirmed(Event):
    """A person says that the wall clock is right, though it ran ahead."""

    ahead_ms: int


@declared("orchestration:schedule:ran")
class ScheduleRan(Event):
    """A job began for one of its due times; however many it missed, it runs once, late."""

    name: str
    due_us: int
    late: bool


@declared("governance:approval:reminded")
class ApprovalReminded(Event):
    """Half the time to decide, or all of it, or more has passed, or nobody may answer it."""

    approval_id: str
    stage: str  # warn | due | escalate | unanswerable
    step: int  # how often after the end of the chain
    due_us: int
    expires_us: int
    to: str = ""  # `role:NAME` or `person:HANDLE` who has it from now on
    next_us: int | None = None  # when attention moves again


@declared("orchestration:cancel:asked", "reason")
class CancelAsked(Event):
    """A person wants the case to end; what was intended still runs to its outcome."""


@declared("orchestration:replay:differed", "calls")
class ReplayDiffered(Event):
    """A closed case, replayed by the code that ran it, did not come out the same: a finding."""

    version: str
    why: str  # call | arguments | result | new | ended
    recorded: str = ""
    found: str = ""
    at: str = ""  # file and line
