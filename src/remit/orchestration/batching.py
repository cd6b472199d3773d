"""Batches: several approvals that are alike, shown together, answered and taken back at once."""

from collections.abc import Mapping, Sequence

from remit.domain.approval import RejectReason, Verdict
from remit.errors import NotFoundError, RemitError, RequestInvalidError
from remit.governance import approvals, batches, inbox
from remit.governance.approvals import Answer
from remit.governance.batch import Batch, BatchResult, LeftOut
from remit.governance.owners import roles_of
from remit.governance.sessions import SignedIn
from remit.orchestration.verdicts import Verdicts
from remit.store import approvals as approval_rows
from remit.store.approvals import ApprovalRecord
from remit.store.connection import Connection

ASKED_MAX = 200


class Batching(Verdicts):
    """The part of a running Remit at which people answer several approvals at once."""

    def batch(self, approval_ids: Sequence[str], /, *, person: str) -> Batch:
        """Return what of these may be answered together, and what is left out and why."""
        asked = tuple(dict.fromkeys(approval_ids))
        if not 1 <= len(asked) <= ASKED_MAX:
            raise RequestInvalidError(f"`ids`: name 1 to {ASKED_MAX} approvals")

        def work(connection: Connection) -> Batch:
            found = [self._sought(connection, one, person) for one in asked]
            workflow, action = found[0].workflow, found[0].action
            equipment = self.equipment.get(workflow)
            spec = None if equipment is None else equipment.spec(action)
            return batches.gather(
                [(row, inbox.card_of(connection, self.keys, row)) for row in found],
                person=person, held=lambda row: self._held(person, row),
                items_max=self._items_max(workflow),
                recipients=frozenset(
                    param.name for param in (() if spec is None else spec.params) if param.private
                ),
            )  # fmt: skip

        return self.database.read(work)

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
        """Record one answer on each of `members`, shown as id -> digest under the digest `batch`.

        `read` names what was read whole: those that were drawn must be among them.
        """
        if verdict not in {Verdict.APPROVE, Verdict.REJECT}:
            raise RequestInvalidError("`verdict`: several are approved or rejected; edit one")
        unread = set(batches.drawn(batch, members)) - set(read)
        if verdict is Verdict.APPROVE and unread:
            raise RequestInvalidError(f"`read`: read these first: {', '.join(sorted(unread))}")
        found = await self.read(lambda c: [self._sought(c, one, person) for one in members])
        if not found:
            raise RequestInvalidError("`members`: nothing was picked")
        if signed_in is not None and any(approvals.needs_fresh(row, verdict) for row in found):
            signed_in.demand_fresh(self.now())
        answer = Answer(
            verdict=verdict, digest=batch, channel=channel, reason=reason,
            seconds_open=seconds_open, signed_in=signed_in,
        )  # fmt: skip
        return await self.write(
            lambda uow: batches.decide(
                uow, members, answer, person=person, held=lambda row: self._held(person, row),
                items_max=self._items_max(found[0].workflow),
            ),
            streams=sorted({row.case_id for row in found}), lane="control",
        )  # fmt: skip

    async def take_back_batch(self, batch: str, /, *, person: str) -> BatchResult:
        """Take back every yes of a batch whose grace time lasts; the others are named."""
        roles_of(self._people, person)
        found = await self.read(lambda c: approval_rows.of_batch(c, batch))
        if not found:
            raise NotFoundError(f"there is no batch `{batch[:64]}`")
        taken: list[str] = []
        left: list[LeftOut] = []
        for row in found:
            try:
                await self.take_back(row.approval_id, person=person)
            except RemitError as error:
                left.append(LeftOut(approval_id=row.approval_id, why=str(error)))
            else:
                taken.append(row.approval_id)
        return BatchResult(digest=batch, decided=tuple(taken), left_out=tuple(left))

    # -- parts ------------------------------------------------------------------------------------

    def _held(self, person: str, row: ApprovalRecord) -> frozenset[str]:
        return self._people.held(person, row.workflow, row.moved)

    def _items_max(self, workflow: str) -> int:
        equipment = self.equipment.get(workflow)
        return batches.ITEMS_MAX if equipment is None else equipment.desk.batch_items_max
