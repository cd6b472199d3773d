"""The closed set of ledger events: one frozen value for each, `source:subject:verb` in the past.

A body never changes shape once released: a new shape is a new event. Bodies hold ids, codes,
counts and keyed digests; content travels in the sealed payloads named in brackets.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, dataclass_transform

from remit.domain.actor import Actor
from remit.domain.value import Json

EVENTS: dict[str, type["Event"]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A body; its class names the event and the payload roles that may stand beside it."""

    NAME: ClassVar[str] = ""
    ROLES: ClassVar[tuple[str, ...]] = ()

    def body(self) -> dict[str, Json]:
        """Return the JSON body; optional members that are None are left out."""
        members: dict[str, Json] = {}
        names: tuple[str, ...] = tuple(self.__slots__)
        for name in names:
            value = getattr(self, name)
            if value is not None:
                members[name] = _json(value)
        return members


def _json(value: object) -> Json:
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"`{type(value).__name__}` does not belong in an entry's body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry to append: everything but its number, its place and its seal."""

    event: Event
    case_id: str  # the stream: a case, or a control stream
    workflow: str
    actor: Actor
    path: str | None = None  # step of the workflow code
    run: int | None = None
    causes: tuple[str, ...] = ()
    on_behalf_of: Actor | None = None
    fingerprint: str | None = None
    payloads: Mapping[str, Json] = field(default_factory=dict)  # role -> masked content
    tenant: str = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it was read back; payloads are opened on demand by the ledger."""

    id: str
    case_id: str
    seq: int
    event: str
    body: Mapping[str, Json]
    actor: Actor
    at_us: int
    workflow: str
    tenant: str = "default"
    path: str | None = None
    run: int | None = None
    fingerprint: str | None = None
    payloads: Mapping[str, Json] = field(default_factory=dict)
    on_behalf_of: Actor | None = None

    def word(self, name: str) -> str:
        """Return a text of the body; empty where there is none."""
        value = self.body.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int | None:
        """Return a whole number of the body; `None` where there is none."""
        value = self.body.get(name)
        return value if isinstance(value, int) else None

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of texts of the body."""
        value = self.body.get(name)
        return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


E = TypeVar("E", bound=Event)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def _event(name: str, *roles: str) -> Callable[[type[E]], type[E]]:
    """Declare an event: its name, and the payload roles that may stand beside it."""

    def declare(cls: type[E]) -> type[E]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.NAME = name
        made.ROLES = roles
        EVENTS[name] = made
        return made

    return declare


# -- intake --------------------------------------------------------------------------------------


@_event("intake:case:received", "raw", "fields")
class CaseReceived(Event):
    """A message became a case; `fields` are normalised and masked, `raw` is what came."""

    channel: str
    external: str  # keyed digest of the sender's own id, or of the body where there is none
    content: str  # keyed digest of the body
    outcomes: Mapping[str, str]  # field -> accepted | assumed | absent
    assumptions: tuple[str, ...]
    subject: str | None = None  # random handle of the requester


@_event("intake:case:quarantined", "raw", "reasons")
class CaseQuarantined(Event):
    """A message has no certain reading; no workflow code has seen it."""

    channel: str
    external: str
    content: str
    codes: tuple[str, ...]


@_event("intake:case:released", "raw", "fields")
class CaseReleased(Event):
    """A person settled what was doubtful; the case goes on with these fields."""

    outcomes: Mapping[str, str]
    corrected: tuple[str, ...]


# -- orchestration: steps ------------------------------------------------------------------------


@_event("orchestration:run:started")
class RunStarted(Event):
    """A further run of a case began."""

    version: str


@_event("orchestration:intent:classified", "result")
class IntentClassified(Event):
    name: str
    arguments: str
    model: str
    choice: str
    confidence_ppm: int | None = None


@_event("orchestration:model:answered", "prompt", "result")
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


@_event("orchestration:passages:retrieved", "query", "result")
class PassagesRetrieved(Event):
    name: str
    arguments: str
    citations: tuple[str, ...]  # document@version#section
    gap: str | None = None


@_event("orchestration:tool:read", "arguments", "result")
class ToolRead(Event):
    name: str
    arguments: str
    connector: str
    latency_ms: int
    result: str  # keyed digest of the result


@_event("orchestration:value:derived", "result")
class ValueDerived(Event):
    """A derive, or a recorded `now`, `random`, `new_id`, `changed`, `sleep`."""

    kind: str
    name: str
    arguments: str


@_event("orchestration:step:failed", "error")
class StepFailed(Event):
    kind: str
    name: str
    arguments: str
    code: str
    final: bool  # False: it will be tried again
    attempt: int = 1


@_event("orchestration:wait:started")
class WaitStarted(Event):
    """The case waits; no task, thread, connection or lock is left."""

    kind: str  # approval | time | retry | effect
    ref: str
    expires_us: int | None = None


