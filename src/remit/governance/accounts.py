"""Accounts: who has a password, and what an owner of the machine may change about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from remit.domain import clock
from remit.domain.clock import Clock
from remit.errors import ConflictError, NotFoundError
from remit.governance import passwords
from remit.governance.owners import Person
from remit.store.accounts import AccountRow, AccountRows


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """One account as `remit people list` shows it."""

    handle: str
    name: str
    roles: tuple[str, ...]
    password: bool
    active: bool
    sessions: int
    changed_at: datetime | None


class Accounts:
    """The accounts of people who stand in `remit.toml`."""

    def __init__(
        self, rows: AccountRows, *, clock: Clock, people: Callable[[], Mapping[str, Person]]
    ) -> None:
        self._rows = rows
        self._clock = clock
        self._people = people

    def any(self) -> bool:
        """Has anybody a password?"""
        return bool(self._rows.accounts())

    def has(self, handle: str) -> bool:
        """Has this person an account, active or not?"""
        return self._rows.account(handle) is not None

    def add(self, handle: str, password: str) -> None:
        """Give somebody of `remit.toml` a password; raises `NotFoundError`, `ConflictError`."""
        self._known(handle)
        if self.has(handle):
            raise ConflictError(
                f"`{handle}` has an account; change its password with `remit people password`"
            )
        self._put(handle, password)

    def change(self, handle: str, password: str) -> None:
        """Set a new password and make the account active; every session of the person ends."""
        self._known(handle)
        if not self.has(handle):
            raise NotFoundError(f"`{handle}` has no account; add it with `remit people add`")
        self._put(handle, password)

    def deactivate(self, handle: str) -> None:
        """Let a person sign in no more, by any door; every session ends."""
        found = self._rows.account(handle)
        if found is None:
            self._known(handle)
        kept = found or AccountRow(handle=handle, password="", active=False, changed_us=0)
        self._rows.put(replace(kept, active=False, changed_us=clock.microseconds(self._clock())))

    def is_shut(self, handle: str) -> bool:
        """Was this account deactivated?"""
        found = self._rows.account(handle)
        return found is not None and not found.active

    def listed(self) -> list[AccountView]:
        """Return everybody of `remit.toml`, and accounts that stand there no more."""
        rows = {row.handle: row for row in self._rows.accounts()}
        living = self._rows.sessions(now_us=clock.microseconds(self._clock()))
        people = self._people()
        return [
            AccountView(
                handle=handle,
                name=people[handle].name if handle in people else "",
                roles=tuple(sorted(people[handle].roles)) if handle in people else (),
                password=handle in rows and rows[handle].password != "",
                active=handle in people
                and people[handle].active
                and (handle not in rows or rows[handle].active),
                sessions=sum(one.handle == handle for one in living),
                changed_at=clock.instant(rows[handle].changed_us) if handle in rows else None,
            )
            for handle in sorted({*people, *rows})
        ]

    def sign_out(self, handle: str) -> int:
        """End every session of a person; return how many there were."""
        return self._rows.end_all(handle)

    def _known(self, handle: str) -> None:
        if handle not in self._people():
            raise NotFoundError(
                f"`{handle}` stands in no `remit.toml`; write `[people.{handle}]` with a name "
                "and roles first"
            )

    def _put(self, handle: str, password: str) -> None:
        self._rows.put(
            AccountRow(
                handle=handle,
                password=passwords.hashed(password, handle=handle),
                active=True,
                changed_us=clock.microseconds(self._clock()),
            )
        )
