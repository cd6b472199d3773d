"""Verdicts of people: a yes, a no, other values, and a yes taken back in its grace time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from remit.domain import clock
from remit.domain.approval import RejectReason, Verdict
from remit.domain.value import Json
from remit.errors import NotFoundError
from remit.governance import approvals, delegations, inbox
from remit.governance.approvals import Answer
from remit.governance.card import ApprovalView
from remit.governance.edits import typed as typed_values
from remit.governance.escalation import Chain
from remit.governance.owners import roles_of
from remit.governance.sessions import SignedIn
from remit.intake.mask import Masker
from remit.orchestration.desk import Desk
from remit.store import approvals as approval_rows
from remit.store import authority, cases, proposals, vault
from remit.store import delegations as delegation_rows
from remit.store.connection import Connection
from remit.store.delegations import DelegationRow
from remit.store.unit import UnitOfWork


class Verdicts(Desk):
    """The part of a running Remit at which people decide."""

    def approval(self, approval_id: str, /, *, person: str) -> ApprovalView:
        """Return one approval with its card and what became of it."""
        return self.database.read(
            lambda c: self._shown(c, self._sought(c, approval_id, person), person)
        )

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
        """Record a person's verdict on exactly what they were shown.

        A face hands over how the person signed in; raises `StepUpNeededError` where that was too
        long ago for a yes to what cannot be taken back.
        """
        row = await self.read(lambda c: self._sought(c, approval_id, person))
        roles = self._people.held(person, row.workflow, row.moved)
        if signed_in is not None and approvals.needs_fresh(row, verdict):
            signed_in.demand_fresh(self.now())
        typed: dict[str, Json] = {}
        said: str | None = None
        new: list[vault.VaultTuple] = []
        if verdict is Verdict.EDIT or note is not None:  # words of a person, to be masked
            masker, rows = self.runs.scope(row.case_id)
            typed = self._typed(row, edits or {}, masker) if verdict is Verdict.EDIT else {}
            said = None if note is None else masker.mask_text(note, trusted_tokens=True).text
            new = rows()

        answer = Answer(
            verdict=verdict, digest=digest, channel=channel, edits=typed or None, reason=reason,
            note=said, seconds_open=seconds_open, signed_in=signed_in,
        )  # fmt: skip

        def work(uow: UnitOfWork) -> None:
            if new:
                vault.insert(uow.projected, new)
            lent = self._lent(uow.projected, person, row, now=uow.now)
            if lent:  # and stays so until the commit: who ends it waits, or was quicker
                authority.keep(uow.projected)
                lent = self._lent(uow.projected, person, row, now=uow.now)
            approvals.decide(uow, approval_id, answer, person=person, roles=roles, lent=lent)

        await self.write(work, streams=(row.case_id,), lane="control")
        return await self.read(lambda c: self._view(c, approval_id, person))

    async def take_back(self, approval_id: str, /, *, person: str) -> ApprovalView:
        """Take a yes back inside its grace time."""
        known = self.database.read(lambda c: self._sought(c, approval_id, person))

        def work(uow: UnitOfWork) -> None:
            row = approval_rows.find(uow.connection, approval_id)
            seconds = 0 if row is None else self._grace(row.workflow, row.action)
            until = approvals.grace_ends(0 if row is None else row.decided_us or 0, seconds)
            effect = None if row is None else proposals.find(uow.connection, row.action_id)
            if effect is not None and effect.begins_us is not None:  # a rule gives more time
                until = max(until, clock.instant(effect.begins_us))
            approvals.take_back(uow, approval_id, person=person, grace_until=until)

        await self.write(work, streams=(known.case_id,), lane="control")
        return await self.read(lambda c: self._view(c, approval_id, person))

    # -- parts ------------------------------------------------------------------------------------

    def _typed(
        self, row: approval_rows.ApprovalRecord, edits: Mapping[str, str], masker: Masker
    ) -> dict[str, Json]:
        """Return what a person typed in place of a proposal's values, masked."""
        spec = self.runs.workflow(row.workflow).spec(row.action)
        typed = {} if spec is None else typed_values(spec, edits)
        params = () if spec is None else spec.params
        private = {param.name: param.private for param in params if param.private}
        masked = masker.mask_json(typed, private=private, trusted_tokens=True)
        return masked if isinstance(masked, dict) else {}

    def _grace(self, workflow: str, action: str) -> int:
        equipment = self.equipment.get(workflow)
        spec = None if equipment is None else equipment.spec(action)
        return 0 if equipment is None or spec is None else equipment.grace_seconds(spec)

    def _lent(
        self,
        connection: Connection,
        person: str,
        row: approval_rows.ApprovalRecord,
        *,
        now: datetime | None = None,
    ) -> dict[str, frozenset[str]]:
        """Return the roles of others that somebody may use now for an approval, by giver."""
        found = delegation_rows.to(connection, person)
        return self._usable(found, person, row, now or self.now())

    def _usable(
        self,
        found: Sequence[DelegationRow],
        person: str,
        row: approval_rows.ApprovalRecord,
        now: datetime,
    ) -> dict[str, frozenset[str]]:
        now_us = clock.microseconds(now)
        return delegations.lent(self._people, row.workflow, person, found, row.moved, now_us)

    def _sought(
        self, connection: Connection, approval_id: str, person: str
    ) -> approval_rows.ApprovalRecord:
        """Return an approval of this person's desk; of another it is as if it did not exist."""
        roles_of(self._people, person)
        row = inbox.found(connection, approval_id)
        # What is lent is on one's desk meanwhile.
        if not (self._people.sees(person, row.workflow) or self._lent(connection, person, row)):
            raise NotFoundError(inbox.unknown(approval_id))
        return row

    def _view(self, connection: Connection, approval_id: str, person: str) -> ApprovalView:
        return self._shown(connection, inbox.found(connection, approval_id), person)

    def _shown(
        self, connection: Connection, row: approval_rows.ApprovalRecord, person: str
    ) -> ApprovalView:
        equipment = self.equipment.get(row.workflow)
        spec = None if equipment is None else equipment.spec(row.action)
        view = inbox.view(
            connection,
            self.keys,
            row,
            grace_seconds=self._grace(row.workflow, row.action),
            undoable=spec is not None and spec.undo is not None,
            person=person,
            now=self.now(),
            chain=Chain() if equipment is None else equipment.chain,
        )
        if not self._people.sees(person, row.workflow):  # lent: the item is theirs, not the case
            view = replace(view, recent=())
        return replace(view, eligible=self._able(connection, row))

    def _able(self, connection: Connection, row: approval_rows.ApprovalRecord) -> tuple[str, ...]:
        """Return who may say yes to an approval now."""
        case = cases.find(connection, row.case_id)
        requester = None if case is None else case.requester
        lent, now = delegation_rows.every(connection), self.now()
        able = {
            one: self._people.held(one, row.workflow, row.moved).union(
                *(
                    roles
                    for giver, roles in self._usable(lent, one, row, now).items()
                    if giver != requester
                )
            )
            for one in self._people
            if one != requester
        }
        return approvals.eligible(row, able)
