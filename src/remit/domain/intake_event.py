"""Events that tell how a message became a case, or waited for a person."""

from collections.abc import Mapping

from remit.domain.entry import Event, declared


@declared("intake:case:received", "raw", "fields", "grounds")
class CaseReceived(Event):
    """A message became a case; `fields` are normalised and masked, `raw` is what came."""

    channel: str
    external: str  # keyed digest of the sender's own id, or of the body where there is none
    content: str  # keyed digest of the body
    outcomes: Mapping[str, str]  # field -> accepted | assumed | absent
    assumptions: tuple[str, ...]
    subject: str | None = None  # handle of the requester
    follows: str | None = None  # the case that this one takes the place of
    priority: str | None = None  # urgent | bulk; normal where there is none
    due_us: int | None = None  # when it should be closed
    untrusted: tuple[str, ...] | None = None  # fields that anybody can fill unseen, of a mail
    notes: tuple[str, ...] | None = None  # what a mail shows beside its text: `hidden_text:2`
    by: str | None = None  # who brought it in: `person:maria.k`, `token:crm`


@declared("intake:case:quarantined", "raw", "reasons", "grounds")
class CaseQuarantined(Event):
    """A message has no certain reading; no workflow code has seen it."""

    channel: str
    external: str
    content: str
    codes: tuple[str, ...]
    assumptions: tuple[str, ...] = ()  # of the fields that could be read
    subject: str | None = None  # handle of the requester, where the sender can be read
    follows: str | None = None
    priority: str | None = None
    untrusted: tuple[str, ...] | None = None
    notes: tuple[str, ...] | None = None
    due_us: int | None = None  # until when a person should have settled it
    by: str | None = None


@declared("governance:quarantine:reminded")
class QuarantineReminded(Event):
    """Half the time to settle a message, or all of it, or hours more have passed."""

    stage: str  # warn | due | escalate
    step: int  # how often after the due time
    due_us: int  # when this was to be said


@declared("intake:case:released", "raw", "fields", "choices", "grounds")
class CaseReleased(Event):
    """A person settled what was doubtful; the case goes on with these fields."""

    outcomes: Mapping[str, str]
    corrected: tuple[str, ...]  # fields that were typed
    subject: str | None = None
    chosen: tuple[str, ...] = ()  # field:how, of the readings that were picked
    assumptions: tuple[str, ...] = ()  # `field:code`, of fields that nobody picked
