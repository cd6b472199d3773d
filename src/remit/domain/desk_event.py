"""Events that tell what people decided: approvals and grants."""

from remit.domain.entry import Event, declared


@declared("governance:approval:requested", "card")
class ApprovalRequested(Event):
    approval_id: str
    action_id: str
    action: str
    risk: str
    digest: str  # what people decide on: it covers `bound`, requirements and expiry
    bound: str  # exactly these bytes in this world
    requirements: tuple[str, ...]  # `2 refund-approver`
    codes: tuple[str, ...]
    due_us: int
    expires_us: int
    money_minor: int | None = None
    currency: str | None = None
    record: str | None = None  # keyed digest of what would be acted upon
    alike: str = ""  # digest of what approvals that are answered together have in common


@declared("governance:approval:voted", "reason")
class ApprovalVoted(Event):
    approval_id: str
    person: str
    role: str
    digest: str
    channel: str
    seconds_open: int | None = None
    session: str | None = None  # of the person, as its hash; how and when they signed in
    strength: str | None = None
    auth_us: int | None = None
    batch: str | None = None  # digest of the batch that this is one answer of
    delegated_from: str | None = None  # whose role it was, if not their own


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
    session: str | None = None
    strength: str | None = None
    auth_us: int | None = None
    batch: str | None = None  # digest of the batch that this is one answer of
    delegated_from: str | None = None  # whose role it was, if not their own


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
    threshold_ppm: int | None = None  # the confidence that is enough to act alone, with its tie
    threshold_tie: int | None = None
    low_mark_ppm: int | None = None  # below which a person takes the case
    attempt: int | None = None  # the rest: what was counted, all of it from entries
    plan: str | None = None  # version
    rows: int | None = None
    wrong: int | None = None
    last: str | None = None  # action id of the last row counted
    log_evidence: str | None = None  # in nats
    since_us: int | None = None  # when the first row that counts was decided, or later
    sensitivity_ppm: int | None = None  # of reviewers, at the least
    checklist: str | None = None  # digest of what was settled before, where it acts alone
    checked: tuple[str, ...] | None = None  # items of it that the system verified
    attested: tuple[str, ...] | None = None  # and those that the signer ticked


@declared("governance:grant:lowered", "reason")
class GrantLowered(Event):
    action: str
    segment: str
    level: str
    code: str
    fingerprint: str = ""  # of what was lowered
    before: str = ""  # the level until then


@declared("governance:endorsement:given", "value")
class EndorsementGiven(Event):
    """A person vouches for one value; the sentence is sealed beside it."""

    endorsement_id: str
    action: str
    parameter: str
    digest: str  # keyed, of type and form
    scope: str  # case | subject | workflow
    subject: str  # keyed handle, where the scope is a subject
    people: int  # how many must vouch for it
    until_us: int
    evidence: str  # the approval that was looked at; empty where none was


@declared("governance:endorsement:seconded")
class EndorsementSeconded(Event):
    """A second person vouches for the same."""

    endorsement_id: str


@declared("governance:endorsement:revoked", "reason")
class EndorsementRevoked(Event):
    """Nothing more rests on it."""

    endorsement_id: str


@declared("governance:denial:widened", "reason")
class DenialWidened(Event):
    """A person's no holds for a while in every case of its subject."""

    action_id: str  # the proposal that was refused
    kind: str  # `group:…` or `action:…`: what is refused
    subject: str  # keyed handle of who the case came from
    until_us: int


@declared("governance:denial:lifted", "reason")
class DenialLifted(Event):
    """An owner took a person's no away: what is proposed from here on is judged anew."""

    action_id: str


@declared("governance:delegation:given")
class DelegationGiven(Event):
    """Somebody's roles are lent to another person for a while: one link long."""

    delegation_id: str
    giver: str
    to: str
    workflows: tuple[str, ...]  # empty: all
    from_us: int
    until_us: int
    cap_minor: int | None = None
    currency: str | None = None


@declared("governance:delegation:ended")
class DelegationEnded(Event):
    """What was lent is taken back before its time."""

    delegation_id: str
