"""What a role reaches, which desks somebody is on, and rights that follow the settings."""

import pytest

from remit.errors import NotEntitledError, NotFoundError
from remit.governance.access import Rights, Role, Roster, everybody
from remit.governance.owners import Person


def _person(handle: str, *roles: str, active: bool = True) -> Person:
    return Person(handle=handle, name=handle.title(), roles=frozenset(roles), active=active)


RIGHTS = Rights(
    people={
        "olga": _person("olga", "owner"),
        "rosa": _person("rosa", "payer"),
        "paul": _person("paul", "payer", "clerk"),
        "gone": _person("gone", "owner", "payer", active=False),
        "ines": _person("ines"),
    },
    roles={
        "payer": Role(workflows=frozenset({"refunds"}), cap=(5_000, "EUR")),
        "clerk": Role(workflows=frozenset({"returns"})),
    },
    owners={"returns": frozenset({"ines"})},
)


@pytest.fixture
def roster() -> Roster:
    return Roster(RIGHTS, fresh=lambda: None)


def test_a_role_reaches_its_workflows_and_its_cap(roster: Roster) -> None:
    assert roster.held("rosa", "refunds") == {"payer"}
    assert roster.held("rosa", "refunds", (5_000, "EUR")) == {"payer"}
    assert roster.held("rosa", "refunds", (5_001, "EUR")) == frozenset()
    assert roster.held("rosa", "refunds", (1, "USD")) == frozenset()
    assert roster.held("rosa", "returns") == frozenset()
    assert roster.held("olga", "returns", (10**9, "EUR")) == {"owner"}
    assert roster.held("gone", "refunds") == frozenset()
    assert roster.held("mallory", "refunds") == frozenset()


def test_a_desk_is_what_roles_reach_and_what_somebody_owns(roster: Roster) -> None:
    assert roster.desk("olga") is None
    assert roster.desk("rosa") == {"refunds"}
    assert roster.desk("paul") == {"refunds", "returns"}
    assert roster.desk("ines") == {"returns"}
    for nobody in ("gone", "mallory"):
        with pytest.raises(NotEntitledError):
            roster.desk(nobody)


def test_another_desk_is_as_if_it_did_not_exist(roster: Roster) -> None:
    roster.demand_sight("rosa", "refunds", "no such case")
    roster.demand_sight(None, "returns", "no such case")
    with pytest.raises(NotFoundError, match="no such case"):
        roster.demand_sight("rosa", "returns", "no such case")


def test_who_may_decide_is_known_before_it_is_asked(roster: Roster) -> None:
    assert roster.able("refunds", "payer") == ["paul", "rosa"]
    assert roster.able("refunds", "payer", (5_001, "EUR")) == []
    assert roster.demand("rosa", "refunds", role="payer", moved=(10, "EUR")) == {"payer"}
    with pytest.raises(NotEntitledError, match="cap of the role payer"):
        roster.demand("rosa", "refunds", role="payer", moved=(5_001, "EUR"))
    with pytest.raises(NotEntitledError, match="needs the role owner for `refunds`"):
        roster.demand("rosa", "refunds", role="owner")


def test_rights_are_those_of_the_last_look() -> None:
    now = [RIGHTS]
    roster = Roster(RIGHTS, fresh=lambda: now[0])
    entitled = roster.of("refunds")
    assert entitled("rosa", None) == {"payer"}
    now[0] = Rights(people={"rosa": _person("rosa")})
    assert entitled("rosa", None) == frozenset()
    assert list(roster) == ["rosa"]
    assert everybody(RIGHTS.people).desk("rosa") is None
