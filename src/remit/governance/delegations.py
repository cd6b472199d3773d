"""What people lend of their roles while they are away: given, ended, and what it lets one do."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import InvalidOperation
from typing import Final

from remit.domain import actor, clock
from remit.domain.desk_event import DelegationEnded, DelegationGiven
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.money import Money
from remit.errors import NotEntitledError, NotFoundError, RequestInvalidError
from remit.governance.access import EVERYWHERE, Moved, Roster
from remit.governance.owners import roles_of
from remit.store import delegations as rows
from remit.store.delegations import DelegationRow
from remit.store.unit import UnitOfWork

NAME: Final = "delegations"
STREAM: Final = control_stream(NAME)
OWNER: Final = "owner"
STANDING_MAX: Final = 1_000  # lent at one time


# Who, by which rows, for how much, and when -> by giver the roles that they may use.
Lent = Callable[[str, Iterable[DelegationRow], Moved | None, int], dict[str, frozenset[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Whose roles somebody may use, as faces show it."""

    delegation_id: str
    giver: str
    to: str
    workflows: tuple[str, ...]  # empty: all
    begins: datetime
    until: datetime
    cap_minor: int | None
    currency: str
    by: str
    at: datetime

    @property
    def cap(self) -> Money | None:
        """How much may be decided with it; none: as much as the giver may."""
        return None if self.cap_minor is None else Money.of_minor(self.cap_minor, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lending:
    """What somebody would lend."""

    giver: str
    to: str
    until: datetime
    workflows: tuple[str, ...] = ()  # all
    begins: datetime | None = None  # now
    cap: Moved | None = None


def lent(
    people: Roster,
    workflow: str,
    handle: str,
    found: Iterable[DelegationRow],
    moved: Moved | None,
    now_us: int,
) -> dict[str, frozenset[str]]:
    """Return by giver the roles that somebody may use now for a workflow and an amount.

    Only the giver's own roles, as the settings have them now: what was lent is not lent on.
    """
    own = [one for one in found if one.to == handle and one.covers(workflow, moved, now_us)]
    person = people.get(handle) if own else None
    if person is None or not person.active:
        return {}
    able = {one.giver: people.held(one.giver, workflow, moved) for one in own}
    return {giver: roles for giver, roles in sorted(able.items()) if roles}


def give(
    uow: UnitOfWork, delegation_id: str, lending: Lending, *, people: Roster, person: str
) -> None:
    """Lend somebody's roles; by themself, or by an owner of the workflows for who is absent.

    Raises `NotFoundError`, `RequestInvalidError` and `NotEntitledError`.
    """
    now_us = clock.microseconds(uow.now)
    standing = [one for one in rows.every(uow.connection) if one.until_us > now_us]
    if len(standing) >= STANDING_MAX:
        raise RequestInvalidError(
            f"{STANDING_MAX} delegations stand already; end some that are needed no more"
        )
    _check(lending, people, uow.now, standing)
    if person != lending.giver and not _owns(people, person, lending.workflows):
        raise NotEntitledError(
            f"`{person}` may not lend what `{lending.giver}` may do; "
            "only they, or an owner of each workflow that is named, may"
        )
    if person == lending.to:
        raise NotEntitledError(f"`{person}` may not lend to themself; another owner must")
    _append(
        uow,
        DelegationGiven(
            delegation_id=delegation_id,
            giver=lending.giver,
            to=lending.to,
            workflows=tuple(sorted(set(lending.workflows))),
            from_us=clock.microseconds(lending.begins or uow.now),
            until_us=clock.microseconds(lending.until),
            cap_minor=None if lending.cap is None else lending.cap[0],
            currency=None if lending.cap is None else lending.cap[1],
        ),
        person=person,
    )


def end(uow: UnitOfWork, delegation_id: str, *, people: Roster, person: str) -> None:
    """Take back what was lent: who gave or has it, or an owner; votes with it fall.

    Raises `NotFoundError`, `NotEntitledError`.
    """
    roles_of(people, person)
    row = rows.find(uow.connection, delegation_id)
    if row is None:
        raise NotFoundError(f"there is no delegation `{delegation_id[:64]}`; see the list")
    involved = person in {row.giver, row.to, row.by}
    if not involved and not _owns(people, person, tuple(row.workflows)):
        raise NotEntitledError(f"`{person}` may not end this; its giver or an owner may")
    _append(uow, DelegationEnded(delegation_id=delegation_id), person=person)


def cap_of(text: str | None) -> Moved | None:
    """Return how much somebody typed; raises `RequestInvalidError`."""
    if text is None:
        return None
    try:
        money = Money.of(text)
        found = money.minor, money.currency
    except (ValueError, InvalidOperation):
        found = 0, ""
    if found[0] <= 0:  # raised outside the handler, with no chain
        raise RequestInvalidError("`cap`: write an amount and its currency, like `500.00 EUR`")
    return found


def shown(row: DelegationRow) -> Delegation:
    """Return a row as faces show it."""
    return Delegation(
        delegation_id=row.delegation_id,
        giver=row.giver,
        to=row.to,
        workflows=tuple(sorted(row.workflows)),
        begins=clock.instant(row.from_us),
        until=clock.instant(row.until_us),
        cap_minor=None if row.cap is None else row.cap[0],
        currency="" if row.cap is None else row.cap[1],
        by=row.by,
        at=clock.instant(row.at_us),
    )


# -- parts ---------------------------------------------------------------------------------------


def _check(
    lending: Lending, people: Roster, now: datetime, standing: Sequence[DelegationRow]
) -> None:
    for handle in (lending.giver, lending.to):
        if handle not in people or not people[handle].active:
            near = difflib.get_close_matches(handle, sorted(people), n=3)
            hint = f"; did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            raise NotFoundError(f"there is nobody active called `{handle[:64]}`{hint}")
    if lending.giver == lending.to:
        raise RequestInvalidError("`to`: nobody lends to themself; name another person")
    if lending.until <= max(now, lending.begins or now):
        raise RequestInvalidError(
            "`until`: this period is over before it begins; name a later end"
        )
    own = _own_roles(people, lending)
    if not own:
        if any(one.to == lending.giver for one in standing):
            raise RequestInvalidError(
                f"`giver`: what was lent to `{lending.giver}` is not lent on; ask who has the role"
            )
        raise RequestInvalidError(f"`giver`: `{lending.giver}` has no role there to lend")
    caps = [people.rights.roles.get(name, EVERYWHERE).cap for name in own]
    if lending.cap is None or None in caps:
        return
    most = [cap for cap in caps if cap is not None and cap[1] == lending.cap[1]]
    if not most or lending.cap[0] > max(most)[0]:
        raise RequestInvalidError(f"`cap`: it is more than `{lending.giver}` may decide on alone")


def _own_roles(people: Roster, lending: Lending) -> frozenset[str]:
    if not lending.workflows:
        return people[lending.giver].roles
    every = [people.held(lending.giver, workflow) for workflow in lending.workflows]
    return frozenset().union(*every) if all(every) else frozenset()


def _owns(people: Roster, person: str, workflows: tuple[str, ...]) -> bool:
    """Is somebody an owner of each of these workflows? Of all together nobody is."""
    roles_of(people, person)
    return bool(workflows) and all(
        person in people.rights.owners.get(workflow, frozenset())
        or OWNER in people.held(person, workflow)
        for workflow in workflows
    )


def _append(uow: UnitOfWork, event: DelegationGiven | DelegationEnded, *, person: str) -> None:
    uow.append(Draft(event=event, case_id=STREAM, workflow=NAME, actor=actor.person(person)))
