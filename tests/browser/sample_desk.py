"""What waits in the gallery, and what people say to it: the same refusals as of the real one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.domain.money import Money
from remit.errors import (
    ApprovalClosedError,
    ApprovalExpiredError,
    InvalidEditError,
    NotEntitledError,
    NotFoundError,
    RequestInvalidError,
    StaleDigestError,
)
from remit.governance import batches
from remit.governance.batch import Batch, BatchResult, LeftOut
from remit.governance.card import ApprovalView, InboxPage, Kind
from remit.governance.narrow import EVERYTHING, Narrow
from remit.governance.sessions import SignedIn
from remit.store.approvals import ApprovalRecord
from tests.browser.samples import PEOPLE, row_of


def row_for_batch(view: ApprovalView) -> ApprovalRecord:
    """Return the row that the store would keep of what the gallery shows."""
    card = view.card
    return ApprovalRecord(
        approval_id=card.approval_id, case_id=card.case_id, action_id=card.action_id,
        workflow=card.workflow, action=card.action, risk=card.risk, state=view.state,
        digest=card.digest, requirements=card.requirements, card_seq=1, requested_us=0, due_us=0,
        expires_us=0, money_minor=None, currency="", decided_by=view.decided_by or "",
        decided_us=None, verdict="", reason="", replaced_by="", batch="", held_by="", again=False,
        claimed_by="",
        claimed_until_us=0, asked_of="", comments=0, remarks=0,
        code="", due_minute=0, turn=0,
        alike=f"{card.workflow}.{card.action} {[one.code for one in card.reasons]}",
    )  # fmt: skip


def _moves(money: Money | None, narrow: Narrow) -> bool:
    """Is this as much as is asked for?"""
    if narrow.money is None:
        return True
    currency, least, most = narrow.money
    return (
        money is not None
        and money.currency == currency
        and (least is None or money.minor >= least)
        and (most is None or money.minor <= most)
    )


class Decided:
    """The part of the gallery at which people decide."""

    now: datetime
    views: dict[str, ApprovalView]
    decided: list[tuple[str, Verdict, str | None]]
    answered: dict[str, tuple[str, ...]]

    def clock(self) -> datetime:
        """Return the gallery's frozen time."""
        return self.now

    def inbox(
        self,
        *,
        person: str,
        tab: str = "team",
        workflow: str | None = None,
        action: str | None = None,
        narrow: Narrow = EVERYTHING,
        after: str | None = None,
        limit: int = 60,
    ) -> InboxPage:
        rows = sorted(
            (row_of(view, self.now) for view in self.views.values() if view.state == "open"),
            key=lambda row: (row.due_at, row.approval_id),
        )
        counted = Counter((row.workflow, row.action) for row in rows)
        overdue = sum(row.overdue for row in rows)
        waiting = len(rows)
        keep = {
            "overdue": lambda row: row.overdue,
            "money": lambda row: row.risk in {"money", "irreversible"},
            "changed": lambda row: row.changed,
            "snoozed": lambda row: self.views[row.approval_id].snoozed_until is not None,
        }.get(tab, lambda row: True)
        rows = [
            row
            for row in rows
            if keep(row) and workflow in {None, row.workflow} and action in {None, row.action}
            if narrow.reason in {None, self.views[row.approval_id].card.reasons[0].code}
            if _moves(row.money, narrow)
        ]
        first = 0 if after is None else [row.approval_id for row in rows].index(after) + 1
        page = rows[first : first + limit]
        more = first + limit < len(rows)
        return InboxPage(
            rows=tuple(page),
            after=page[-1].approval_id if more else None,
            waiting=waiting,
            overdue=overdue,
            kinds=tuple(
                Kind(workflow=one, action=action, waiting=number)
                for (one, action), number in counted.most_common()
            ),
        )

    def approval(
        self,
        approval_id: str,
        /,
        *,
        person: str,
    ) -> ApprovalView:
        if approval_id not in self.views:
            raise NotFoundError(f"there is no approval `{approval_id}`")
        return self.views[approval_id]

    async def decide(
        self,
        approval_id: str,
        /,
        *,
        person: str,
        verdict: Verdict,
        digest: str,
        channel: str = "console",
        edits: Mapping[str, str] | None = None,
        reason: RejectReason | None = None,
        note: str | None = None,
        seconds_open: int | None = None,
        signed_in: SignedIn | None = None,
    ) -> ApprovalView:
        view = self.approval(approval_id, person=person)
        if (
            signed_in
            and verdict is Verdict.APPROVE
            and view.card.risk in {"money", "irreversible"}
        ):
            signed_in.demand_fresh(self.clock())
        if view.state is not ApprovalState.OPEN:
            if view.decided_by == person and view.verdict == verdict.value:
                return view
            if view.state is ApprovalState.EXPIRED:
                raise ApprovalExpiredError("nobody decided in time; open the case")
            raise ApprovalClosedError(f"{view.decided_by} answered this before you; see the case")
        if digest != view.card.digest:
            raise StaleDigestError(
                "the order changed after this was held; look again", approval_id
            )
        if "refund-approver" not in PEOPLE[person].roles:
            raise NotEntitledError("you may not approve refunds; pass it to `a.weber`")
        replaced_by = None
        if verdict is Verdict.EDIT:
            if edits and " " not in edits.get("amount", "1 EUR"):
                raise InvalidEditError("`amount` is not money; write it as `19.00 EUR`")
            replaced_by = f"{len(self.views):032x}"
            card = replace(
                view.card,
                approval_id=replaced_by,
                version=view.card.version + 1,
                digest=replaced_by * 2,
            )
            self.views[replaced_by] = replace(view, card=card)
        state = {
            Verdict.APPROVE: ApprovalState.APPROVED,
            Verdict.REJECT: ApprovalState.DENIED,
            Verdict.EDIT: ApprovalState.SUPERSEDED,
            Verdict.ESCALATE: ApprovalState.REVOKED,
        }[verdict]
        approved = verdict is Verdict.APPROVE
        self.views[approval_id] = replace(
            view,
            state=state,
            verdict=verdict.value,
            decided_by=person,
            decided_at=self.now,
            reason=reason.value if reason else None,
            replaced_by=replaced_by,
            effect_state="cleared" if approved else "withdrawn",
            effect_due_at=self.now + timedelta(seconds=10) if approved else None,
        )
        self.decided.append((approval_id, verdict, reason.value if reason else None))
        self.tell("governance:approval:decided", view.card.case_id)
        return self.views[approval_id]

    async def take_back(
        self,
        approval_id: str,
        /,
        *,
        person: str,
    ) -> ApprovalView:
        view = self.approval(approval_id, person=person)
        if view.effect_state != "cleared":
            raise ApprovalClosedError("too late to take back: it runs; undo it from its case")
        self.views[approval_id] = replace(
            view,
            state=ApprovalState.REVOKED,
            effect_state="withdrawn",
            effect_due_at=None,
            verdict=None,
        )
        return self.views[approval_id]

    async def undo(
        self,
        action_id: str,
        /,
        *,
        person: str,
        reason: str,
    ) -> str:
        return "b" * 32

    def batch(self, approval_ids: Sequence[str], /, *, person: str) -> Batch:
        found = [self.approval(one, person=person) for one in approval_ids]
        return batches.gather(
            [(row_for_batch(view), view.card) for view in found],
            person=person, held=lambda _: PEOPLE[person].roles, items_max=batches.ITEMS_MAX,
        )  # fmt: skip

    async def decide_batch(
        self,
        members: Mapping[str, str],
        /,
        *,
        batch: str,
        read: Sequence[str],
        person: str,
        verdict: Verdict,
        channel: str = "console",
        reason: RejectReason | None = None,
        seconds_open: int | None = None,
        signed_in: SignedIn | None = None,
    ) -> BatchResult:
        if batches.summary_digest(members.values()) != batch:
            raise StaleDigestError("this is not the batch that you were shown; look again")
        unread = set(batches.drawn(batch, members)) - set(read)
        if verdict is Verdict.APPROVE and unread:
            raise RequestInvalidError(f"`read`: read these first: {', '.join(sorted(unread))}")
        decided: list[str] = []
        left: list[LeftOut] = []
        for one, digest in members.items():
            try:
                await self.decide(
                    one, person=person, verdict=verdict, digest=digest, reason=reason,
                    signed_in=signed_in,
                )  # fmt: skip
            except (StaleDigestError, ApprovalClosedError) as error:
                left.append(LeftOut(approval_id=one, why=str(error)))
            else:
                decided.append(one)
        self.answered[batch] = tuple(decided)
        return BatchResult(digest=batch, decided=tuple(decided), left_out=tuple(left))

    async def take_back_batch(self, batch: str, /, *, person: str) -> BatchResult:
        if batch not in self.answered:
            raise NotFoundError(f"there is no batch `{batch}`")
        for one in self.answered[batch]:
            await self.take_back(one, person=person)
        return BatchResult(digest=batch, decided=self.answered[batch], left_out=())

    def tell(self, name: str, subject: str) -> None:
        """Say to whoever looks that something happened."""
        raise NotImplementedError
