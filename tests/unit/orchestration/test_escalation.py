"""Attention moves along a chain; an approval that nobody may answer goes to the owner at once."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.errors import SettingsError
from remit.governance.escalation import Chain, following, moved
from tests.projects import OLGA, Small, found, only_waiting, send, states, waiting

pytestmark = pytest.mark.anyio

HOUR = 3600
HOUR_US = HOUR * 1_000_000
PAY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
CHAIN = """
[workflow.escalation]
steps = [{ to = "role:approver" }, { after = "2h", to = "person:rosa" }]
last = "paul"
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=url, granted=(), settings=CHAIN)


def holders(remit: Remit, case_id: str) -> list[str]:
    return [one.word("to") for one in found(remit, case_id, "governance:approval:reminded")]


def test_who_has_it_is_told_by_the_time_alone() -> None:
    chain = Chain(steps=((0, "role:a"), (2 * HOUR_US, "person:b")), last="person:c")
    seen = [
        (one.to, one.step, one.next_us)
        for hour in range(9)
        for one in [moved(chain, hour * HOUR_US)]
    ]
    assert [to for to, _, _ in seen] == ["role:a"] * 2 + ["person:b"] * 5 + ["person:c"] * 2
    assert seen[0][2] == 2 * HOUR_US
    assert seen[7][2] is None


@pytest.mark.parametrize(
    ("late", "held_by", "then"),
    [
        (-3, "", (0, "role:a")), (0, "role:a", (2, "person:b")), (0, "", (2, "person:b")),
        (1, "role:a", (2, "person:b")), (2, "person:b", (7, "person:c")),
        (1, "person:b", (7, "person:c")), (7, "person:c", None), (9, "person:c", None),
    ],
)  # fmt: skip
def test_who_gets_it_next_is_told_before_it_is_theirs(
    late: int, held_by: str, then: tuple[int, str] | None
) -> None:
    chain = Chain(steps=((0, "role:a"), (2 * HOUR_US, "person:b")), last="person:c")
    expected = None if then is None else (then[0] * HOUR_US, then[1])
    assert following(chain, late * HOUR_US, held_by=held_by) == expected


def test_without_a_chain_nobody_gets_it_next() -> None:
    assert following(Chain(), -HOUR_US) is None
    assert following(Chain(last="person:c"), -HOUR_US) == (5 * HOUR_US, "person:c")


async def test_an_item_says_who_gets_it_next_until_nobody_does(desk: Small) -> None:
    """What it says comes true, at that time and not before, until it would expire first."""
    async with desk.open(PAY) as remit:
        await send(remit)
        approval_id = only_waiting(remit).approval_id
        told = list[str]()
        while (view := remit.approval(approval_id, person=OLGA)).next_at is not None:
            assert view.next_at < view.card.expires_at
            while remit.now() < view.next_at:
                assert remit.approval(approval_id, person=OLGA).held_by == view.held_by
                left = (view.next_at - remit.now()).total_seconds()
                await testing.pass_time(remit, desk.clock, min(left, HOUR))
            assert remit.approval(approval_id, person=OLGA).held_by == view.next_to
            told.append(view.next_to)
        assert told == ["role:approver", "person:rosa", "person:paul"]


async def test_each_step_comes_in_its_time_and_a_restart_loses_none(desk: Small) -> None:
    async with desk.open(PAY) as remit:
        case_id = await send(remit)
        await testing.pass_time(remit, desk.clock, 4 * HOUR)
        assert holders(remit, case_id)[-1] == "role:approver"
    desk.clock.advance(2 * HOUR)
    async with desk.open() as remit:
        await testing.pass_time(remit, desk.clock, 0)
        assert holders(remit, case_id)[-1] == "person:rosa"
        row = only_waiting(remit)
        assert remit.approval(row.approval_id, person=OLGA).held_by == "person:rosa"
        for _ in range(8):
            await testing.pass_time(remit, desk.clock, HOUR)
        told = holders(remit, case_id)
        assert told[-1] == "person:paul"
        assert told.count("person:rosa") == 5
        assert states(remit, case_id) == [("pay", "held")]
        assert len(waiting(remit)) == 1


async def test_an_approval_that_too_few_may_answer_goes_to_the_owner_at_once(
    small: Small,
) -> None:
    small.granted = ()
    small.policy = """
@id("three")
@says("three payers must agree")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=3, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource);
"""
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        (told,) = found(remit, case_id, "governance:approval:reminded")
        assert (told.word("stage"), told.word("to")) == ("unanswerable", "person:olga")
        row = only_waiting(remit)
        assert remit.approval(row.approval_id, person=OLGA).held_by == "person:olga"
        await testing.pass_time(remit, small.clock, HOUR)
        stages = [
            one.word("stage") for one in found(remit, case_id, "governance:approval:reminded")
        ]
        assert stages.count("unanswerable") == 1


@pytest.mark.parametrize(
    "chain",
    [
        'steps = [{ to = "person:nobody" }]',
        'steps = [{ to = "role:nothing" }]',
        'steps = [{ after = "2h", to = "role:payer" }, { after = "1h", to = "role:payer" }]',
        'last = "nobody"',
    ],
)
async def test_a_chain_that_leads_nowhere_is_refused(small: Small, chain: str) -> None:
    small.settings = f"\n[workflow.escalation]\n{chain}\n"
    with pytest.raises(SettingsError, match="escalation"):
        async with small.open(PAY):
            pass
