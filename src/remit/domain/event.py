"""The closed set of ledger events: one frozen value for each, `source:subject:verb` in the past.

A body never changes shape once released: a new shape is a new event. Bodies hold ids, codes,
counts and keyed digests; content travels in the sealed payloads named in brackets.
"""

from remit.domain import (  # noqa: F401 - events of the set
    book_event,
    comparison_event,
    desk_event,
    effect_event,
    intake_event,
    ledger_event,
    limit_event,
    rollback_event,
    running_event,
    stop_event,
    task_event,
)
from remit.domain.entry import Event, declared

# -- orchestration: steps ------------------------------------------------------------------------


@declared("orchestration:run:started")
class RunStarted(Event):
    """A further run of a case began."""

    version: str


@declared("orchestration:intent:classified", "result")
class IntentClassified(Event):
    name: str
    arguments: str
    model: str
    choice: str
    confidence_ppm: int | None = None
    score_ppm: int | None = None  # confidence times nearness of an example


@declared("orchestration:model:answered", "prompt", "result")
class ModelAnswered(Event):
    name: str
    arguments: str
    prompt: str  # digest of the prompt artefact
    model: str
    finish: str
    latency_ms: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    attempts: int = 1
    samples: int = 1
    sure_by: str = ""  # agreement, or the name of the verifier; empty: nothing was declared
    confidence_ppm: int | None = None


@declared("orchestration:passages:retrieved", "query", "result")
class PassagesRetrieved(Event):
    name: str
    arguments: str
    citations: tuple[str, ...]  # document@version#section
    gap: str | None = None


@declared("orchestration:tool:read", "arguments", "result")
class ToolRead(Event):
    name: str
    arguments: str
    connector: str
    latency_ms: int
    result: str  # keyed digest of the result


@declared("orchestration:value:derived", "result")
class ValueDerived(Event):
    """A derive, or a recorded `now`, `random`, `new_id`, `changed`, `sleep`."""

    kind: str
    name: str
    arguments: str


@declared("orchestration:step:failed", "error")
class StepFailed(Event):
    kind: str
    name: str
    arguments: str
    code: str
    final: bool  # False: it will be tried again
    attempt: int = 1


@declared("orchestration:wait:started")
class WaitStarted(Event):
    """The case waits; no task, thread, connection or lock is left."""

    kind: str  # approval | time | retry | effect
    ref: str
    expires_us: int | None = None
    arguments: str | None = None  # of a sleep, as replay compares it


@declared("orchestration:wait:ended")
class WaitEnded(Event):
    kind: str
    ref: str
    how: str


@declared("orchestration:case:escalated", "note")
class CaseEscalated(Event):
    code: str
    kind: str = ""
    name: str = ""
    arguments: str = ""


@declared("orchestration:case:closed", "result")
class CaseClosed(Event):
    outcome: str  # completed | handled | discarded | cancelled
    result: str | None = None  # one word of what became of it
    followed_by: str | None = None  # the case that takes its place


@declared("orchestration:case:reopened", "note")
class CaseReopened(Event):
    """A person handed an escalated case back to its workflow."""

    reason: str


@declared("orchestration:case:diverged", "calls")
class CaseDiverged(Event):
    """The code no longer asks for what is recorded; `calls` lays both side by side."""

    code: str
    why: str  # call | arguments | result | new | ended
    recorded_version: str
    found_version: str
    recorded: str = ""  # `derive twice`
    found: str = ""
    at: str = ""  # file and line of the found call


# -- policy and governance -----------------------------------------------------------------------


@declared("governance:gap:observed", "question")
class GapObserved(Event):
    collection: str
    code: str
