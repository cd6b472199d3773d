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


@declared("orchestration:cancel:asked", "reason")
class CancelAsked(Event):
    """A person wants the case to end; what was intended still runs to its outcome."""
