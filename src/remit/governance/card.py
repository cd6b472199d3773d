"""The card: everything that a person sees before a verdict, made once when the gate holds.

It is sealed beside the entry that asks for the approval, so what was shown can be shown again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.domain.approval import ApprovalState, Requirement, Vote
from remit.domain.decision import Reason
from remit.domain.money import Money
from remit.governance.remark import Remark
from remit.observability.line import Line

COUNTED_MAX: Final = 1_000  # what is overdue is counted so far; one more says "and more"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One argument: what it will become, and where the value comes from."""

    name: str
    now: str | None  # the present value, where known
    after: str
    source: str  # `get_order.total`, `content only`, `edited by maria.k`
    proof: str  # proven, content, different, ...
    integrity: str
    step: str | None = None  # path of the step that proves it
    accepted: tuple[str, ...] = ()  # where unproven: what the source would have accepted
    elsewhere: tuple[str, ...] = ()  # where else this value occurs; information only
    assumptions: tuple[str, ...] = ()  # what was taken for granted in reading it, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A passage of evidence; its text is somebody's words."""

    author: str
    text: str
    source: str
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes out to somebody, as it will: tokens stand for what is filled in last."""

    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EditField:
    """One field of the typed edit form."""

    name: str
    type: str  # canonical type word
    value: str  # as a person types it; money as `19.00 EUR`
    optional: bool
    authority: bool  # False: content only
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the desk shows of one held proposal."""

    approval_id: str
    action_id: str
    case_id: str
    workflow: str
    action: str
    version: int
    risk: str
    level: str
    sentence: str
    money: Money | None
    reasons: tuple[Reason, ...]
    requirements: tuple[Requirement, ...]
    changes: tuple[Change, ...]
    payload: str  # canonical JSON of exactly what will run
    digest: str
    undo: str  # how it can be taken back, or that it cannot
    cost: tuple[tuple[str, str], ...]  # label, value; unknown is written
    evidence: tuple[Quote, ...]
    unknowns: tuple[str, ...]
    workflow_reason: str | None  # the workflow's own words: not evidence
    confidence: str | None
    fields: tuple[EditField, ...]
    requested_at: datetime
    due_at: datetime
    expires_at: datetime
    message: Message | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRow:
    """One line of the inbox."""

    approval_id: str
    case_id: str
    workflow: str
    action: str
    risk: str
    sentence: str
    money: Money | None
    first_reason: str
    reasons: int
    votes: int
    votes_needed: int
    state: ApprovalState
    requested_at: datetime
    due_at: datetime
    expires_at: datetime
    overdue: bool
    claimed_by: str = ""  # who is at it now
    asked_of: str = ""  # who was asked something and has not answered
    comments: int = 0
    changed: bool = False  # it was asked before, and what was shown then has changed
    code: str = ""  # of the first reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How much of one action waits."""

    workflow: str
    action: str
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxPage:
    """A page of the inbox, ordered by the minute it is due, then by risk times money at stake."""

    rows: tuple[ApprovalRow, ...]
    after: str | None  # cursor of the next page
    waiting: int
    overdue: int  # counted no further than one above `COUNTED_MAX`
    kinds: tuple[Kind, ...] = ()  # of everything that waits, the most first


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """A card and what has become of it."""

    card: Card
    state: ApprovalState
    votes: tuple[Vote, ...]  # while it is open, one's own alone
    effect_state: str  # of the proposal: held, cleared, intended, confirmed, ...
    decided_by: str | None = None
    decided_at: datetime | None = None
    verdict: str | None = None
    reason: str | None = None
    replaced_by: str | None = None  # approval id of the edited version
    effect_due_at: datetime | None = None  # end of the grace time
    can_undo: bool = False
    changed_since: tuple[str, ...] = ()  # what is not as in the card that this one replaces
    held_by: str = ""  # who has it now, where attention has moved
    eligible: tuple[str, ...] = ()  # who may say yes now
    answered: int = 0  # people who have said yes
    claimed_by: str = ""  # who is at it; anybody else may decide it all the same
    claimed_until: datetime | None = None
    asked_of: str = ""  # who was asked something and has not answered
    snoozed_until: datetime | None = None  # by whoever looks
    next_to: str = ""  # `role:NAME` or `person:HANDLE`: who gets it if nobody decides
    next_at: datetime | None = None
    recent: tuple[Line, ...] = ()  # the last steps of its case, oldest first, without details
    # Once it is answered, of what measured whoever answered: caught, missed, right, refused, to
    # themselves alone; to others that it was a check.
    check: str = ""
    remarks: tuple[Remark, ...] = ()  # what people said and did without deciding, oldest first
