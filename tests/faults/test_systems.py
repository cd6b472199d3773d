"""The shop fails in every way it can: nothing is lost, nothing happens twice, nobody guesses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit import testing
from tests.desks import MARIA, Desk, only, states, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
MESSAGE = "The Tarn jacket from order 1001 is a size too small. I would like a refund please."


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk with a shop of its own."""
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running)


async def _approved(desk: Desk, remit: object) -> str:
    case_id = await write_in(remit, sender=ANNA, message=MESSAGE)  # type: ignore[arg-type]
    await testing.decide(remit, only(waiting(remit)).approval_id, person=MARIA)  # type: ignore[arg-type]
    return case_id


async def test_a_shop_that_answers_500_to_reads_is_tried_again_later(desk: Desk) -> None:
    """The case parks, costs rows only, and goes on when the shop is back."""
    desk.shop.fault("500", path="/orders", times=100)
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        assert (remit.case(case_id).row.status, remit.case(case_id).row.reason) == (
            "parked",
            "retry",
        )
        desk.shop.mend()
        await testing.pass_time(remit, desk.clock, 120)
        assert states(remit, case_id) == [("issue_refund", "held")]


async def test_a_shop_that_stays_away_goes_to_a_person_in_the_end(desk: Desk) -> None:
    """Tries are counted in the record and end; the case is never dropped."""
    desk.shop.kill()
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        for _ in range(10):
            await testing.pass_time(remit, desk.clock, 8 * 3600)
        row = remit.case(case_id).row
        assert (row.status, row.reason) == ("escalated", "retries")
        assert remit.counts()["balance"] == 0


async def test_an_answer_that_is_lost_after_the_refund_is_found_and_not_repeated(
    desk: Desk,
) -> None:
    """The connection breaks after the shop has paid: ambiguous, asked, confirmed, once."""
    before = desk.shop.counts()["refund"]
    async with desk.open() as remit:
        case_id = await _approved(desk, remit)
        desk.shop.fault("drop-after-perform", path="/refunds", method="POST")
        await testing.pass_time(remit, desk.clock, 11)
        await testing.pass_time(remit, desk.clock, 60)
        assert states(remit, case_id) == [("issue_refund", "confirmed")]
        names = [entry.event for entry in remit.entries(case_id)]
        assert "orchestration:effect:ambiguous" in names
        assert "orchestration:effect:reconciled" in names
    assert desk.shop.counts()["refund"] == before + 1


async def test_a_500_before_the_refund_ends_in_one_refund(desk: Desk) -> None:
    """A 500 may mean anything; under the same key the second attempt is the first effect."""
    before = desk.shop.counts()["refund"]
    async with desk.open() as remit:
        case_id = await _approved(desk, remit)
        desk.shop.fault("500", path="/refunds", method="POST")
        await testing.pass_time(remit, desk.clock, 11)
        await testing.pass_time(remit, desk.clock, 60)
        assert states(remit, case_id) == [("issue_refund", "confirmed")]
    assert desk.shop.counts()["refund"] == before + 1


async def test_while_nobody_knows_the_case_waits_and_says_so(desk: Desk) -> None:
    """The shop dies in the effect and does not come back: ambiguous, counted, never assumed."""
    async with desk.open() as remit:
        case_id = await _approved(desk, remit)
        await remit.settled()
        desk.shop.fault("drop-after-perform", path="/refunds", method="POST")
        desk.shop.fault("500", path="/refunds", method="GET", times=100)
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("issue_refund", "ambiguous")]
        assert remit.counts()["ambiguous"] == 1
        assert remit.case(case_id).row.status == "parked"
