"""What people refuse beyond one case: a no widened to a subject, and lifted by an owner."""

from collections.abc import Callable

from remit.domain import clock
from remit.errors import NotFoundError
from remit.governance import denials
from remit.governance.denial import Denial
from remit.governance.owners import roles_of
from remit.orchestration.desk import OWNER_ROLE, Desk
from remit.policy.denial import kind
from remit.store import denials as rows
from remit.store import proposals
from remit.store.denials import DenialRow
from remit.store.proposals import ProposalRow
from remit.store.unit import UnitOfWork


class Denying(Desk):
    """The part of a running Remit that keeps people's refusals."""

    def denials(self, *, person: str, workflow: str | None = None) -> tuple[Denial, ...]:
        """Return what is refused to somebody in all cases, the newest first."""
        roles_of(self._people, person)
        now_us = clock.microseconds(self.now())
        found = self.database.read(rows.every)
        return tuple(
            _shown(one)
            for one in found
            if one.until_us > now_us
            and workflow in {None, one.workflow}
            and self._people.sees(person, one.workflow)
        )

    async def widen_denial(
        self, action_id: str, /, *, person: str, days: int, reason: str
    ) -> None:
        """Let a no hold for so many days in every case of who sent this one."""
        roles = roles_of(self._people, person)
        row = await self._effect_of(action_id)
        equipment = self.equipment.get(row.workflow)
        spec = None if equipment is None else equipment.spec(row.action)
        await self._refused(
            row,
            reason,
            lambda uow, said: denials.widen(
                uow, action_id, kind=kind(spec, row.action), person=person, roles=roles, days=days,
                reason=said,
            ),
        )  # fmt: skip

    async def lift_denial(self, action_id: str, /, *, person: str, reason: str) -> None:
        """Take a no away, in its case and in all others: an owner's word."""
        row = await self._effect_of(action_id)
        self._people.demand(person, row.workflow, role=OWNER_ROLE)
        await self._refused(
            row,
            reason,
            lambda uow, said: denials.lift(uow, action_id, person=person, reason=said),
        )

    async def _effect_of(self, action_id: str) -> ProposalRow:
        row = await self.read(lambda c: proposals.find(c, action_id))
        said = f"there is no action `{action_id}`"
        if row is None:
            raise NotFoundError(said)
        self._people.demand_own(row.workflow, said)
        return row

    async def _refused(
        self, row: ProposalRow, reason: str, work: Callable[[UnitOfWork, str], None]
    ) -> None:
        said, keep = self._masked(row.case_id, reason)

        def whole(uow: UnitOfWork) -> None:
            keep(uow)
            work(uow, said)

        await self.write(whole, streams=(row.case_id,), lane="control")


def _shown(row: DenialRow) -> Denial:
    return Denial(
        action_id=row.action_id,
        case_id=row.case_id,
        workflow=row.workflow,
        refused=row.kind.partition(":")[2],
        group=row.kind.startswith("group:"),
        subject=row.subject,
        person=row.person,
        at=clock.instant(row.at_us),
        until=clock.instant(row.until_us),
    )
