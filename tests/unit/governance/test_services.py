"""Tokens of services: bound, for a time, never more than their owner, known by a hash alone."""

import ast
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from remit.domain.actor import OWN_SERVICES
from remit.errors import ConflictError, NotEntitledError, NotFoundError, RequestInvalidError
from remit.governance.access import Rights, Role, Roster
from remit.governance.owners import Person
from remit.governance.services import Bound, Service, ServicePermission, Services
from remit.store.services import ServiceRows, service_rows
from remit.testing import FrozenClock
from tests.accounts import in_memory, services, tokens_in_memory

SOURCE = Path(__file__).parents[3] / "src" / "remit"
SUBMIT, READ = ServicePermission.SUBMIT, ServicePermission.READ
STOP, METRICS = ServicePermission.STOP, ServicePermission.METRICS
DESKS = ("refund-desk", "far-desk")


START = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(START)


@pytest.fixture
def people() -> dict[str, Person]:
    """Who there is; a test may change it."""
    made = {
        "maria": frozenset({"owner"}), "near": frozenset({"approver"}),
        "audit": frozenset({"auditor"}),
    }  # fmt: skip
    return {name: Person(handle=name, name=name, roles=roles) for name, roles in made.items()}


@pytest.fixture
def rows() -> ServiceRows:
    return tokens_in_memory()


@pytest.fixture
def known(people: dict[str, Person], rows: ServiceRows, clock: FrozenClock) -> Services:
    roles = {"approver": Role(workflows=frozenset({"refund-desk"}))}
    rights: Callable[[], Rights] = lambda: Rights(people=people, roles=roles)  # noqa: E731
    return services(Roster(rights(), fresh=rights), clock=clock, rows=rows)


def _issue(known: Services, name: str = "crm", **changed: object) -> str:
    given = {
        "permissions": [SUBMIT], "workflows": ["refund-desk"], "known": DESKS, "owner": "maria",
        "days": 30, **changed,
    }  # fmt: skip
    return known.issue(name, **given)  # type: ignore[arg-type]  # each test changes some


def test_a_token_is_known_again_with_what_it_may_and_where(known: Services) -> None:
    token = _issue(known, permissions=[SUBMIT, READ])
    assert re.fullmatch(r"remit_svc_[0-9a-f]{64}", token)
    assert known.find(token) == Service(
        name="crm",
        permissions=frozenset({SUBMIT, READ}),
        bound=Bound(owner="maria", workflows=frozenset({"refund-desk"})),
    )


@pytest.mark.parametrize("change", [str.upper, lambda t: t[:-1], lambda t: t + "0", lambda t: ""])
def test_no_other_text_is_that_token(known: Services, change: Callable[[str], str]) -> None:
    assert known.find(change(_issue(known))) is None


def test_what_is_kept_is_a_hash_and_what_is_listed_is_less(
    tmp_path: Path, people: dict[str, Person], clock: FrozenClock
) -> None:
    rows = service_rows(tmp_path, url="sqlite:///x")
    roster = Roster(Rights(people=people), fresh=lambda: None)
    token = _issue(services(roster, clock=clock, rows=rows))
    rows.close()
    (file,) = tmp_path.glob("accounts.sqlite")
    assert token.removeprefix("remit_svc_").encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    again = services(roster, clock=clock, rows=service_rows(tmp_path, url="sqlite:///x"))
    assert again.find(token) is not None
    assert token not in str(again.listed())
    again.close()


def test_it_is_over_at_its_end_and_not_before(known: Services, clock: FrozenClock) -> None:
    token = _issue(known, days=1)
    clock.advance(timedelta(days=1, microseconds=-1).total_seconds())
    assert known.find(token) is not None
    clock.advance(timedelta(microseconds=1).total_seconds())
    assert known.find(token) is None
    assert [one.state for one in known.listed()] == ["expired"]


def test_it_is_for_one_audience(
    known: Services, rows: ServiceRows, people: dict[str, Person], clock: FrozenClock
) -> None:
    """A copy of the same accounts that calls itself something else lets nobody in with it."""
    roster = Roster(Rights(people=people), fresh=lambda: None)
    copy = services(roster, clock=clock, rows=rows, audience="staging")
    ours, theirs = _issue(known), _issue(known, "other", audience="staging")
    assert (known.find(ours) is None, copy.find(ours) is None) == (False, True)
    assert (known.find(theirs) is None, copy.find(theirs) is None) == (True, False)


def test_the_old_one_lives_for_the_overlap_beside_the_new_one(
    known: Services, clock: FrozenClock
) -> None:
    old = _issue(known, permissions=[SUBMIT, READ])
    new = known.rotate("crm", days=30, overlap_minutes=10)
    assert known.find(new) == known.find(old) is not None
    clock.advance(timedelta(minutes=10).total_seconds())
    assert (known.find(old), known.find(new) is None) == (None, False)
    newest = known.rotate("crm", days=30, overlap_minutes=0)
    assert (known.find(new), known.find(newest) is None) == (None, False)


