"""A case comes in, an action is held, a person approves it, exactly that runs, and is undone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit import testing
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.domain.autonomy import Cell, Level
from remit.errors import (
    ApprovalClosedError,
    IllegalMoveError,
    NotEntitledError,
    StaleDigestError,
)
from tests.desks import MARIA, NADIA, TOMASZ, Desk, only, states, waiting, write_in
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


async def test_a_refund_waits_for_a_person_and_then_happens_once(desk: Desk) -> None:
    """The whole walk: message, hold, yes, grace, effect, receipt."""
    before = desk.shop.counts()
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        assert row.sentence == "Refund 89.90 EUR for order 1001"
        assert desk.shop.counts() == before
        approved = await testing.decide(remit, row.approval_id, person=MARIA)
        assert approved.state is ApprovalState.APPROVED
        await remit.settled()
        assert desk.shop.counts() == before, "nothing runs inside the grace time"
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("issue_refund", "confirmed")]
        assert remit.case(case_id).row.status == "closed"
        assert remit.approval(row.approval_id, person=MARIA).state is ApprovalState.CONSUMED
        assert remit.verify().result == "intact"
    assert desk.shop.counts()["refund"] == before["refund"] + 1
    assert desk.shop.order("1001")["refunded"] == {"amount": "89.90", "currency": "EUR"}


async def test_a_name_below_a_message_that_the_shop_knows_is_no_hindrance(desk: Desk) -> None:
    """The order says whose name it is after the message was read with it in the clear."""
    async with desk.open() as remit:
        message = f"{MESSAGE}\n\nBest regards,\nAnna Lindqvist"
        case_id = await write_in(remit, sender=ANNA, message=message)
        row = only(waiting(remit))
    async with desk.open() as remit:
        await testing.decide(remit, row.approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("issue_refund", "confirmed")]
        assert remit.case(case_id).row.status == "closed"


async def test_what_was_approved_survives_a_restart(desk: Desk) -> None:
    """A held case is rows only: closed and opened again, it goes on where it was."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
    async with desk.open() as remit:
        row = only(waiting(remit))
        await testing.decide(remit, row.approval_id, person=TOMASZ)
    async with desk.open() as remit:
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("issue_refund", "confirmed")]


async def test_a_yes_can_be_taken_back_until_it_runs(desk: Desk) -> None:
    """Inside the grace time taking back is certain; afterwards it says too late."""
    before = desk.shop.counts()
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        await testing.decide(remit, row.approval_id, person=MARIA)
        await remit.take_back(row.approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 60)
        assert states(remit, case_id) == [("issue_refund", "withdrawn")]
        with pytest.raises(ApprovalClosedError):
            await remit.take_back(row.approval_id, person=MARIA)
    assert desk.shop.counts() == before


@pytest.mark.parametrize("when", ["before the yes", "in the grace time"])
async def test_a_yes_performs_nothing_once_the_level_is_below_it(desk: Desk, when: str) -> None:
    """At draft a person does it herself: what was held is noted, and its case goes on."""
    before = desk.shop.counts()
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        levels = [one for one in remit.remit_map() if one.action == "issue_refund"]
        if when == "in the grace time":
            await testing.decide(remit, row.approval_id, person=MARIA)
        for one in levels:
            cell = Cell(workflow=one.workflow, action=one.action, segment=one.segment)
            await remit.lower_grant(cell, to=Level.DRAFT, person=MARIA, reason="too many wrong")
        if when == "before the yes":
            await testing.decide(remit, row.approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("issue_refund", "noted")]
        shown = remit.approval(row.approval_id, person=MARIA)
        assert (shown.state, shown.effect_state) == (ApprovalState.VOID, "noted")
        assert remit.case(case_id).row.status == "closed"
    assert desk.shop.counts() == before


async def test_one_no_is_a_no(desk: Desk) -> None:
    """A rejected proposal is denied and its case goes to a person."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        await testing.decide(
            remit, row.approval_id, person=MARIA, verdict=Verdict.REJECT, reason=RejectReason.FACTS
        )
        await remit.settled()
        assert states(remit, case_id) == [("issue_refund", "denied")]
        assert remit.case(case_id).row.status == "escalated"
        with pytest.raises(ApprovalClosedError):
            await testing.decide(remit, row.approval_id, person=TOMASZ)


async def test_an_edited_amount_needs_somebody_else(desk: Desk) -> None:
    """Who writes an amount of money cannot be the only one to approve it."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        await testing.decide(
            remit, row.approval_id, person=MARIA, verdict=Verdict.EDIT, edits={"amount": "20 EUR"}
        )
        await testing.pass_time(remit, desk.clock, 11)
        edited = only(waiting(remit))
        assert edited.sentence == "Refund 20.00 EUR for order 1001"
        assert (edited.votes, edited.votes_needed) == (1, 2)
        await testing.decide(remit, edited.approval_id, person=TOMASZ)
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [
            ("issue_refund", "replaced"),
            ("issue_refund", "confirmed"),
        ]
    assert desk.shop.order("1001")["refunded"] == {"amount": "20.00", "currency": "EUR"}


