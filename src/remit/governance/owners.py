"""People: who may decide, and who answers for what."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from remit.errors import NotEntitledError, SettingsError

# Roles that read everything and change nothing.
READ_ONLY_ROLES = frozenset({"auditor"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account."""

    handle: str
    name: str
    roles: frozenset[str]
    active: bool = True


def roles_of(people: Mapping[str, Person], handle: str) -> frozenset[str]:
    """Return what an active person may do.

    Raises `NotEntitledError` for somebody unknown or not active.
    """
    person = people.get(handle)
    if person is None or not person.active:
        raise NotEntitledError(
            f"`{handle}` is nobody who may decide here; sign in as somebody else"
        )
    return person.roles


def require(people: Mapping[str, Person], handle: str, role: str) -> None:
    """Raise `NotEntitledError` unless this person has that role."""
    if role not in roles_of(people, handle):
        raise NotEntitledError(f"`{handle}` may not do this; it needs the role {role}")


def check(named: Mapping[str, str], people: Collection[str]) -> None:
    """Raise `SettingsError` for an owner who is nobody; `named` are handles by role."""
    for role, handle in named.items():
        if handle not in people:
            raise SettingsError(
                f"the owner of {role} is `{handle}`, who is nobody; add `[people.{handle}]`"
            )
