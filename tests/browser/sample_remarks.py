"""What the gallery's fake keeps of what people do about an item without deciding it."""

from dataclasses import replace
from datetime import datetime, timedelta

from remit.errors import ApprovalClaimedError, NotEntitledError, RequestInvalidError
from remit.governance.card import ApprovalView
from remit.governance.remark import Remark
from tests.browser.samples import HOSTILE, NOW, PEOPLE, approval_id


def remarked(views: dict[str, ApprovalView]) -> dict[str, ApprovalView]:
    """Return the items, one of them claimed, asked about and commented with hostile words."""
    key = approval_id(5)
    if key not in views:
        return views
    said = (
        Remark(kind="claimed", person="l.costa", at=NOW, until=NOW + timedelta(minutes=30)),
        Remark(kind="commented", person="l.costa", at=NOW, other="a.weber", text=HOSTILE),
        Remark(kind="assigned", person="l.costa", at=NOW, other="a.weber"),
        Remark(kind="commented", person="a.weber", at=NOW, text="I look. " * 400),
    )
    return views | {
        key: replace(
            views[key], remarks=said, claimed_by="l.costa", asked_of="a.weber",
            claimed_until=NOW + timedelta(minutes=30), held_by="person:a.weber",
            changed_since=("amount: the value was 10.00 EUR, is 12.00 EUR",),
        )
    }  # fmt: skip


class Remarked:
    """Keeps what people say about items, and refuses as the real one does."""

    now: datetime
    views: dict[str, ApprovalView]

    async def claim(self, approval_id: str, /, *, person: str, minutes: int = 30) -> ApprovalView:
        view = self.views[approval_id]
        if view.claimed_by not in {"", person}:
            raise ApprovalClaimedError(f"`{view.claimed_by}` is at it; decide it all the same")
        until = self.now + timedelta(minutes=minutes)
        said = Remark(kind="claimed", person=person, at=self.now, until=until)
        return self._said(approval_id, said, claimed_by=person, claimed_until=until)

    async def let_go(self, approval_id: str, /, *, person: str) -> ApprovalView:
        said = Remark(kind="freed", person=person, at=self.now)
        return self._said(approval_id, said, claimed_by="", claimed_until=None)

    async def assign(self, approval_id: str, /, *, person: str, to: str) -> ApprovalView:
        if to not in self.views[approval_id].eligible:
            raise NotEntitledError(f"`{to}` may not decide this")
        said = Remark(kind="assigned", person=person, at=self.now, other=to)
        return self._said(approval_id, said, held_by=f"person:{to}")

    async def comment(
        self, approval_id: str, /, *, person: str, text: str, ask: str | None = None
    ) -> ApprovalView:
        if ask is not None and ask not in PEOPLE:
            raise NotEntitledError(f"`{ask}` has nothing to do with this")
        said = Remark(kind="commented", person=person, at=self.now, other=ask or "", text=text)
        return self._said(approval_id, said, asked_of=ask or "")

    async def snooze(
        self, approval_id: str, /, *, person: str, minutes: int | None = None
    ) -> ApprovalView:
        due = self.views[approval_id].card.due_at
        until = due if minutes is None else self.now + timedelta(minutes=minutes)
        if until > due or (minutes is None and due <= self.now):
            raise RequestInvalidError("it is due before that; name a shorter time")
        said = Remark(kind="snoozed", person=person, at=self.now, until=until)
        return self._said(approval_id, said, snoozed_until=until if minutes != 0 else None)

    def _said(self, approval_id: str, said: Remark, **changed: object) -> ApprovalView:
        view = self.views[approval_id]
        self.views[approval_id] = replace(view, remarks=(*view.remarks, said), **changed)  # type: ignore[arg-type]  # of the view's own names
        return self.views[approval_id]
