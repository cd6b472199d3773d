"""A message without a certain reading waits; settled by a person, it runs like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.errors import IllegalMoveError, IntakeError
from tests.desks import MARIA, Desk, only, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
MESSAGE = "The Tarn jacket from order 1001 is a size too small. I would like a refund please."


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running, database=database)


async def test_a_doubtful_amount_is_settled_by_a_person_and_then_runs(desk: Desk) -> None:
    """Still doubtful is refused with the reason; settled, the case goes on with that value."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        aside = remit.quarantine().rows[0]
        assert [doubt.field for doubt in aside.reasons] == ["claimed_amount"]
        assert len(aside.reasons[0].candidates) == 2
        with pytest.raises(IntakeError):
            await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "2.345 EUR"})
        await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "12.34 EUR"})
        await remit.settled()
        assert only(waiting(remit)).sentence == "Refund 12.34 EUR for order 1001"
        assert remit.counts()["balance"] == 0


async def test_a_discarded_message_is_closed_for_good(desk: Desk) -> None:
    """It counts as closed, and cannot be released afterwards."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        await remit.discard(case_id, person=MARIA, reason="sent twice")
        assert remit.case(case_id).row.status == "closed"
        with pytest.raises(IllegalMoveError):
            await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "1 EUR"})
