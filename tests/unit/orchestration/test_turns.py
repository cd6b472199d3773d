"""Turns, faults and takeovers: a run that ends without a wait goes on where it was."""

import asyncio
from typing import Any

import pytest

from remit.integrations.connector import Call
from remit.store import workers
from tests.projects import Small, events, found, result, send, standing

pytestmark = pytest.mark.anyio


async def test_a_case_of_many_steps_gives_the_others_a_turn_and_repeats_nothing(
    small: Small,
) -> None:
    body = "return len({await run.new_id() for _ in range(250)})"
    async with small.open(body) as remit:
        case_id = await send(remit)

        assert result(remit, case_id) == 250
        told = found(remit, case_id, "orchestration:run:yielded")
        assert [one.body for one in told] == [{"reason": "turn", "steps": 100}] * 2
        assert events(remit, case_id).count("orchestration:value:derived") == 250
        assert remit.dispatcher.turns == 3


async def test_a_fault_is_tried_again_and_what_was_done_before_it_is_not(small: Small) -> None:
    more = "calls = []"
    body = """
    number = await run.random()
    calls.append(number)
    if len(calls) < 3:
        raise ValueError(f"value {number}")
    return len(set(calls))
    """
    async with small.open(body, more=more, replays=False) as remit:
        case_id = await send(remit)

        assert result(remit, case_id) == 1
        faults = found(remit, case_id, "orchestration:run:faulted")
        assert [one.body for one in faults] == [
            {"code": "ValueError", "attempt": 1}, {"code": "ValueError", "attempt": 2},
        ]  # fmt: skip
        assert all("small.py:" in str(one.payloads["trace"]) for one in faults)


async def test_the_third_fault_goes_to_a_person_also_across_restarts(small: Small) -> None:
    body = "raise KeyError('anna@example.org')"
    async with small.open(body, more="") as remit:
        case_id = await send(remit)

        assert standing(remit, case_id) == ("escalated", "faulted")
        assert len(found(remit, case_id, "orchestration:run:faulted")) == 2
        said = str([entry.payloads for entry in remit.entries(case_id)][1:])
        assert "anna" not in said

        await remit.hand_back(case_id, person="olga", note="try again")
        await remit.settled()

        assert standing(remit, case_id) == ("escalated", "faulted")
        assert len(found(remit, case_id, "orchestration:run:faulted")) == 4


async def test_a_run_ends_at_its_next_step_when_the_process_is_to_stop(small: Small) -> None:
    body = """
    first = await run.random()
    order = await run.read(get_order, order_id="7")
    second = await run.random()
    return [first, order.id, second]
    """
    begun, go = asyncio.Event(), asyncio.Event()
    read = small.tape.read

    async def held(call: Call, **given: Any) -> Any:
        begun.set()
        await go.wait()
        return await read(call, **given)

    small.tape.read = held  # type: ignore[method-assign]  # a slow system
    async with small.open(body) as remit:
        admission = await remit.receive("small-desk", {"order_id": "7"}, channel="test")
        await begun.wait()
        remit.dispatcher.end()
        go.set()
        await remit.worker.stop()
        case_id = admission.case_id

        assert standing(remit, case_id) == ("ready", None)
        assert events(remit, case_id)[1:] == [
            "orchestration:value:derived", "orchestration:tool:read",
        ]  # fmt: skip
        assert remit.database.read(workers.unended) == []
    async with small.open() as remit:
        await remit.settled()

        assert result(remit, case_id)[1] == "7"
        assert events(remit, case_id).count("orchestration:value:derived") == 2
        assert "orchestration:case:reassigned" not in events(remit, case_id)