@_event("orchestration:wait:ended")
class WaitEnded(Event):
    kind: str
    ref: str
    how: str


@_event("orchestration:case:escalated", "note")
class CaseEscalated(Event):
    code: str
    kind: str = ""
    name: str = ""
    arguments: str = ""


@_event("orchestration:case:closed", "result")
class CaseClosed(Event):
    outcome: str  # completed | handled | discarded | cancelled
    result: str | None = None  # one word of what became of it


@_event("orchestration:case:reopened", "note")
class CaseReopened(Event):
    """A person handed an escalated case back to its workflow."""

    reason: str


@_event("orchestration:case:diverged", "calls")
class CaseDiverged(Event):
    code: str
    recorded_version: str
    found_version: str


# -- orchestration: proposals and effects --------------------------------------------------------


@_event("orchestration:action:proposed", "arguments")
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


@_event("orchestration:effect:intended", "facts")
class EffectIntended(Event):
    action_id: str
    effect_id: str  # the idempotency key
    attempt: int
    connector: str
    digest: str
    sent: str  # keyed digest of the real bytes
    deadline_us: int
    reveals: tuple[str, ...] = ()  # token@parameter


@_event("orchestration:effect:dispatched", "receipt")
class EffectDispatched(Event):
    action_id: str
    effect_id: str
    attempt: int
    until_us: int


@_event("orchestration:effect:confirmed", "receipt")
class EffectConfirmed(Event):
    action_id: str
    effect_id: str
    attempt: int
    reference: str
    latency_ms: int


@_event("orchestration:effect:failed", "error")
class EffectFailed(Event):
    action_id: str
    effect_id: str
    attempt: int
    code: str
    sent: bool  # False: no byte left


@_event("orchestration:effect:ambiguous", "error")
class EffectAmbiguous(Event):
    action_id: str
    effect_id: str
    attempt: int
    code: str


@_event("orchestration:effect:reconciled", "receipt")
class EffectReconciled(Event):
    action_id: str
    effect_id: str
    attempt: int
    finding: str  # found | absent | person


@_event("orchestration:effect:late", "receipt")
class EffectLate(Event):
    action_id: str
    effect_id: str
    attempt: int
    outcome: str


@_event("orchestration:effect:compensating")
class EffectCompensating(Event):
    action_id: str
    by: str  # action id of the undo


@_event("orchestration:effect:compensated")
class EffectCompensated(Event):
    action_id: str
    by: str


@_event("orchestration:effect:uncompensated")
class EffectUncompensated(Event):
    action_id: str
    by: str
    code: str


# -- policy --------------------------------------------------------------------------------------


@_event("policy:action:decided", "facts")
class ActionDecided(Event):
    """The gate answered; `facts` hold everything it was told and every reason."""

    action_id: str
    state: str  # cleared | held | denied | blocked | escalated | noted
    codes: tuple[str, ...]  # of the reasons that stand
    digest: str
    level: str
    policy: str  # slice digest
    second: bool = False  # evaluated immediately before the effect
    voters: tuple[str, ...] = ()


@_event("policy:action:withdrawn")
class ActionWithdrawn(Event):
    action_id: str
    code: str


@_event("policy:action:expired")
class ActionExpired(Event):
    action_id: str
    approval_id: str


@_event("policy:stop:set", "sentence")
class StopSet(Event):
    scope: str
    hard: bool = False


@_event("policy:stop:lifted", "sentence")
class StopLifted(Event):
    scope: str


@_event("policy:book:loaded")
class BookLoaded(Event):
    digest: str
    rules: int


# -- governance ----------------------------------------------------------------------------------


@_event("governance:approval:requested", "card")
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


@_event("governance:approval:voted", "reason")
class ApprovalVoted(Event):
    approval_id: str
    person: str
    role: str
    digest: str
    channel: str
    seconds_open: int | None = None


@_event("governance:approval:decided", "reason")
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


@_event("governance:approval:closed")
class ApprovalClosed(Event):
    """An approval ended without a person's verdict on it."""

    approval_id: str
    action_id: str
    state: str  # superseded | revoked | expired | consumed | void
    code: str


@_event("governance:grant:given")
class GrantGiven(Event):
    action: str
    segment: str
    level: str
    fingerprint: str
    signer: str
    evidence: str  # digest of what it rests on
    expires_us: int


@_event("governance:grant:lowered")
class GrantLowered(Event):
    action: str
    segment: str
    level: str
    code: str


@_event("governance:gap:observed", "question")
class GapObserved(Event):
    collection: str
    code: str


# -- ledger --------------------------------------------------------------------------------------


@_event("ledger:origin:opened")
class OriginOpened(Event):
    origin: str
    key: str  # id of the log key


@_event("ledger:writer:opened")
class WriterOpened(Event):
    writer: str
    follows: str | None = None


@_event("ledger:verify:finished")
class VerifyFinished(Event):
    size: int
    result: str
