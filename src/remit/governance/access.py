"""What a person may see and do: asked by the API, the console and the gate, always of now."""

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType

from remit.errors import NotEntitledError, NotFoundError
from remit.governance.owners import Person, roles_of

Moved = tuple[int, str]  # minor units and currency
Entitled = Callable[[str, Moved | None], frozenset[str]]  # whose roles, for how much money


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """How far a role reaches: `[roles.NAME]`; a role without a table reaches everywhere."""

    workflows: frozenset[str] = frozenset()  # empty: all
    cap: Moved | None = None

    def reaches(self, workflow: str) -> bool:
        """Is this workflow on the desk of whoever has the role?"""
        return not self.workflows or workflow in self.workflows

    def covers(self, moved: Moved | None) -> bool:
        """May whoever has the role decide on so much? Another currency is more than any cap."""
        if self.cap is None or moved is None:
            return True
        return moved[1] == self.cap[1] and moved[0] <= self.cap[0]


EVERYWHERE = Role()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """How far a program reaches that a person answers for."""

    owner: str
    workflows: frozenset[str]


Asking = str | Bound | None  # a person's handle, a program, or the machine itself

# Whoever a request comes from, while it is answered.
ASKING: ContextVar[Asking] = ContextVar("asking", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """Who there is and what they may, as the settings say it at one time."""

    people: Mapping[str, Person]
    roles: Mapping[str, Role] = field(default_factory=dict)
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)  # by workflow


class Roster(Mapping[str, Person]):
    """Everybody by handle, as the settings have it now; and what each may.

    `fresh` returns other rights where the settings changed, None where they did not: it is asked
    at each look, so that a right that was taken away is gone at the next gate.
    """

    def __init__(self, rights: Rights, *, fresh: Callable[[], Rights | None]) -> None:
        self._rights = rights
        self._fresh = fresh

    @property
    def rights(self) -> Rights:
        """The rights of now."""
        found = self._fresh()
        if found is not None:
            self._rights = found
        return self._rights

    def __getitem__(self, handle: str) -> Person:
        return self.rights.people[handle]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rights.people)

    def __len__(self) -> int:
        return len(self.rights.people)

    # -- what somebody may -----------------------------------------------------------------------

    def held(self, handle: str, workflow: str, moved: Moved | None = None) -> frozenset[str]:
        """Return the roles that somebody holds for a workflow and an amount; none for nobody."""
        rights = self.rights
        person = rights.people.get(handle)
        if person is None or not person.active:
            return frozenset()
        return frozenset(
            name
            for name in person.roles
            if (role := rights.roles.get(name, EVERYWHERE)).reaches(workflow)
            and role.covers(moved)
        )

    def of(self, workflow: str) -> Entitled:
        """Return who holds which roles for one workflow: what the gate counts votes by."""
        return lambda handle, moved: self.held(handle, workflow, moved)

    def able(self, workflow: str, role: str, moved: Moved | None = None) -> list[str]:
        """Return who may decide something that needs this role, by handle."""
        return [
            handle
            for handle in sorted(self.rights.people)
            if role in self.held(handle, workflow, moved)
        ]

    def desk(self, handle: str) -> frozenset[str] | None:
        """Return the workflows on somebody's desk; None for all of them.

        Raises `NotEntitledError` for somebody unknown or not active.
        """
        rights = self.rights
        roles_of(rights.people, handle)
        found = {name for name, handles in rights.owners.items() if handle in handles}
        for name in rights.people[handle].roles:
            role = rights.roles.get(name, EVERYWHERE)
            if not role.workflows:
                return None
            found |= role.workflows
        return frozenset(found)

    def sees(self, handle: str, workflow: str) -> bool:
        """Is this workflow on somebody's desk?"""
        desk = self.desk(handle)
        return desk is None or workflow in desk

    # -- who asks --------------------------------------------------------------------------------

    def own(self) -> frozenset[str] | None:
        """Return the workflows that whoever asks may see; None for all of them.

        A face sets `ASKING` for each request (`remit.api.guard`); where nobody did it is the
        machine itself that asks: a command, a run.
        """
        match ASKING.get():
            case None:
                return None
            case Bound() as bound:
                desk = self.desk(bound.owner)
                return bound.workflows if desk is None else bound.workflows & desk
            case handle:
                return self.desk(handle)

    def within(self, workflow: str | None) -> str | frozenset[str] | None:
        """Return what a list that was asked for one workflow, or all, may cover."""
        own = self.own()
        if own is None:
            return workflow
        return own if workflow is None else own & {workflow}

    def demand_own(self, workflow: str, said: str) -> None:
        """Raise `NotFoundError` with that sentence where whoever asks may not see a workflow."""
        own = self.own()
        if own is not None and workflow not in own:
            raise NotFoundError(said)

    def demand_sight(self, handle: str | None, workflow: str, said: str) -> None:
        """Raise `NotFoundError` with that sentence for a record of another desk.

        It is what is said of a record that does not exist. Nobody is the machine itself.
        """
        if handle is not None and not self.sees(handle, workflow):
            raise NotFoundError(said)

    def demand(
        self, handle: str, workflow: str, *, role: str | None = None, moved: Moved | None = None
    ) -> frozenset[str]:
        """Return the roles that somebody holds for a workflow and an amount.

        Raises `NotEntitledError` where that is none, or not the one that is needed.
        """
        roles_of(self.rights.people, handle)
        held = self.held(handle, workflow, moved)
        if role is not None and role not in held:
            beyond = moved is not None and role in self.held(handle, workflow)
            raise NotEntitledError(
                f"`{handle}` may not do this: it is more than the cap of the role {role}"
                if beyond
                else f"`{handle}` may not do this; it needs the role {role} for `{workflow}`"
            )
        return held


def everybody(people: Mapping[str, Person]) -> Roster:
    """Return a roster of people whose roles reach everywhere and never change."""
    return Roster(Rights(people=MappingProxyType(dict(people))), fresh=lambda: None)
