"""Who decides what: people, how far their roles reach, and roles that nobody has."""

from collections.abc import Mapping
from dataclasses import dataclass

from remit.domain.money import Money
from remit.governance.access import EVERYWHERE, Role, Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One role of somebody, and how far it reaches."""

    role: str
    workflows: tuple[str, ...]  # empty: all
    cap: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Somebody, with what they may decide."""

    handle: str
    name: str
    active: bool
    reaches: tuple[Reach, ...]
    owns: tuple[str, ...]  # workflows


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacancy:
    """A role that approvals of a workflow need and nobody has."""

    workflow: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deciders:
    """Everybody, what nobody decides, and the workflows for which roles can be lent."""

    people: tuple[Decider, ...]
    vacant: tuple[Vacancy, ...]
    workflows: tuple[str, ...]


def deciders(people: Roster, needed: Mapping[str, str]) -> Deciders:
    """Return who decides what; `needed` is by workflow the role that its approvals need.

    Of workflows that whoever asks may not see, nothing is told.
    """
    own = people.own()
    seen = sorted(name for name in needed if own is None or name in own)
    rights = people.rights
    return Deciders(
        people=tuple(
            Decider(
                handle=handle,
                name=person.name,
                active=person.active,
                reaches=tuple(
                    _reach(role, rights.roles.get(role, EVERYWHERE), own)
                    for role in sorted(person.roles)
                    if _is_told(rights.roles.get(role, EVERYWHERE), own)
                ),
                owns=tuple(name for name in seen if handle in rights.owners.get(name, ())),
            )
            for handle, person in sorted(rights.people.items())
        ),
        vacant=tuple(
            Vacancy(workflow=name, role=needed[name])
            for name in seen
            if not people.able(name, needed[name])
        ),
        workflows=tuple(seen),
    )


def _reach(name: str, role: Role, own: frozenset[str] | None) -> Reach:
    shown = role.workflows if own is None else role.workflows & own
    return Reach(
        role=name,
        workflows=tuple(sorted(shown)),
        cap=None if role.cap is None else Money.of_minor(*role.cap),
    )


def _is_told(role: Role, own: frozenset[str] | None) -> bool:
    return own is None or not role.workflows or bool(role.workflows & own)
