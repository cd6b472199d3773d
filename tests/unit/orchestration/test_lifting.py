"""What the gate could not tell waits, is looked at again, and goes to a person in the end."""

import pytest

from remit import testing
from tests.projects import Small, events, found, send, standing, states, waiting

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'

# An integer overflow: the engine skips the rule and says so, which the gate takes for a fault.
FAULTY = """
@id("overflows")
@says("It cannot be worked out")
@owner("olga")
@since("2026-11-01")
forbid (principal, action == Action::"small-desk.note", resource)
when { 9223372036854775807 + context.facts.approvals + 1 > 5 };
"""
HOUR = 3_600


async def test_a_fault_waits_and_is_gated_again_when_another_book_is_loaded(small: Small) -> None:
    """No person is asked, the case is not lost, and the mended rules let it go."""
    small.policy = FAULTY
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "blocked")]
        assert standing(remit, case_id) == ("parked", "lift")
        assert waiting(remit) == ()
        (task,) = remit.tasks().rows
        assert (task.kind, task.owner, task.code) == ("fault", "olga", "policy.diagnostic")
    small.policy = ""
    small.write(NOTE)
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 1)
        await remit.settled()
        # the grant was earned by the other book: a person is asked now
        assert standing(remit, case_id) == ("parked", "approval")
        assert [state for _, state in states(remit, case_id)] == ["held"]
        assert remit.tasks().rows == ()
        assert [one.how for one in remit.tasks(closed=True).rows] == ["mended"]


async def test_what_is_gated_again_another_day_is_tossed_under_the_key_of_that_day(
    small: Small,
) -> None:
    """The key of the day it was proposed on is told by then: anybody could know the coin."""
    small.policy = FAULTY
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "blocked")]
    small.policy = ""
    small.write(NOTE)
    small.clock.advance(30 * HOUR)
    async with small.open() as remit:
        remit.timekeeper.watch.confirm()
        await testing.pass_time(remit, small.clock, 1)
        (*_, last) = found(remit, case_id, "policy:action:decided")
        assert (last.word("state"), last.word("day")) == ("held", f"{small.clock():%Y-%m-%d}")


async def test_a_fault_is_looked_at_each_hour_and_goes_to_a_person_after_three_days(
    small: Small,
) -> None:
    """Nothing waits for ever, and nothing is looked at without a bound."""
    small.policy = FAULTY
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        await testing.pass_time(remit, small.clock, HOUR - 60)
        assert events(remit, case_id).count("policy:action:decided") == 1
        await testing.pass_time(remit, small.clock, 61)
        assert events(remit, case_id).count("policy:action:decided") == 2
        assert standing(remit, case_id) == ("parked", "lift")
        for _ in range(72):
            await testing.pass_time(remit, small.clock, HOUR + 1)
        assert standing(remit, case_id) == ("escalated", "policy.diagnostic")
        assert events(remit, case_id).count("policy:action:decided") <= 74
    assert small.performed() == []


async def test_a_person_who_closes_such_a_case_withdraws_what_is_held(small: Small) -> None:
    """A held proposal without an approval is not left behind."""
    small.policy = FAULTY
    body = """
    both = await run.gather(run.act(note, text="hello"), hand_over(run))
    return len(both)
    """
    more = """
async def hand_over(run):
    await run.sleep(60)
    await run.escalate("a person is wanted")
"""
    async with small.open(body, more=more, replays=False) as remit:
        case_id = await send(remit)
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id)[0] == "escalated"
        await remit.close_case(case_id, person="olga", note="done by hand")
        assert states(remit, case_id) == [("note", "withdrawn")]


async def test_a_case_that_was_given_up_can_be_handed_back(small: Small) -> None:
    """The gate is asked again, with the rules of then."""
    small.policy = FAULTY
    async with small.open(NOTE, replays=False) as remit:
        case_id = await send(remit)
        for _ in range(74):
            await testing.pass_time(remit, small.clock, HOUR + 1)
        assert standing(remit, case_id)[0] == "escalated"
    small.policy = ""
    small.write(NOTE)
    async with small.open(replays=False) as remit:
        await remit.hand_back(case_id, person="olga", note="mended")
        await remit.settled()
        assert standing(remit, case_id) == ("parked", "approval"), states(remit, case_id)