async def test_what_changed_after_the_hold_does_not_run(desk: Desk) -> None:
    """The order is read again before the effect; a changed world voids the yes."""
    async with desk.open() as remit:
        await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        await testing.decide(remit, row.approval_id, person=MARIA)
        desk.shop.ask(
            "POST",
            "/refunds",
            {
                "order_id": "1001",
                "amount": {"amount": "10.00", "currency": "EUR"},
                "reason": "by hand",
            },
        )
        await testing.pass_time(remit, desk.clock, 11)
        assert remit.approval(row.approval_id, person=MARIA).state is ApprovalState.VOID
        again = only(waiting(remit))
        assert again.approval_id != row.approval_id
    assert desk.shop.order("1001")["refunded"] == {"amount": "10.00", "currency": "EUR"}


async def test_only_those_with_the_role_decide_and_only_what_they_were_shown(desk: Desk) -> None:
    """Rights and digest are checked where the verdict is recorded."""
    async with desk.open() as remit:
        await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        with pytest.raises(StaleDigestError):
            await remit.decide(
                row.approval_id, person=MARIA, verdict=Verdict.APPROVE, digest="0" * 64
            )
        with pytest.raises(NotEntitledError):
            await testing.decide(remit, row.approval_id, person="nobody")
        assert only(waiting(remit)).state is ApprovalState.OPEN


async def test_above_500_euro_two_people_must_agree(desk: Desk) -> None:
    """The rule asks for two distinct refund approvers; one voting twice is one."""
    before = desk.shop.counts()
    async with desk.open() as remit:
        order = next(
            found
            for number in range(1001, 1061)
            if (found := desk.shop.order(str(number)))
            and float(found["total"]["amount"]) > 500
            and found["status"] == "delivered"
            and found["refunded"]["amount"] == "0.00"
        )
        case_id = await write_in(
            remit,
            sender=order["customer"]["email"],
            message=f"I would like a refund for order {order['id']} please, it does not fit.",
        )
        row = only(waiting(remit))
        assert row.votes_needed == 2
        await testing.decide(remit, row.approval_id, person=NADIA)  # an approver, of no refunds
        for _ in range(2):
            await testing.decide(remit, row.approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 11)
        assert desk.shop.counts() == before
        await testing.decide(remit, row.approval_id, person=TOMASZ)
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("issue_refund", "confirmed")]


async def test_a_confirmed_refund_is_undone_by_its_declared_undo(desk: Desk) -> None:
    """An undo is an effect of its own; the second one finds nothing to take back."""
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        await testing.decide(remit, only(waiting(remit)).approval_id, person=MARIA)
        await testing.pass_time(remit, desk.clock, 11)
        done = remit.case(case_id).effects[0]
        await remit.undo(done.action_id, person=MARIA, reason="wrong order")
        assert states(remit, case_id) == [
            ("issue_refund", "compensated"),
            ("cancel_refund", "confirmed"),
        ]
        with pytest.raises(IllegalMoveError):
            await remit.undo(done.action_id, person=MARIA, reason="again")
        with pytest.raises(NotEntitledError):
            await remit.undo(done.action_id, person=NADIA, reason="not an owner")
    assert desk.shop.order("1001")["refunded"]["amount"] == "0.00"


async def test_silence_never_approves(desk: Desk) -> None:
    """After its time an approval expires, the case goes to a person, and nothing ran."""
    before = desk.shop.counts()
    async with desk.open() as remit:
        case_id = await write_in(remit, sender=ANNA, message=MESSAGE)
        row = only(waiting(remit))
        await testing.pass_time(remit, desk.clock, 73 * 3600)
        assert states(remit, case_id) == [("issue_refund", "expired")]
        assert remit.approval(row.approval_id, person=MARIA).state is ApprovalState.EXPIRED
        assert remit.case(case_id).row.status == "escalated"
    assert desk.shop.counts() == before


async def test_an_address_is_changed_and_put_back_without_ever_being_shown(desk: Desk) -> None:
    """A masked record travels whole: the shop gets the real address, pages and entries do not."""
    order = next(
        found
        for number in range(1001, 1061)
        if (found := desk.shop.order(str(number)))["status"] == "placed"
    )
    new = {"line1": "Kanalgatan 14", "postcode": "93131", "city": "Skelleftea", "country": "SE"}
    async with desk.open() as remit:
        case_id = await write_in(
            remit,
            sender=order["customer"]["email"],
            message=f"Please send order {order['id']} to my new address, I have moved.",
            new_address=new,
        )
        row = only(waiting(remit))
        assert "Kanalgatan" not in str(remit.approval(row.approval_id, person=MARIA))
        await testing.decide(remit, row.approval_id, person=NADIA)
        await testing.pass_time(remit, desk.clock, 11)
        assert states(remit, case_id) == [("change_address", "confirmed")]
        assert desk.shop.order(order["id"])["shipping_address"]["line1"] == new["line1"]
        assert "Kanalgatan" not in str(remit.entries(case_id))
        await remit.undo(
            remit.case(case_id).effects[0].action_id, person=MARIA, reason="not the customer"
        )
        assert states(remit, case_id)[0] == ("change_address", "compensated")
    assert desk.shop.order(order["id"])["shipping_address"] == order["shipping_address"]
