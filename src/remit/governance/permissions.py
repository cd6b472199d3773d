"""What a route of a face demands of whoever is behind it; every route declares one."""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar, assert_never

from remit.errors import NotEntitledError, NotSignedInError, PersonNeededError
from remit.governance.owners import READ_ONLY_ROLES
from remit.governance.services import Service, ServicePermission
from remit.governance.sessions import Session

Endpoint = TypeVar("Endpoint", bound=Callable[..., object])


class Permission(StrEnum):
    PUBLIC = "public"  # nobody need be signed in
    READ = "read"  # any active person
    SELF = "self"  # changes nothing but one's own session and display
    DECIDE = "decide"  # give a verdict; limits and roles are judged where it is recorded
    OPERATE = "operate"  # work the quarantine, take and hand back cases, undo
    SUBMIT = "submit"  # bring a case in


def needs(
    permission: Permission,
    *,
    fresh: bool = False,
    services: frozenset[ServicePermission] = frozenset(),
) -> Callable[[Endpoint], Endpoint]:
    """Declare what an endpoint demands; `fresh` is a sign-in of the last minutes.

    It is for people alone, but for services with one of the permissions in `services`.
    """

    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.permission = permission  # type: ignore[attr-defined]  # read by `permission_of`
        endpoint.fresh = fresh  # type: ignore[attr-defined]  # read by `is_fresh`
        endpoint.services = services  # type: ignore[attr-defined]  # read by `services_of`
        return endpoint

    return declare


def permission_of(endpoint: object) -> Permission | None:
    """Return what an endpoint declared, or None."""
    found = getattr(endpoint, "permission", None)
    return found if isinstance(found, Permission) else None


def is_fresh(endpoint: object) -> bool:
    """Return whether an endpoint demands that somebody proved lately who they are."""
    return getattr(endpoint, "fresh", False) is True


def services_of(endpoint: object) -> frozenset[ServicePermission]:
    """Return with which permissions a service may ask an endpoint: none, unless it says so."""
    found = getattr(endpoint, "services", None)
    return found if isinstance(found, frozenset) else frozenset()


def demand_service(admitted: frozenset[ServicePermission], service: Service) -> None:
    """Raise `PersonNeededError` or `NotEntitledError` unless a service with these may ask."""
    if not admitted:
        raise PersonNeededError(
            f"this needs a person's session, and `{service.name}` is a service; a person does it "
            "in the console"
        )
    if not admitted & service.permissions:
        raise NotEntitledError(
            f"the token of `{service.name}` lacks the permission {' or '.join(sorted(admitted))}; "
            "`remit services` issues another"
        )


def demand(permission: Permission, session: Session | None) -> None:
    """Raise `NotSignedInError` or `NotEntitledError` unless this session has the permission."""
    match permission:
        case Permission.PUBLIC:
            return
        case Permission.READ | Permission.SELF:
            _signed_in(session)
        case Permission.DECIDE | Permission.OPERATE | Permission.SUBMIT:
            person = _signed_in(session).person
            if not person.roles - READ_ONLY_ROLES:
                roles = ", ".join(sorted(person.roles)) or "no role"
                raise NotEntitledError(
                    f"`{person.handle}` has {roles} and may read only; ask the workflow's owner"
                )
        case _:
            assert_never(permission)


def _signed_in(session: Session | None) -> Session:
    if session is None:
        raise NotSignedInError("nobody is signed in here, or not any more; sign in")
    return session
