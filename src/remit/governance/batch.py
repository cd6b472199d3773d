"""Several approvals answered as one: what is shown of them, and what became of each."""

from dataclasses import dataclass

from remit.domain.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One approval of a batch."""

    approval_id: str
    case_id: str
    digest: str
    sentence: str
    money: Money | None
    unusual: str = ""  # why it stands out among the others


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One that was asked for and is no part of the batch."""

    approval_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a person is shown before one answer to several approvals."""

    digest: str  # covers the digests of all members
    workflow: str
    action: str
    risk: str
    reasons: tuple[str, ...]  # the same for all
    undo: str
    members: tuple[Member, ...]
    total: Money | None
    largest: Money | None
    recipients: int  # distinct values of what names them; 0 where nothing does
    read_first: tuple[str, ...]  # drawn from the members: to be read whole
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What one answer to several approvals came to."""

    digest: str
    decided: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
