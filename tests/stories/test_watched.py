"""A cell that acts alone is watched: time, silence and another behaviour take it away as well."""

from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.autonomy import Cell, Level
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from remit.store import evidence
from remit.store.evidence import EvidenceRow
from tests.projects import NAME, OLGA, Small, send, states

pytestmark = pytest.mark.anyio

BODY = "return (await run.act(note, text=case.message)).state"
CELL = Cell(workflow=NAME, action="note")
DAY = 86_400


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=())


async def days(remit: Remit, small: Small, number: float) -> None:
    """Let days pass; a person says that the clock is right."""
    await remit.settled()
    small.clock.advance(number * DAY)
    remit.timekeeper.watch.confirm()
    await testing.pass_time(remit, small.clock, 61)


def told(remit: Remit, event: str) -> list[Entry]:
    return [one for one in remit.entries(control_stream(NAME)) if one.event == event]


def rows(remit: Remit) -> list[EvidenceRow]:
    return remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))


async def sampled(remit: Remit, **more: Any) -> None:
    await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA, **more)


async def test_a_grant_that_expires_is_lowered_once(small: Small) -> None:
    async with small.open(BODY) as remit:
        await sampled(remit, days=1)
        assert states(remit, await send(remit, message="1")) == [("note", "confirmed")]
        await days(remit, small, 2)
        await days(remit, small, 1)
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["code"], lowered.body["before"]) == ("expired", "sampled")
        assert remit.scorecard(CELL).level is Level.APPROVE_EACH
        (task,) = remit.tasks().rows
        assert (task.kind, task.owner, task.code) == ("lowered", "role:owner", "lowered.expired")
        assert remit.scorecard(CELL).attempt == 0  # nothing speaks against what was counted
        assert states(remit, await send(remit, message="2")) == [("note", "held")]


async def test_another_behaviour_is_held_at_once_and_lowered_after(small: Small) -> None:
    async with small.open(BODY) as remit:
        await sampled(remit)
    async with small.open(BODY, more="MORE = 1\n") as remit:
        case_id = await send(remit, message="1")
        assert states(remit, case_id) == [("note", "held")]
        await days(remit, small, 0)
        (lowered,) = told(remit, "governance:grant:lowered")
        assert lowered.body["code"] == "fingerprint"


async def test_where_no_verdict_comes_in_a_cell_falls_by_one_level(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        for day in range(20):
            for number in range(8):
                await send(remit, message=f"{day} {number}")
            await days(remit, small, 1)
        assert [one.body["code"] for one in told(remit, "governance:grant:lowered")] == ["starved"]
        assert remit.scorecard(CELL).level is Level.SAMPLED
        assert remit.scorecard(CELL).attempt == 1


async def test_after_a_warning_each_case_is_looked_at_until_there_were_150(small: Small) -> None:
    async with small.open(BODY) as remit:
        await sampled(remit)
        for number in range(80):
            await send(remit, message=str(number))
        drawn = [row.action_id for row in rows(remit) if row.drawn]
        undone = 0
        while not told(remit, "governance:surge:begun"):
            await remit.undo(drawn[undone], person=OLGA, reason="not asked for")
            undone += 1
        assert not told(remit, "governance:grant:lowered")
        assert remit.scorecard(CELL).surge
        small.clock.advance(1)
        case_id = await send(remit, message="looked at")
        assert states(remit, case_id) == [("note", "held")]
        (held,) = [row for row in rows(remit) if row.case_id == case_id]
        assert (held.alone, held.drawn, held.share_ppm) == (True, True, 1_000_000)
        for number in range(149):
            await send(remit, message=f"more {number}")
        assert states(remit, await send(remit, message="last")) == [("note", "confirmed")]
        await days(remit, small, 0)
        assert [one.body["code"] for one in told(remit, "governance:surge:ended")] == ["drained"]
        assert not remit.scorecard(CELL).surge
