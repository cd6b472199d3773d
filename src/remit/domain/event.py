"""The closed set of ledger events: one frozen value for each, `source:subject:verb` in the past.

A body never changes shape once released: a new shape is a new event. Bodies hold ids, codes,
counts and keyed digests; content travels in the sealed payloads named in brackets.
"""

from remit.domain import (  # noqa: F401 - events of the set
    intake_event,
    ledger_event,
    running_event,
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


# -- orchestration: proposals and effects --------------------------------------------------------


@declared("orchestration:action:proposed", "arguments")
class ActionProposed(Event):
    action_id: str
    action: str
    version: int  # 1, and one more for each edit
    arguments: str  # keyed digest, as replay compares it
    signature: str
    risk: str
    author: str = "workflow"
    replaces: str | None = None
    undoes: str | None = None
    money_minor: int | None = None
    currency: str | None = None
    record: str | None = None  # keyed digest of the record acted upon


@declared("orchestration:effect:intended", "facts")
class EffectIntended(Event):
    action_id: str
    effect_id: str  # the idempotency key
    attempt: int
    connector: str
    digest: str
    sent: str  # keyed digest of the real bytes
    deadline_us: int
    reveals: tuple[str, ...] = ()  # token@parameter>connector


@declared("orchestration:effect:dispatched", "receipt")
class EffectDispatched(Event):
    action_id: str
    effect_id: str
    attempt: int
    until_us: int


@declared("orchestration:effect:confirmed", "receipt")
class EffectConfirmed(Event):
    action_id: str
    effect_id: str
    attempt: int
    reference: str
    latency_ms: int


@declared("orchestration:effect:failed", "error")
class EffectFailed(Event):
    action_id: str
    effect_id: str
    attempt: int
    code: str
    sent: bool  # False: no byte left


@declared("orchestration:effect:ambiguous", "error")
class EffectAmbiguous(Event):
    action_id: str
    effect_id: str
    attempt: int
    code: str


@declared("orchestration:effect:reconciled", "receipt")
class EffectReconciled(Event):
    action_id: str
    effect_id: str
    attempt: int
    finding: str  # found | absent | person


@declared("orchestration:effect:late", "receipt")
class EffectLate(Event):
    action_id: str
    effect_id: str
    attempt: int
    outcome: str


@declared("orchestration:effect:compensating")
class EffectCompensating(Event):
    action_id: str
    by: str  # action id of the undo


@declared("orchestration:effect:compensated")
class EffectCompensated(Event):
    action_id: str
    by: str


@declared("orchestration:effect:uncompensated")
class EffectUncompensated(Event):
    action_id: str
    by: str
    code: str


# -- policy --------------------------------------------------------------------------------------


@declared("policy:action:decided", "facts", "words", facts="facts")
class ActionDecided(Event):
    """The gate answered; `facts` and `words` hold everything it was told and every reason."""

    action_id: str
    state: str  # cleared | held | denied | blocked | escalated | noted
    codes: tuple[str, ...]  # of the reasons that stand
    digest: str
    level: str
    policy: str  # slice digest
    second: bool = False  # evaluated immediately before the effect
    voters: tuple[str, ...] = ()


@declared("policy:action:withdrawn")
class ActionWithdrawn(Event):
    action_id: str
    code: str


@declared("policy:action:expired")
class ActionExpired(Event):
    action_id: str
    approval_id: str


@declared("policy:stop:set", "sentence")
class StopSet(Event):
    scope: str
    hard: bool = False


@declared("policy:stop:lifted", "sentence")
class StopLifted(Event):
    scope: str


@declared("policy:book:loaded")
class BookLoaded(Event):
    """Rules came into use that were not in use before; large books tell it in several entries."""

    before: str  # digest of the book in use until now, empty for the first
    digest: str
    rules: int
    slices: tuple[str, ...]  # digests of what decides each action, as decisions name them


# -- governance ----------------------------------------------------------------------------------


@declared("governance:approval:requested", "card")
class ApprovalRequested(Event):
    approval_id: str
    action_id: str
    action: str
    risk: str
    digest: str
    requirements: tuple[str, ...]  # `2 refund-approver`
    codes: tuple[str, ...]
    due_us: int
    expires_us: int
    money_minor: int | None = None
    currency: str | None = None


@declared("governance:approval:voted", "reason")
class ApprovalVoted(Event):
    approval_id: str
    person: str
    role: str
    digest: str
    channel: str
    seconds_open: int | None = None


@declared("governance:approval:decided", "reason")
class ApprovalDecided(Event):
    approval_id: str
    action_id: str
    verdict: str  # approve | reject | edit | escalate
    person: str
    role: str
    digest: str
    channel: str
    reason: str | None = None  # code of a rejection
    seconds_open: int | None = None
    replaced_by: str | None = None  # action id of the edited version


@declared("governance:approval:closed")
class ApprovalClosed(Event):
    """An approval ended without a person's verdict on it."""

    approval_id: str
    action_id: str
    state: str  # superseded | revoked | expired | consumed | void
    code: str


@declared("governance:grant:given")
class GrantGiven(Event):
    action: str
    segment: str
    level: str
    fingerprint: str
    signer: str
    evidence: str  # digest of what it rests on
    expires_us: int


@declared("governance:grant:lowered")
class GrantLowered(Event):
    action: str
    segment: str
    level: str
    code: str


@declared("governance:gap:observed", "question")
class GapObserved(Event):
    collection: str
    code: str
