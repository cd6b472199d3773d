"""Services: programs with a token of their own, what each may do, and who answers for it."""

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from remit.domain import clock
from remit.domain.actor import OWN_SERVICES, Actor
from remit.domain.actor import service as acts
from remit.domain.clock import Clock
from remit.errors import ConflictError, NotEntitledError, NotFoundError, RequestInvalidError
from remit.governance.access import Bound, Roster
from remit.governance.accounts import Accounts
from remit.governance.owners import READ_ONLY_ROLES, Person
from remit.governance.sessions import RandomBytes
from remit.governance.stops import OPERATOR, OWNER
from remit.store.services import ServiceRow, ServiceRows

PREFIX: Final = "remit_svc_"  # by which scanners for secrets and our own masking know a token
TOKEN_BYTES: Final = 32
DAYS_MAX: Final = 365
OVERLAP_MINUTES_MAX: Final = 24 * 60
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
AUDIENCE: Final = re.compile(r"[\w.:/-]{1,200}")


class ServicePermission(StrEnum):
    SUBMIT = "submit"  # bring cases and mails in
    READ = "read"  # read cases
    STOP = "stop"  # set a stop; to lift one is for people
    METRICS = "metrics"  # read the numbers of the process, which are of every workflow


ANY: Final = frozenset(ServicePermission)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program that asks, by a token that is valid now."""

    name: str
    permissions: frozenset[ServicePermission]
    bound: Bound

    @property
    def actor(self) -> Actor:
        """Who the record says it is."""
        return acts(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """One token as `remit services list` shows it; the token itself nobody has but the service."""

    name: str
    id: str
    permissions: tuple[str, ...]
    workflows: tuple[str, ...]
    audience: str
    owner: str
    issued_at: datetime
    expires_at: datetime
    state: str  # valid | expired | revoked | owner


class Services:
    """Issues the tokens of services and knows them again."""

    def __init__(
        self,
        *,
        rows: ServiceRows,
        accounts: Accounts,
        random_bytes: RandomBytes,
        clock: Clock,
        roster: Roster,
        audience: str,
    ) -> None:
        self._rows = rows
        self._accounts = accounts
        self._random_bytes = random_bytes
        self._clock = clock
        self._roster = roster
        self.audience = audience

    # -- the door --------------------------------------------------------------------------------

    def find(self, token: str) -> Service | None:
        """Return the service that a token is of.

        None for what is unknown, over, revoked, for another audience, or of an owner who is not
        active: the answer tells none of these from another.
        """
        digest = _hash(token)
        row = self._rows.find(digest)
        owner = None if row is None else self._owner(row.owner)
        if (
            row is None
            or owner is None
            or not hmac.compare_digest(row.token_hash, digest)
            or not hmac.compare_digest(row.audience.encode(), self.audience.encode())
            or not row.lives(clock.microseconds(self._clock()))
        ):
            return None
        return Service(
            name=row.name,
            permissions=frozenset(map(ServicePermission, row.permissions)) & _at_most(owner),
            bound=Bound(owner=row.owner, workflows=frozenset(row.workflows)),
        )

    # -- what an owner of the machine does -------------------------------------------------------

    def issue(
        self,
        name: str,
        *,
        permissions: Collection[ServicePermission],
        workflows: Collection[str],
        known: Collection[str],
        owner: str,
        days: int,
        audience: str = "",
    ) -> str:
        """Return a new token of a service that has none; it can be shown this once.

        `known` are the workflows that there are. Raises `RequestInvalidError`, `NotFoundError`,
        `NotEntitledError` where it would reach further than its owner, `ConflictError`.
        """
        _check(name, permissions, workflows, known, audience)
        token, now = self._drawn(), self._clock()
        row = ServiceRow(
            token_hash=_hash(token),
            name=name,
            permissions=tuple(sorted(permissions)),
            workflows=tuple(sorted(workflows)),
            audience=audience or self.audience,
            owner=owner,
            issued_us=clock.microseconds(now),
            expires_us=_end(now, days),
        )
        self._demand_owner(row)

        def change(before: list[ServiceRow]) -> list[ServiceRow]:
            if any(one.lives(row.issued_us) for one in before):
                raise ConflictError(
                    f"`{name}` has a token; `remit services rotate {name}` gives another, and "
                    "`remit services revoke` comes before other permissions"
                )
            return [row]

        self._rows.change(name, change)
        return token

    def rotate(self, name: str, *, days: int, overlap_minutes: int, owner: str = "") -> str:
        """Return a new token with the same permissions; the old one ends after the overlap.

        `owner` takes over from the one before. Raises `NotFoundError` where none is valid.
        """
        if not 0 <= overlap_minutes <= OVERLAP_MINUTES_MAX:
            raise RequestInvalidError(f"the overlap is 0 to {OVERLAP_MINUTES_MAX} minutes")
        token, now = self._drawn(), self._clock()
        now_us = clock.microseconds(now)
        ends_us = clock.microseconds(now + timedelta(minutes=overlap_minutes))
        expires_us = _end(now, days)

        def change(before: list[ServiceRow]) -> list[ServiceRow]:
            living = [one for one in before if one.lives(now_us)]
            if not living:
                raise NotFoundError(
                    f"no token of `{name[:100]}` is valid; `remit services issue` gives one"
                )
            made = replace(
                living[-1], token_hash=_hash(token), issued_us=now_us, expires_us=expires_us,
                owner=owner or living[-1].owner,
            )  # fmt: skip
            ending = [replace(one, expires_us=min(one.expires_us, ends_us)) for one in living]
            return [*ending, made]

        # Before the transaction: the accounts are read over another connection.
        for row in change([one for one in self._rows.tokens() if one.name == name])[-1:]:
            self._demand_owner(row)

        self._rows.change(name, change)
        return token

    def revoke(self, name: str) -> int:
        """End every token of a service, from the next request on; return how many were valid."""
        now_us = clock.microseconds(self._clock())
        living: list[ServiceRow] = []

        def change(before: list[ServiceRow]) -> list[ServiceRow]:
            if not before:
                raise NotFoundError(
                    f"there is no service `{name[:100]}`; `remit services list` shows those"
                )
            living[:] = [one for one in before if one.lives(now_us)]
            return [replace(one, revoked_us=now_us) for one in living]

        self._rows.change(name, change)
        return len(living)

    def ending(self, days: int) -> list[TokenView]:
        """Return the newest token of each service whose newest ends within so many days."""
        now_us = clock.microseconds(self._clock())
        newest = {row.name: row for row in self._rows.tokens() if row.lives(now_us)}
        until_us = clock.microseconds(self._clock() + timedelta(days=days))
        return [self._view(row, now_us) for row in newest.values() if row.expires_us <= until_us]

    def listed(self) -> list[TokenView]:
        """Return every token, by service and age."""
        now_us = clock.microseconds(self._clock())
        return [self._view(row, now_us) for row in self._rows.tokens()]

    def close(self) -> None:
        """Close the rows; they open again when they are needed."""
        self._rows.close()

    # -- parts -----------------------------------------------------------------------------------

    def _drawn(self) -> str:
        return PREFIX + self._random_bytes(TOKEN_BYTES).hex()

    def _owner(self, handle: str) -> Person | None:
        person = self._roster.get(handle)
        if person is None or not person.active or self._accounts.is_shut(handle):
            return None
        return person

    def _demand_owner(self, row: ServiceRow) -> None:
        """Raise `NotEntitledError` unless an active person may do all that the token may."""
        owner = self._owner(row.owner)
        if owner is None:
            raise NotEntitledError(
                f"the owner of a service is an active person of `remit.toml`; `{row.owner[:100]}` "
                "is none"
            )
        beyond = sorted(set(row.permissions) - _at_most(owner))
        desk = self._roster.desk(row.owner)
        foreign = [] if desk is None else sorted(set(row.workflows) - desk)
        if beyond or foreign:
            raise NotEntitledError(
                f"`{row.owner}` may not {beyond[0]}, so a service of theirs may not either"
                if beyond
                else f"`{foreign[0]}` is not on the desk of `{row.owner}`; name another owner"
            )

    def _view(self, row: ServiceRow, now_us: int) -> TokenView:
        return TokenView(
            name=row.name,
            id=row.token_hash[:8],
            permissions=row.permissions,
            workflows=row.workflows,
            audience=row.audience,
            owner=row.owner,
            issued_at=clock.instant(row.issued_us),
            expires_at=clock.instant(row.expires_us),
            state=self._state(row, now_us),
        )

    def _state(self, row: ServiceRow, now_us: int) -> str:
        if row.lives(now_us):
            return "valid" if self._owner(row.owner) is not None else "owner"
        return "revoked" if row.revoked_us else "expired"


def _check(
    name: str,
    permissions: Collection[str],
    workflows: Collection[str],
    known: Collection[str],
    audience: str,
) -> None:
    if not NAME.fullmatch(name) or name in OWN_SERVICES:
        raise RequestInvalidError(
            f"`{name[:100]}` cannot name a service: take small letters, digits and dashes, and "
            "no name of a part of Remit"
        )
    if not permissions or not workflows:
        raise RequestInvalidError("a service needs a permission and a workflow; name them")
    if audience and not AUDIENCE.fullmatch(audience):
        raise RequestInvalidError("an audience is a name or an address; leave it out")
    unknown = sorted(set(workflows) - set(known))
    if unknown:
        raise NotFoundError(
            f"there is no workflow `{unknown[0][:100]}`; there are {', '.join(sorted(known))}"
        )


def _at_most(owner: Person) -> frozenset[ServicePermission]:
    """Return what a service may do whose owner has these roles: never more than its owner."""
    reads = {ServicePermission.READ, ServicePermission.METRICS}
    submits = {ServicePermission.SUBMIT} if owner.roles - READ_ONLY_ROLES else set()
    stops = {ServicePermission.STOP} if owner.roles & {OPERATOR, OWNER} else set()
    return frozenset(reads | submits | stops)


def _end(now: datetime, days: int) -> int:
    if not 1 <= days <= DAYS_MAX:
        raise RequestInvalidError(f"a token is valid for 1 to {DAYS_MAX} days")
    return clock.microseconds(now + timedelta(days=days))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
