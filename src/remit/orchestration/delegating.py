"""What people lend of their roles: listed, given and ended at a running Remit."""

from remit.domain import clock
from remit.errors import NotFoundError
from remit.governance import deciders, delegations
from remit.governance.deciders import Deciders
from remit.governance.delegations import Delegation, Lending
from remit.governance.owners import roles_of
from remit.orchestration.desk import Desk
from remit.store import delegations as rows


class Delegating(Desk):
    """The part of a running Remit at which people lend their roles."""

    def deciders(self, *, person: str) -> Deciders:
        """Return who decides what, and what nobody does."""
        roles_of(self._people, person)
        needed = {name: one.desk.approver_role for name, one in self.equipment.items()}
        return deciders.deciders(self._people, needed)

    def delegations(self, *, person: str) -> tuple[Delegation, ...]:
        """Return what is lent today or later, the newest first."""
        roles_of(self._people, person)
        now_us = clock.microseconds(self.now())
        found, own = self.database.read(rows.every), self._people.own()
        return tuple(
            delegations.shown(one)
            for one in found
            if one.until_us > now_us
            and (
                own is None
                or not one.workflows
                or one.workflows & own
                or person in {one.giver, one.to, one.by}
            )
        )

    async def delegate(self, lending: Lending, /, *, person: str) -> str:
        """Lend somebody's roles for a while; return the id of the delegation."""
        roles_of(self._people, person)
        for name in lending.workflows:
            if name not in self.equipment:
                raise NotFoundError(f"there is no workflow `{name[:64]}`")
        made = self.runs.new_id()
        await self.write(
            lambda uow: delegations.give(uow, made, lending, people=self._people, person=person),
            streams=(delegations.STREAM,),
            lane="control",
        )
        return made

    async def end_delegation(self, delegation_id: str, /, *, person: str) -> None:
        """Take back what was lent; a yes that was said with it falls at the second gate."""
        await self.write(
            lambda uow: delegations.end(uow, delegation_id, people=self._people, person=person),
            streams=(delegations.STREAM,),
            lane="control",
        )