def test_a_rotation_prolongs_no_old_token(known: Services, clock: FrozenClock) -> None:
    old = _issue(known, days=1)
    clock.advance(timedelta(hours=23, minutes=55).total_seconds())
    known.rotate("crm", days=30, overlap_minutes=60)
    clock.advance(timedelta(minutes=5).total_seconds())
    assert known.find(old) is None


def test_a_service_is_handed_to_another_owner_by_rotation(
    known: Services, people: dict[str, Person]
) -> None:
    _issue(known)
    token = known.rotate("crm", days=30, overlap_minutes=0, owner="near")
    people["maria"] = replace(people["maria"], active=False)
    assert known.find(token).bound.owner == "near"


def test_a_service_whose_newest_token_ends_soon_is_named(
    known: Services, clock: FrozenClock
) -> None:
    """One that was rotated, revoked or is over already is not."""
    for name, days in (("soon", 7), ("later", 8), ("rotated", 7), ("gone", 7), ("over", 1)):
        _issue(known, name, days=days)
    known.rotate("rotated", days=30, overlap_minutes=60)
    known.revoke("gone")
    clock.advance(timedelta(days=1).total_seconds())
    assert [one.name for one in known.ending(6)] == ["soon"]


def test_every_token_of_a_service_is_revoked_at_once(known: Services) -> None:
    tokens = [_issue(known), known.rotate("crm", days=30, overlap_minutes=60)]
    other = _issue(known, "bot")
    assert known.revoke("crm") == 2
    assert [known.find(one) for one in tokens] == [None, None]
    assert known.find(other) is not None
    assert known.revoke("crm") == 0
    with pytest.raises(NotFoundError, match="no token of `crm` is valid"):
        known.rotate("crm", days=30, overlap_minutes=0)
    assert known.find(_issue(known)) is not None


def test_a_service_ends_with_its_owner(
    known: Services, people: dict[str, Person], clock: FrozenClock
) -> None:
    token = _issue(known)
    people["maria"] = replace(people["maria"], active=False)
    assert known.find(token) is None
    assert [one.state for one in known.listed()] == ["owner"]
    people["maria"] = replace(people["maria"], active=True)
    assert known.find(token) is not None
    accounts = in_memory()
    shut = services(known._roster, clock=clock, accounts=accounts, rows=known._rows)
    shut._accounts.deactivate("maria")
    assert shut.find(token) is None


def test_a_service_may_never_more_than_its_owner_may_now(
    known: Services, people: dict[str, Person]
) -> None:
    token = _issue(known, permissions=list(ServicePermission))
    people["maria"] = replace(people["maria"], roles=frozenset({"approver"}))
    assert known.find(token).permissions == {SUBMIT, READ, METRICS}
    people["maria"] = replace(people["maria"], roles=frozenset({"auditor"}))
    assert known.find(token).permissions == {READ, METRICS}


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"name": "CRM"}, RequestInvalidError, "cannot name a service"),
        ({"name": "clock"}, RequestInvalidError, "no name of a part of Remit"),
        ({"permissions": []}, RequestInvalidError, "needs a permission"),
        ({"workflows": []}, RequestInvalidError, "needs a permission and a workflow"),
        ({"workflows": ["nowhere"]}, NotFoundError, "there is no workflow `nowhere`"),
        ({"days": 366}, RequestInvalidError, "1 to 365 days"),
        ({"days": 0}, RequestInvalidError, "1 to 365 days"),
        ({"audience": "a b"}, RequestInvalidError, "an audience is"),
        ({"owner": "nobody"}, NotEntitledError, "`nobody` is none"),
        ({"owner": "near", "workflows": ["far-desk"]}, NotEntitledError, "not on the desk of"),
        ({"owner": "near", "permissions": [STOP]}, NotEntitledError, "`near` may not stop"),
        ({"owner": "audit"}, NotEntitledError, "`audit` may not submit"),
    ],
)
def test_what_is_asked_too_much_is_refused_and_leaves_nothing(
    known: Services, changed: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        _issue(known, **{"name": "crm", **changed})  # type: ignore[arg-type]  # as above
    assert known.listed() == []


def test_a_second_first_token_is_refused(known: Services) -> None:
    _issue(known)
    with pytest.raises(ConflictError, match="remit services rotate crm"):
        _issue(known, permissions=[READ])
    with pytest.raises(RequestInvalidError, match="overlap"):
        known.rotate("crm", days=1, overlap_minutes=1441)
    with pytest.raises(NotFoundError, match="no service `bot`"):
        known.revoke("bot")


def test_no_service_can_be_named_as_a_part_of_remit() -> None:
    """Whoever the record calls a service by a fixed name is one of ours, and all are listed."""
    ours = {
        argument.value
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"service", "actor.service"}
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }
    assert ours == OWN_SERVICES
