"""A message without a certain reading waits; settled by a person, it runs like any other."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import Verdict
from remit.errors import IllegalMoveError, IntakeError, StillDoubtfulError
from remit.ledger import read as record
from remit.orchestration.schedule import fire
from tests.desks import MARIA, TOMASZ, Desk, only, waiting, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

HOUR = 3_600
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
        assert len(aside.reasons[0].offers) == 2
        with pytest.raises(IntakeError):
            await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "2.345 EUR"})
        await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "12.34 EUR"})
        await remit.settled()
        assert only(waiting(remit)).sentence == "Refund 12.34 EUR for order 1001"
        assert remit.counts()["balance"] == 0


async def test_a_picked_reading_is_performed_and_the_record_says_who_picked_it(
    desk: Desk,
) -> None:
    """From quarantine to the closed case; what came stays as it came."""
    async with desk.open() as remit:
        case_id = await write_in(
            remit, sender=ANNA, message=MESSAGE, claimed_amount="12,50 EUR",
            purchased_on="03/04/2026",
        )  # fmt: skip
        (doubt,) = remit.quarantined(case_id).reasons
        assert remit.quarantined(case_id).owner == TOMASZ
        assert [one.says for one in doubt.offers] == [
            "Friday 3 April 2026", "Wednesday 4 March 2026",
        ]  # fmt: skip
        with pytest.raises(IntakeError, match="not offered"):
            await remit.release(
                case_id, person=MARIA, corrections={}, choices={"purchased_on": "2026-05-05"}
            )
        picked = {"purchased_on": doubt.offers[1].shown}
        await remit.release(case_id, person=MARIA, corrections={}, choices=picked)
        await remit.settled()
        row = only(waiting(remit))
        assert row.sentence == "Refund 12.50 EUR for order 1001"
        digest = remit.approval(row.approval_id, person=MARIA).card.digest
        await remit.decide(row.approval_id, person=MARIA, verdict=Verdict.APPROVE, digest=digest)
        await testing.pass_time(remit, desk.clock, 60)
        assert remit.case(case_id).row.status == "closed"
        (entry,) = [one for one in remit.entries(case_id) if one.event == "intake:case:released"]
        assert (entry.actor.kind, entry.actor.ref) == ("person", MARIA)
        assert (entry.body["chosen"], entry.body["corrected"]) == (["purchased_on:candidate"], [])
        assert entry.payloads["choices"] == {"purchased_on": "Wednesday 4 March 2026"}
        sealed = remit.database.read(
            lambda c: record.stream(c, remit.keys, case_id, roles=("raw",))
        )
        assert sealed[0].payloads["raw"]["purchased_on"] == "03/04/2026"
        told = [line.text for line in remit.case(case_id).timeline.lines]
        assert f"{MARIA} released it from quarantine; chose purchased_on" in told


async def test_what_is_left_in_doubt_is_named_by_field_and_nothing_is_released(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        with pytest.raises(StillDoubtfulError) as caught:
            await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "9.99"})
        (left,) = caught.value.doubts
        assert (left.field, left.code) == ("claimed_amount", "currency.missing")
        assert remit.case(case_id).row.status == "quarantined"
        with pytest.raises(IntakeError, match="no field of this workflow"):
            await remit.release(case_id, person=MARIA, corrections={"priority": "high"})


async def test_a_discarded_message_is_closed_for_good(desk: Desk) -> None:
    """It counts as closed, and cannot be released afterwards."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        await remit.discard(case_id, person=MARIA, reason="sent twice")
        assert remit.case(case_id).row.status == "closed"
        with pytest.raises(IllegalMoveError):
            await remit.release(case_id, person=MARIA, corrections={"claimed_amount": "1 EUR"})


def reminders(remit: Remit, case_id: str) -> list[tuple[object, object]]:
    return [
        (one.body["stage"], one.body["step"])
        for one in remit.entries(case_id)
        if one.event == "governance:quarantine:reminded"
    ]


async def test_a_message_that_nobody_settles_is_escalated_and_never_settled_by_its_age(
    desk: Desk,
) -> None:
    """Each stage once, across a restart; silence releases nothing and discards nothing."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        (row,) = remit.quarantine().rows
        assert (row.owner, row.above, row.overdue) == (TOMASZ, MARIA, False)
        assert row.due_at == desk.clock() + timedelta(hours=24)
        await testing.pass_time(remit, desk.clock, 12 * HOUR - 1)
        assert reminders(remit, case_id) == []
        await testing.pass_time(remit, desk.clock, 1)
        assert reminders(remit, case_id) == [("warn", 0)]
        assert remit.counts()["overdue_aside"] == 0
    desk.clock.advance(12 * HOUR + 1)
    async with desk.open() as remit:
        await testing.pass_time(remit, desk.clock, 0)
        await testing.pass_time(remit, desk.clock, 0)
        assert reminders(remit, case_id) == [("warn", 0), ("due", 0)]
        page = remit.quarantine(overdue=True)
        assert ([one.case_id for one in page.rows], page.overdue) == ([case_id], 1)
        assert remit.counts()["overdue_aside"] == 1
        for _ in range(8):
            await testing.pass_time(remit, desk.clock, HOUR)
        assert reminders(remit, case_id)[2:] == [("escalate", step) for step in range(1, 6)]
        await testing.pass_time(remit, desk.clock, 90 * 24 * HOUR)
        assert len(reminders(remit, case_id)) == 7
        assert remit.case(case_id).row.status == "quarantined"
        assert remit.counts()["balance"] == 0
        told = [line.text for line in remit.case(case_id).timeline.lines if line.problem]
        assert "The time to settle it in quarantine has passed" in told


async def test_what_was_settled_in_time_is_not_reminded_of(desk: Desk) -> None:
    async with desk.open() as remit:
        gone = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        freed = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="2.345 EUR")
        await remit.discard(gone, person=MARIA, reason="sent twice")
        await remit.release(freed, person=MARIA, corrections={"claimed_amount": "12.34 EUR"})
        await testing.pass_time(remit, desk.clock, 30 * HOUR)
        assert reminders(remit, gone) == reminders(remit, freed) == []
        assert remit.quarantine().overdue == 0


async def test_two_keepers_of_the_time_record_one_reminder(desk: Desk) -> None:
    """The timer goes with the entry, in one transaction: the second finds none."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE, claimed_amount="1.234 EUR")
        desk.clock.advance(24 * HOUR)
        await remit.heart.tick()
        fired = [
            remit.writer.submit(partial(fire, timer_id=f"{case_id}:aside:due"), streams=(case_id,))
            for _ in range(2)
        ]
        assert sorted(one.result(timeout=30).value for one in fired) == [False, True]
        assert reminders(remit, case_id) == [("due", 0)]
