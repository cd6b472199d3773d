"""Events that tell what became of a proposal and of its effect."""

from remit.domain.autonomy import WHOLE
from remit.domain.entry import Event, declared


@declared("orchestration:action:proposed", "arguments", "reason")
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
    by: str  # action id of the undo; empty where a person put it right by hand
    by_hand: bool = False


@declared("orchestration:effect:uncompensated")
class EffectUncompensated(Event):
    action_id: str
    by: str
    code: str


@declared("policy:action:decided", "facts", "words", facts="facts")
class ActionDecided(Event):
    """The gate answered; `facts` and `words` hold everything it was told and every reason."""

    action_id: str
    state: str  # cleared | held | denied | blocked | escalated | noted
    codes: tuple[str, ...]  # of the reasons that stand
    digest: str
    level: str
    policy: str  # slice digest
    segment: str = WHOLE  # with the action, the cell whose level it is
    second: bool = False  # evaluated immediately before the effect
    voters: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()  # what a cleared action takes: digest of the bound, quantity
    limits: tuple[str, ...] = ()  # what it takes of limits: name and digest of for whom, quantity
    begins_us: int | None = None  # of what is cleared and can be taken back until then
    # Of the first decision on what a workflow proposed, the row of evidence that it is:
    action: str | None = None
    behaviour: str | None = None  # fingerprint; empty where the case spans two
    cluster: str | None = None  # keyed: whose rows count as one
    score_ppm: int | None = None  # lowest confidence on the way here; none where no model chose
    share_ppm: int | None = None  # of what is proposed like this, how much is drawn
    draw: int | None = None  # of 2^53, under the key of that day
    drawn: bool | None = None
    day: str | None = None
    eligible: bool | None = None  # nothing but level and confidence could hold it
    alone: bool | None = None  # it ran alone, or would have but for a surge


@declared("policy:action:withdrawn")
class ActionWithdrawn(Event):
    action_id: str
    code: str


@declared("policy:action:expired")
class ActionExpired(Event):
    action_id: str
    approval_id: str
