"""Many cases at once on either database: sixteen sessions write, and nothing contradicts."""

import asyncio
from pathlib import Path

import pytest

from remit.app import Remit
from remit.integrations.recorder import Fault
from remit.ledger.semantics import Semantics
from remit.ledger.standalone import key_ids
from remit.ledger.verify import verify
from tests.projects import NAME, Small, send, states

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


SHIP = """
from decimal import Decimal

class Stock(BaseModel):
    id: Annotated[str, System]
    pieces: Annotated[int, System]
    litres: Annotated[Decimal, System]

@desk.tool
async def get_stock(order_id: str) -> Stock:
    return Stock.model_validate(await tape.read("getOrder", order_id=order_id))

async def unship(id: str) -> Any:
    return await tape.perform("undoPayment", reference=id)

@desk.action(risk="low", undo=unship, says="Ship {pieces} and {litres}", times_max=9)
async def ship(
    stock_id: Annotated[str, Source.tool("get_stock", "id")],
    pieces: Annotated[int, Source.tool("get_stock", "pieces").at_most()],
    litres: Annotated[Decimal, Source.tool("get_stock", "litres").at_most()],
) -> Done:
    return Done.model_validate(await tape.perform("mail", pieces=pieces))
"""
SHIPS = """
stock = await run.read(get_stock, order_id=case.order_id)
await run.act(ship, stock_id=stock.id, pieces=2, litres=Decimal(case.message))
"""


@pytest.mark.parametrize(
    ("pieces", "litres", "each", "shipped"),
    [(9, "100", "0.5", 4), (99, "1.6", "0.5", 3), (99, "1.6", "0.4", 4)],
)
async def test_pieces_and_litres_add_up_however_many_ship_at_once(
    small: Small, pieces: int, litres: str, each: str, shipped: int
) -> None:
    """Whole numbers and decimals have bounds like money, each in its own unit."""
    small.granted = small.permitted = ("ship", "unship")
    small.order |= {"pieces": pieces, "litres": litres}
    async with small.open(SHIPS, more=SHIP) as remit:
        await asyncio.gather(
            *(
                remit.receive(
                    NAME, {"order_id": "7", "message": each}, channel="test", external_id=str(n)
                )
                for n in range(8)
            )
        )
        await remit.settled()
        assert remit.verify().result == "intact"
    assert small.performed() == ["mail"] * shipped


async def test_what_was_undone_counts_no_more_and_what_could_not_be_still_does(
    small: Small,
) -> None:
    """A bound is free again once an effect is known to be taken back, not before."""
    small.granted = small.permitted = ("ship", "unship")
    small.order |= {"pieces": 4, "litres": "9"}
    async with small.open(SHIPS, more=SHIP) as remit:
        first = await send(remit, message="1", external_id="1")
        second = await send(remit, message="1", external_id="2")
        await send(remit, message="1", external_id="3")
        assert small.performed() == ["mail"] * 2
        small.tape.fail("undoPayment", Fault.REFUSED)
        (effect,) = remit.case(first).effects
        await remit.undo(effect.action_id, person="olga", reason="wrong parcel")
        assert states(remit, first)[0] == ("ship", "uncompensated")
        await send(remit, message="1", external_id="4")
        assert small.performed() == ["mail"] * 2
        (effect,) = remit.case(second).effects
        await remit.undo(effect.action_id, person="olga", reason="wrong parcel")
        await send(remit, message="1", external_id="5")
        assert small.performed() == ["mail", "mail", "undoPayment", "mail"]


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


SPENDERS = 64
LIMIT = """
[[limits]]
name = "together"
group = "effect"
measure = "{measure}"
per = "everything"
window_seconds = 86400
max = {most}
counts = "all"
owner = "olga"
"""


async def test_sixty_four_spenders_never_take_more_than_a_limit_together(small: Small) -> None:
    """All at once on one limit: as many as it allows go, and every other waits for it."""
    small.settings = LIMIT.format(measure="effects", most=40)
    async with small.open('return (await run.act(note, text="x")).receipt.id') as remit:
        await asyncio.gather(
            *(
                remit.receive(NAME, {"order_id": "7", "message": str(n)}, channel="test")
                for n in range(SPENDERS)
            )
        )
        await remit.settled()
        assert remit.counts()["balance"] == 0
        assert sorted(remit.results()) == [
            ("closed", "completed", "", 40),
            ("parked", "lift", "", SPENDERS - 40),
        ]
        assert reserved(remit) == 40
    assert small.performed() == ["note"] * 40


async def test_ten_times_999_against_1000_is_one_sum(small: Small) -> None:
    """Amounts add up however they are split, whoever is first."""
    small.settings = LIMIT.format(measure="money", most='"1000.00 EUR"')
    small.order["total"] = {"amount": "999.00", "currency": "EUR"}
    pays = """
    order = await run.read(get_order, order_id=case.order_id)
    return (await run.act(pay, order_id=order.id, amount=order.total)).receipt.id
    """
    async with small.open(pays) as remit:
        await asyncio.gather(
            *(remit.receive(NAME, {"order_id": str(n)}, channel="test") for n in range(10))
        )
        await remit.settled()
        assert reserved(remit) == 99_900
        assert remit.limits()[0].waiting == 9
    assert small.performed() == ["pay"]


def reserved(remit: Remit) -> int:
    """Return what is taken of limits; it is the sum over effects that count, and no other."""
    rows = remit.database.read(
        lambda c: c.rows(
            "select l.quantity, p.state from limit_uses l"
            " left join proposals p on p.action_id = l.action_id"
        )
    )
    assert {str(row[1]) for row in rows} <= {"cleared", "intended", "ambiguous", "confirmed"}
    return sum(int(row[0]) for row in rows)
