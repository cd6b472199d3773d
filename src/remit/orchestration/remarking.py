"""What people do about an approval without deciding it: claim, assign, comment, ask, snooze."""

from collections.abc import Callable

from remit.errors import NotEntitledError
from remit.governance import remarks
from remit.governance.card import ApprovalView
from remit.governance.remark import CLAIM_MINUTES
from remit.orchestration.verdicts import Verdicts
from remit.store.approvals import ApprovalRecord
from remit.store.unit import UnitOfWork


class Remarking(Verdicts):
    """The part of a running Remit at which people say what they do about an approval."""

    async def claim(
        self, approval_id: str, /, *, person: str, minutes: int = CLAIM_MINUTES
    ) -> ApprovalView:
        """Say that this person is at it; nobody is kept from deciding it."""
        row, able = await self._remarked(approval_id, person)
        return await self._said(
            row,
            person,
            lambda uow: remarks.claim(
                uow, row.approval_id, person=person, able=able, minutes=minutes
            ),
        )

    async def let_go(self, approval_id: str, /, *, person: str) -> ApprovalView:
        """Say that this person is not at it any more."""
        row, _ = await self._remarked(approval_id, person)
        return await self._said(
            row, person, lambda uow: remarks.let_go(uow, row.approval_id, person=person)
        )

    async def assign(self, approval_id: str, /, *, person: str, to: str) -> ApprovalView:
        """Move attention to one person who may decide it."""
        row, able = await self._remarked(approval_id, person)
        return await self._said(
            row,
            person,
            lambda uow: remarks.assign(uow, row.approval_id, person=person, to=to, able=able),
        )

    async def comment(
        self, approval_id: str, /, *, person: str, text: str, ask: str | None = None
    ) -> ApprovalView:
        """Say a word about it; with `ask` it is a question to that person.

        The words are masked like whatever else people write, and sealed beside their entry.
        """
        row, _ = await self._remarked(approval_id, person)
        if ask is not None and not self._people.held(ask, row.workflow):
            raise NotEntitledError(
                f"`{ask}` has nothing to do with `{row.workflow}`; ask somebody of this desk"
            )
        masked, keep = self._masked(row.case_id, remarks.words(text))

        def work(uow: UnitOfWork) -> None:
            keep(uow)
            remarks.comment(uow, row.approval_id, person=person, text=masked, asked=ask or "")

        return await self._said(row, person, work)

    async def snooze(
        self, approval_id: str, /, *, person: str, minutes: int | None = None
    ) -> ApprovalView:
        """Take it out of one's own lists, so long or until it is due; 0 brings it back."""
        row, _ = await self._remarked(approval_id, person)
        return await self._said(
            row,
            person,
            lambda uow: remarks.snooze(uow, row.approval_id, person=person, minutes=minutes),
        )

    # -- parts ------------------------------------------------------------------------------------

    async def _remarked(
        self, approval_id: str, person: str
    ) -> tuple[ApprovalRecord, tuple[str, ...]]:
        """Return an approval of this person's desk, and who may say yes to it now."""
        row = await self.read(lambda c: self._sought(c, approval_id, person))
        remarks.demand_worker(person, self._people.held(person, row.workflow))
        return row, await self.read(lambda c: self._able(c, row))

    async def _said(
        self, row: ApprovalRecord, person: str, work: Callable[[UnitOfWork], None]
    ) -> ApprovalView:
        await self.write(work, streams=(row.case_id,), lane="control")
        return await self.read(
            lambda c: self._shown(c, self._sought(c, row.approval_id, person), person)
        )
