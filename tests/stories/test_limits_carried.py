"""Lower limits carry what a cell has earned; what they may let pass beside begins anew."""

from typing import Any

import pytest

from remit.governance.limit_proof import ComparedLimits
from remit.ledger import projections
from tests.projects import NAME, Small
from tests.sounding import reverified
from tests.stories import test_carried as carried
from tests.stories.test_carried import BODY, CARRIED, CELL, GIVE, SETTINGS, chain, gives, told

pytestmark = pytest.mark.anyio

LIMIT = """
[[limits]]
name = "{name}"
action = "small-desk.give"
measure = "money"
per = "case"
window_seconds = 86400
max = "{most}.00 EUR"
owner = "{owner}"
"""


def limit(most: int, *, name: str = "each", owner: str = "olga") -> str:
    return LIMIT.format(name=name, most=most, owner=owner)


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Any) -> Small:
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    found = carried.made(tmp_path, database)
    found.settings = SETTINGS + limit(60)
    return found


async def lived(small: Small) -> str:
    """Have four cases decided, one of them wrong; return the behaviour they were made under."""
    async with small.open(BODY, more=GIVE) as remit:
        await gives(remit, small, 50, 50, 20, 30, wrong=1)
        assert len(told(remit, "policy:limits:loaded")) == 1
        return remit.equipment[NAME].fingerprint


def shown(remit: Any) -> tuple[int, int]:
    found = remit.scorecard(CELL).counted
    assert found is not None
    return found.rows, found.wrong


async def test_a_lower_limit_carries_and_drops_what_it_holds(small: Small) -> None:
    before = await lived(small)
    small.settings = SETTINGS + limit(45)
    async with small.open(BODY, more=GIVE) as remit:
        assert remit.equipment[NAME].fingerprint != before
        (entry,) = told(remit, CARRIED)
        assert (entry.body["proof"], entry.body["rows"]) == ("limits", 4)
        assert (entry.body["dropped"], entry.body["stayed"]) == (1, 1)
        assert entry.body["rules_before"] == entry.body["rules_after"]
        assert shown(remit) == (3, 1)
        assert [one.before for one in chain(remit)] == [before]
        (view,) = remit.cell(CELL).carried
        assert (view.by, view.dropped, view.stayed) == ("", 1, 1)
        assert projections.check(remit.database).result == "equal"
        assert reverified(remit).told["carried evidence"] == 1
    async with small.open(BODY, more=GIVE) as remit:  # the same limits are no news
        assert len(told(remit, "policy:limits:loaded")) == 2
        assert len(told(remit, CARRIED)) == 1


@pytest.mark.parametrize(
    "settings", [limit(80), "", limit(60) + limit(90, name="other"), limit(60, name="renamed")]
)
async def test_limits_that_may_allow_more_or_count_anew_begin_anew(
    tmp_path: Any, settings: str
) -> None:
    small = carried.made(tmp_path)
    small.settings = SETTINGS + limit(60)
    await lived(small)
    small.settings = SETTINGS + settings
    async with small.open(BODY, more=GIVE) as remit:
        assert told(remit, CARRIED) == []
        assert shown(remit) == (0, 0)


async def test_another_owner_of_a_limit_is_the_same_behaviour(tmp_path: Any) -> None:
    small = carried.made(tmp_path)
    small.settings = SETTINGS + limit(60)
    before = await lived(small)
    small.settings = SETTINGS + limit(60, owner="paul")
    async with small.open(BODY, more=GIVE) as remit:
        assert remit.equipment[NAME].fingerprint == before
        assert shown(remit) == (4, 1)


async def test_a_carry_to_a_higher_limit_is_found(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = carried.made(tmp_path)
    small.settings = SETTINGS + limit(60)
    await lived(small)
    small.settings = SETTINGS + limit(80)
    with monkeypatch.context() as patched:
        patched.setattr(ComparedLimits, "kind", lambda _self, _action: "limits")
        async with small.open(BODY, more=GIVE, attacked=True) as remit:
            assert len(told(remit, CARRIED)) == 1
    async with small.open(BODY, more=GIVE, attacked=True) as remit:
        found = reverified(remit).lines[0]
        assert "the proof: it says limits, and by the entries it is none" in found


async def test_rules_and_limits_that_change_together_are_two_steps(tmp_path: Any) -> None:
    small = carried.made(tmp_path)
    small.settings = SETTINGS + limit(60)
    before = await lived(small)
    small.settings = SETTINGS + limit(45)
    small.policy = carried.above(60) + carried.above(25)
    async with small.open(BODY, more=GIVE) as remit:
        steps = chain(remit)
        assert [(one.proof, one.dropped, one.stayed) for one in steps] == [
            ("analysis", 1, 0), ("limits", 1, 1),
        ]  # fmt: skip
        assert steps[-1].before == before
        assert shown(remit) == (2, 1)
