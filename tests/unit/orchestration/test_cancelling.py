"""Cancelling: nothing new begins, nothing done is undone, and what was intended has an outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.errors import CaseClosedError, NotFoundError
from remit.integrations.connector import Call
from tests.projects import NAME, OLGA, Small, events, found, send, standing, states, waiting

pytestmark = pytest.mark.anyio

HELD = """
order = await run.read(get_order, order_id="7")
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
DONE = ("closed", "cancelled")


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A small desk on each database."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=url)


async def test_a_held_case_closes_at_once_and_what_it_asked_for_is_withdrawn(
    desk: Small,
) -> None:
    desk.granted = ()
    async with desk.open(HELD) as remit:
        case_id = await send(remit)
        approval_id = waiting(remit)[0].approval_id

        assert await remit.cancel(case_id, person=OLGA, reason="asked for twice")
        await remit.settled()

        assert standing(remit, case_id) == DONE
        assert states(remit, case_id) == [("pay", "withdrawn")]
        assert waiting(remit) == ()
        assert remit.approval(approval_id, person=OLGA).state.value == "revoked"
        assert desk.performed() == []
        asked = found(remit, case_id, "orchestration:cancel:asked")
        assert [one.payloads for one in asked] == [{"reason": "asked for twice"}]

        before = events(remit, case_id)
        assert await remit.cancel(case_id, person=OLGA, reason="once more")
        await testing.pass_time(remit, desk.clock, 1_000_000)
        assert events(remit, case_id) == before, "twice is once, and no timer is left"


async def test_a_case_that_is_closed_says_by_whom(desk: Small) -> None:
    async with desk.open("await run.escalate('look')") as remit:
        case_id = await send(remit)
        await remit.close_case(case_id, person=OLGA, note="called them")

        with pytest.raises(CaseClosedError, match="`olga` closed case") as refused:
            await remit.cancel(case_id, person=OLGA, reason="too late")
        assert refused.value.status == 409
        with pytest.raises(NotFoundError):
            await remit.cancel("0" * 32, person=OLGA, reason="nobody")


@pytest.mark.parametrize("body", ["await run.escalate('look')", "await run.sleep(seconds=60)"])
async def test_what_waits_for_a_person_or_a_time_closes_at_once(desk: Small, body: str) -> None:
    async with desk.open(body) as remit:
        case_id = await send(remit)
        assert await remit.cancel(case_id, person=OLGA, reason="no")
        await testing.pass_time(remit, desk.clock, 100)
        assert standing(remit, case_id) == DONE


async def test_what_was_done_before_stays_done(desk: Small) -> None:
    body = """
    await run.act(note, text="one")
    await run.sleep(seconds=60)
    await run.act(note, text="two")
    """
    async with desk.open(body) as remit:
        case_id = await send(remit)
        assert await remit.cancel(case_id, person=OLGA, reason="enough")
        await testing.pass_time(remit, desk.clock, 100)

        assert standing(remit, case_id) == DONE
        assert states(remit, case_id) == [("note", "confirmed")]
        assert desk.performed() == ["note"]


class Held:
    """Stops calls of the tape until they are let go."""

    def __init__(self, small: Small, name: str) -> None:
        self.begun, self.go = asyncio.Event(), asyncio.Event()
        original: Callable[..., Awaitable[Any]] = getattr(small.tape, name)

        async def held(call: Call, **given: Any) -> Any:
            self.begun.set()
            await self.go.wait()
            return await original(call, **given)

        setattr(small.tape, name, held)


async def begin(remit: Remit) -> str:
    admission = await remit.receive(NAME, {"order_id": "7"}, channel="test")
    return admission.case_id


async def test_an_effect_that_is_being_performed_runs_to_its_outcome(desk: Small) -> None:
    body = """
    await run.act(note, text="one")
    await run.act(note, text="two")
    """
    held = Held(desk, "perform")
    async with desk.open(body) as remit:
        case_id = await begin(remit)
        await held.begun.wait()

        assert not await remit.cancel(case_id, person=OLGA, reason="stop")
        assert not remit.engine.may_cut(case_id)
        held.go.set()
        await remit.settled()

        assert standing(remit, case_id) == DONE
        assert states(remit, case_id) == [("note", "confirmed")]
        assert desk.performed() == ["note"]


async def test_a_read_that_does_not_come_back_is_dropped(
    desk: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.orchestration.embedded.CANCEL_SECONDS", 0.01)
    held = Held(desk, "read")
    async with desk.open(HELD) as remit:
        case_id = await begin(remit)
        await held.begun.wait()

        assert await remit.cancel(case_id, person=OLGA, reason="stop")
        await remit.settled()

        assert standing(remit, case_id) == DONE
        assert desk.performed() == []


async def test_a_run_notices_at_its_next_write_and_begins_nothing(desk: Small) -> None:
    held = Held(desk, "read")
    async with desk.open(HELD) as remit:
        case_id = await begin(remit)
        await held.begun.wait()
        assert await remit.cancel(case_id, person=OLGA, reason="stop")
        held.go.set()
        await remit.settled()

        assert standing(remit, case_id) == DONE
        assert desk.performed() == []
        assert "orchestration:effect:intended" not in events(remit, case_id)


async def test_an_outcome_that_nobody_knows_is_found_out_before_the_case_closes(
    desk: Small,
) -> None:
    """The process dies in the middle of a call that never arrived; then the case is cancelled."""
    held = Held(desk, "perform")
    async with desk.open('await run.act(note, text="one")') as remit:
        case_id = await begin(remit)
        await held.begun.wait()
        remit.dispatcher._running[case_id].cancel()  # as if the process had died here
        await asyncio.sleep(0.05)
        assert states(remit, case_id) == [("note", "intended")]

        assert not await remit.cancel(case_id, person=OLGA, reason="stop")
        await remit.settled()
        for _ in range(5):
            await testing.pass_time(remit, desk.clock, 120)

        assert standing(remit, case_id) == DONE
        assert states(remit, case_id) == [("note", "failed")]
        assert desk.performed() == []
        told = events(remit, case_id)
        assert told.count("orchestration:effect:intended") == 1
        assert "orchestration:effect:reconciled" in told
