"""What somebody is shown who judges a proposal blind, and what they may answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from remit.domain.approval import RejectReason
from remit.domain.money import Money
from remit.domain.value import Json
from remit.governance.card import Change, EditField, Message, Quote


class How(StrEnum):
    """What is asked of a person; that somebody was asked before is not told."""

    JUDGE = "judge"  # was it right?
    OWN = "own"  # what did you do yourself? The proposal is shown afterwards
    CONTESTED = "contested"  # somebody says that what was said to be wrong was right


class Finding(StrEnum):
    """What a person says of a proposal that they were shown."""

    RIGHT = "right"
    WRONG = "wrong"
    UNSURE = "unsure"  # they cannot tell: it counts against the cell until somebody can
    VOID = "void"  # it says nothing: withdrawn, a duplicate, the world changed afterwards


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One person's answer."""

    finding: Finding
    labels: int  # how often something had been said of it when they were shown it
    cause: RejectReason | None = None  # of what is wrong
    critical: bool = False
    note: Json = None  # masked
    seconds_open: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was looked up before it was proposed."""

    tool: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One proposal that asks to be judged."""

    audit_id: str
    workflow: str
    action: str
    risk: str
    how: How
    due_at: datetime
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """A page of what somebody may judge, the first due first."""

    rows: tuple[AuditLine, ...]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """A proposal and its evidence: not its level, nor its confidence, nor what became of it."""

    audit_id: str
    labels: int  # to be sent back with the answer
    workflow: str
    action: str
    risk: str
    how: How
    due_at: datetime
    fields: Mapping[str, str]  # of the message
    read: tuple[Read, ...]
    evidence: tuple[Quote, ...]
    own: tuple[EditField, ...] = ()  # what they say they did themselves
    sentence: str = ""  # from here on empty until they have said that
    money: Money | None = None
    changes: tuple[Change, ...] = ()
    message: Message | None = None
    undo: str = ""
    unknowns: tuple[str, ...] = ()
    contested_by: str = ""
    contest: str = ""  # why
    said: str = ""  # the code of what was said to be wrong with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What somebody did themselves beside what was proposed."""

    outcome: str  # right | wrong | pending
    sentence: str
    differs: tuple[tuple[str, str, str], ...]  # parameter, theirs, proposed
