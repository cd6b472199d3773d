"""Branches side by side: they park as one, fail as one, and replay by their place."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from remit import testing
from remit.domain.autonomy import Level
from remit.integrations.recorder import Fault
from remit.orchestration.proposed import Gathered
from remit.store.connection import Connection
from tests.projects import (
    NAME,
    OLGA,
    Small,
    events,
    found,
    notes,
    result,
    send,
    standing,
    states,
)

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


async def test_branches_come_to_the_gate_one_at_a_time(small: Small) -> None:
    """One branch whose facts went stale while it decided takes nothing from another's record."""
    body = """
    await run.gather(run.act(note, text="one"), run.act(note, text="two"))
    return "done"
    """
    async with small.open(body) as remit:
        intending = remit.engine.proposals.intending
        reading, changed = intending.read, []

        async def read_and_change(work: Callable[[Connection], Gathered]) -> Gathered:
            seen = await reading(work)
            await asyncio.sleep(0)
            if len(changed) < 2:
                changed.append(True)
                await testing.grant(remit, NAME, "pay", Level.AUTONOMOUS, signer=OLGA)
            return seen

        proposals = replace(
            remit.engine.proposals, intending=replace(intending, read=read_and_change)
        )
        remit.drive = replace(remit.engine, proposals=proposals).run
        case_id = await send(remit)
        assert result(remit, case_id) == "done"
        assert remit.metrics()["stale_facts"] == len(changed) == 2
        names = events(remit, case_id)
        for body_of in ("intended", "confirmed"):
            entries = found(remit, case_id, f"orchestration:effect:{body_of}")
            assert len({one.body["effect_id"] for one in entries}) == len(entries) == 2
        assert names.index("orchestration:effect:intended") < names.index(
            "orchestration:effect:confirmed"
        )
        assert small.performed() == ["note", "note"]
