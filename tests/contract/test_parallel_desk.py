"""Many cases at once on either database: sixteen sessions write, and nothing contradicts."""

import asyncio
from pathlib import Path

import pytest

from remit.ledger.semantics import Semantics
from remit.ledger.standalone import key_ids
from remit.ledger.verify import verify
from tests.projects import NAME, Small

pytestmark = pytest.mark.anyio

CASES = 40
BOTH = """
order = await run.read(get_order, order_id=case.order_id)
await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return (await run.act(note, text="paid")).receipt.id
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A small desk on each database."""
    sqlite = request.param == "sqlite"
    database = None if sqlite else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database)


async def test_cases_side_by_side_leave_one_whole_record(small: Small) -> None:
    """Tree, chains, what entries mean together, and the rows that pages read: all of it fits."""
    async with small.open(BOTH) as remit:
        await asyncio.gather(
            *(remit.receive(NAME, {"order_id": str(n)}, channel="test") for n in range(CASES))
        )
        await remit.settled()
        assert remit.results() == [("closed", "completed", "", CASES)]
        assert remit.counts()["balance"] == 0
        assert remit.keeper.drain()
        vkey = remit._journal.vkey
        report = verify(
            remit.database,
            vkey,
            payload_keys=remit.keys,
            watchers=[Semantics(key_ids=key_ids([vkey]))],
            projected=True,
        )
        assert (report.result, report.checks) == ("intact", ())
    assert sorted(small.performed()) == ["note"] * CASES + ["pay"] * CASES


async def test_a_total_holds_however_many_spend_at_once(small: Small) -> None:
    """Twelve payments of 10 on an order of 50: five run, whoever is first."""
    async with small.open(BOTH) as remit:
        await asyncio.gather(
            *(
                remit.receive(
                    NAME, {"order_id": "7", "amount": "10 EUR", "message": str(n)}, channel="test"
                )
                for n in range(12)
            )
        )
        await remit.settled()
        assert remit.counts()["balance"] == 0
        assert remit.verify().result == "intact"
    assert small.performed().count("pay") == 5


async def test_one_message_sent_many_times_at_once_is_one_case(small: Small) -> None:
    """Whoever comes second finds the first, however close."""
    async with small.open(BOTH) as remit:
        given = {"order_id": "7", "amount": "10 EUR"}
        found = await asyncio.gather(
            *(remit.receive(NAME, given, channel="test", external_id="same") for _ in range(20))
        )
        await remit.settled()
        assert len({one.case_id for one in found}) == 1
        assert [one.duplicate for one in found].count(False) == 1
        assert remit.counts()["received"] == 1
    assert small.performed() == ["pay", "note"]
