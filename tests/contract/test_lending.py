"""What people lend, on either database: an answer and its end at one time leave a whole record."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from remit import testing
from remit.domain.approval import ApprovalState
from remit.errors import RemitError
from remit.governance.delegations import Lending
from remit.store import delegations as rows
from tests.projects import NAME, OLGA, OTTO, PAUL, ROSA, Small, found, send, states, waiting

pytestmark = pytest.mark.anyio

CASES = 12
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A small desk on each database, where everything is held for an approver."""
    sqlite = request.param == "sqlite"
    database = None if sqlite else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, granted=(), grace=5)


async def test_an_answer_and_the_end_of_what_it_rests_on_at_one_time(small: Small) -> None:
    """Each delegate's yes was lent when it was said, or is refused; what is performed was lent."""
    async with small.open(PAY) as remit:
        cases = [await send(remit, order_id=str(n)) for n in range(CASES)]
        asked = [row.approval_id for row in waiting(remit)]
        assert len(asked) == CASES
        for n, approval in enumerate(asked):
            lending = Lending(giver=PAUL, to=OTTO, until=remit.now() + timedelta(days=1))
            made = await remit.delegate(lending, person=PAUL)
            both = [
                testing.decide(remit, approval, person=OTTO),
                remit.end_delegation(made, person=PAUL),
            ]
            said = await asyncio.gather(*(both if n % 2 else both[::-1]), return_exceptions=True)
            assert all(isinstance(one, RemitError) for one in said if isinstance(one, Exception))
            assert remit.database.read(rows.every) == []
        await testing.pass_time(remit, small.clock, 6)
        assert {state for case_id in cases for _, state in states(remit, case_id)} == {"held"}
        await testing.decide(remit, waiting(remit)[0].approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 6)
    assert small.performed() == ["pay"]


async def test_what_nobody_may_answer_any_more_is_told_and_read_in_pages(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.orchestration.answerable.PAGE", 2)
    small.settings = '\n[roles.approver]\ncap = "60.00 EUR"\n'
    async with small.open(PAY) as remit:
        cases = [await send(remit, order_id=str(n)) for n in range(5)]
        file = small.folder / "project" / "remit.toml"
        file.write_text(file.read_text().replace("60.00 EUR", "9.00 EUR"))
        await testing.pass_time(remit, small.clock, 1)
        for case_id in cases:
            (told,) = found(remit, case_id, "governance:approval:reminded")
            assert told.word("stage") == "unanswerable"
        row = waiting(remit)[0]
        assert remit.approval(row.approval_id, person=OLGA).state is ApprovalState.OPEN
        with pytest.raises(RemitError):
            await testing.decide(remit, row.approval_id, person=ROSA)
        assert row.workflow == NAME
