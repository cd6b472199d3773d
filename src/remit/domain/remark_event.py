"""Events of what people do about an approval without deciding it; the clock goes on."""

from remit.domain.entry import Event, declared


@declared("governance:approval:claimed")
class ApprovalClaimed(Event):
    """Somebody is at it; anybody else who may decide it still may."""

    approval_id: str
    until_us: int


@declared("governance:approval:freed")
class ApprovalFreed(Event):
    """Whoever claimed it is not at it any more."""

    approval_id: str


@declared("governance:approval:assigned")
class ApprovalAssigned(Event):
    """Attention moves to one person who may decide it."""

    approval_id: str
    to: str


@declared("governance:approval:commented", "comment")
class ApprovalCommented(Event):
    """A word about it, sealed beside the entry; with `asked` it is a question to that person."""

    approval_id: str
    asked: str = ""


@declared("governance:approval:snoozed")
class ApprovalSnoozed(Event):
    """It leaves one person's own lists for a while, never beyond its due time."""

    approval_id: str
    until_us: int  # not later than its entry: it is back
