"""What the gate allows rests on rules that were on record before; a new book is recorded."""

import re
from pathlib import Path

import pytest

from remit.app import Remit
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from tests.projects import NAME, PERMIT, Small
from tests.sounding import findings

pytestmark = pytest.mark.anyio

PAID = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).receipt.id
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=database)


def books(remit: Remit) -> list[Entry]:
    found = remit.entries(control_stream(NAME))
    return [entry for entry in found if entry.event == "policy:book:loaded"]


async def test_a_book_is_recorded_when_it_is_first_used_and_when_it_changes(small: Small) -> None:
    async with small.open(PAID) as remit:
        case = await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        (first,) = books(remit)
        assert (first.word("before"), first.number("rules")) == ("", 3)
        cleared = [
            entry.word("policy")
            for entry in remit.entries(case.case_id)
            if entry.event == "policy:action:decided"
        ]
        assert cleared
        assert set(cleared) <= set(first.words("slices"))
    async with small.open(PAID) as remit:
        assert len(books(remit)) == 1, "the same rules are no news"
    small.policy = PERMIT.format(name="mail_out", plain="more").replace("mail_out", "note")
    async with small.open(PAID) as remit:
        first, second = books(remit)
        assert second.word("before") == first.word("digest") != second.word("digest")
        assert second.number("rules") == 4
    small.policy = ""
    async with small.open(PAID) as remit:
        *_, second, third = books(remit)
        assert third.word("before") == second.word("digest")
        assert third.word("digest") == first.word("digest")


async def test_rules_that_nobody_recorded_are_found(small: Small) -> None:
    """Somebody empties the entry of the book: what was cleared names rules that nobody loaded."""
    async with small.open(PAID, attacked=True) as remit:
        stream = control_stream(NAME)
        loaded = remit.database.read(
            lambda c: c.value(
                "SELECT seq FROM entries WHERE case_id = ? AND event = ?",
                (stream, "policy:book:loaded"),
            )
        )
        await remit.receive(NAME, {"order_id": "7"}, channel="api")
        await remit.settled()
        remit.keeper.drain()
        assert findings(remit) == []
        leaf = remit.database.read(
            lambda c: c.value(
                "SELECT leaf FROM entries WHERE case_id = ? AND seq = ?", (stream, loaded)
            )
        )

        changed = re.sub(rb'"slices":\[[^]]*]', b'"slices":[]', bytes(leaf))
        remit.writer.run(
            lambda uow: uow.connection.execute(
                "UPDATE entries SET leaf = ? WHERE case_id = ? AND seq = ?",
                (changed, stream, loaded),
            )
        )
        assert any("was not loaded before" in text for text in findings(remit))
