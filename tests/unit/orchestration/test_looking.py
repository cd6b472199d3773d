"""An open card is looked at again: what changed while it waited supersedes it, votes and all."""

import pytest

from remit import testing
from remit.domain.approval import ApprovalState
from remit.domain.autonomy import Level
from remit.errors import StaleDigestError
from remit.integrations.recorder import Fault
from tests.projects import (
    NAME,
    OLGA,
    OTTO,
    PAUL,
    ROSA,
    Small,
    events,
    found,
    only_waiting,
    send,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

HOUR = 3600
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return done.state
"""
TWO = """
@id("two-people")
@says("two payers must agree")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource);
"""


@pytest.fixture(autouse=True)
def nothing_granted(small: Small) -> None:
    """Everything waits for people."""
    small.granted = ()


async def test_a_record_that_changed_takes_the_card_and_its_votes_along(small: Small) -> None:
    """One of two has said yes; then the order changes, and both are asked about what is now."""
    small.policy = TWO
    async with small.open(PAY) as remit:
        case_id = await send(remit, amount="20 EUR")
        first = only_waiting(remit)
        shown = remit.approval(first.approval_id, person=OLGA).card.digest
        await testing.decide(remit, first.approval_id, person=ROSA)
        small.order["total"] = {"amount": "40.00", "currency": "EUR"}
        await testing.pass_time(remit, small.clock, HOUR)
        second = only_waiting(remit)
        assert second.approval_id != first.approval_id
        assert second.votes == 0
        old = remit.approval(first.approval_id, person=OLGA)
        assert (old.state, old.replaced_by) == (ApprovalState.SUPERSEDED, second.approval_id)
        new = remit.approval(second.approval_id, person=OLGA)
        assert new.changed_since
        with pytest.raises(StaleDigestError) as stale:
            await remit.decide(
                first.approval_id, person=OLGA, verdict=testing.Verdict.APPROVE, digest=shown,
                channel="test",
            )  # fmt: skip
        assert stale.value.approval_id == first.approval_id
        assert states(remit, case_id) == [("pay", "held")]
    assert small.performed() == []


async def test_what_is_as_it_was_stays_as_it_is(small: Small) -> None:
    """Hours of looking leave the same approval, the same vote and no answer of the gate."""
    small.policy = TWO
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        row = only_waiting(remit)
        await testing.decide(remit, row.approval_id, person=ROSA)
        before = events(remit, case_id).count("policy:action:decided")
        for _ in range(3):
            await testing.pass_time(remit, small.clock, HOUR)
        assert only_waiting(remit).approval_id == row.approval_id
        assert events(remit, case_id).count("policy:action:decided") == before
        assert only_waiting(remit).votes == 1
        looks = [
            one
            for one in found(remit, case_id, "orchestration:wait:ended")
            if one.word("how") == "look"
        ]
        assert len(looks) == 3
        await testing.decide(remit, row.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 1)
        assert states(remit, case_id) == [("pay", "confirmed")]


async def test_a_system_that_is_away_changes_no_card(small: Small) -> None:
    async with small.open(PAY) as remit:
        await send(remit)
        row = only_waiting(remit)
        small.tape.fail("getOrder", Fault.UNAVAILABLE)
        await testing.pass_time(remit, small.clock, HOUR)
        assert only_waiting(remit).approval_id == row.approval_id


async def test_a_stop_takes_open_cards_along_and_asks_anew_once_it_is_lifted(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        row = only_waiting(remit)
        await remit.set_stop(f"workflow:{NAME}", person=OTTO, sentence="the shop is wrong")
        await testing.pass_time(remit, small.clock, 1)
        assert waiting(remit) == ()
        old = remit.approval(row.approval_id, person=OLGA)
        assert old.state is ApprovalState.SUPERSEDED
        await remit.lift_stop(f"workflow:{NAME}", person=OTTO, reason="they say why")
        await remit.lift_stop(f"workflow:{NAME}", person="oda", reason="and I agree")
        await testing.pass_time(remit, small.clock, 1)
        assert only_waiting(remit).approval_id != row.approval_id
        assert states(remit, case_id) == [("pay", "held")]


async def test_an_effect_on_the_same_record_has_the_others_looked_at_at_once(
    small: Small,
) -> None:
    """Two ask for 30 of 50: once one of them ran, the other card says that it is too much."""
    async with small.open(PAY) as remit:
        await send(remit, amount="30 EUR", external_id="1")
        other = await send(remit, amount="30 EUR", external_id="2")
        first, second = (row.approval_id for row in waiting(remit))
        mine = {remit.approval(one, person=OLGA).card.case_id: one for one in (first, second)}
        going = mine.pop(next(case for case in mine if case != other))
        await testing.decide(remit, going, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        await testing.pass_time(remit, small.clock, 1)
        assert small.performed() == ["pay"]
        assert remit.approval(mine[other], person=OLGA).state is not ApprovalState.OPEN


async def test_what_may_run_by_itself_meanwhile_does(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        await testing.grant(remit, NAME, "pay", Level.AUTONOMOUS, signer=OLGA)
        await testing.pass_time(remit, small.clock, HOUR)
        assert waiting(remit) == ()
        assert states(remit, case_id) == [("pay", "confirmed")]
