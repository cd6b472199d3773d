"""Branches side by side: they park as one, fail as one, and replay by their place."""

import pytest

from remit import testing
from remit.integrations.recorder import Fault
from tests.projects import Small, events, notes, result, send, standing, states

pytestmark = pytest.mark.anyio


async def test_two_parks_in_a_gather_are_one_pause_and_both_wake_it(small: Small) -> None:
    """Branches that wait do so side by side; the case goes on when both have come."""
    body = """
    both = await run.gather(late(run, 60, 1), late(run, 120, 2))
    return list(both)
    """
    more = """
    async def late(run, seconds, number):
        await run.sleep(seconds)
        return await run.derive(twice, number=number)
    """
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "time")
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id) == ("parked", "time"), notes(remit, case_id)
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == [2, 4]


async def test_a_branch_that_fails_lets_the_others_come_to_their_end(small: Small) -> None:
    """The error is raised once every branch has ended, and then the same on replay."""
    body = """
    try:
        await run.gather(refused(run), late(run))
    except StepRefused as error:
        await run.random()
        return type(error).__name__
    """
    more = """
    async def refused(run):
        await run.act(note, text="no")

    async def late(run):
        await run.sleep(60)
        await run.act(note, text="second")
    """
    small.tape.fail("note", Fault.REFUSED)
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "time")
        assert "orchestration:value:derived" not in events(remit, case_id)
        await testing.pass_time(remit, small.clock, 61)
        assert small.performed() == ["note"], "the other branch went on"
        assert result(remit, case_id) == "EffectFailedError", notes(remit, case_id)
        assert states(remit, case_id) == [("note", "failed"), ("note", "confirmed")]
