"""What an effect rests on is read again when it has become old."""

from typing import Any

import pytest

from remit import testing
from remit.integrations.recorder import Fault
from tests.projects import Small, found, result, send, standing, states

pytestmark = pytest.mark.anyio

SLOW = """
order = await run.read(get_order, order_id=case.order_id)
await run.sleep({seconds})
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.receipt.id
"""


def reads(small: Small) -> int:
    return len([call for call, _ in small.tape.calls if call.operation == "getOrder"])


async def slept(small: Small, remit: Any, seconds: float) -> str:
    case_id = await send(remit)
    await testing.pass_time(remit, small.clock, seconds + 1)
    return case_id


async def test_what_is_fresh_is_not_read_again(small: Small) -> None:
    async with small.open(SLOW.format(seconds=30)) as remit:
        assert result(remit, await slept(small, remit, 30)) == "tape-1"
    assert reads(small) == 1


async def test_what_is_older_than_a_minute_is_read_again_and_not_recorded_if_it_is_the_same(
    small: Small,
) -> None:
    async with small.open(SLOW.format(seconds=90)) as remit:
        case_id = await slept(small, remit, 90)
        assert result(remit, case_id) == "tape-1"
        assert len(found(remit, case_id, "orchestration:tool:read")) == 1
    assert reads(small) == 2


async def test_a_world_that_has_changed_since_is_what_the_gate_is_told(small: Small) -> None:
    """The order is worth less by now: what was read first proves nothing any more."""
    async with small.open(SLOW.format(seconds=90)) as remit:
        case_id = await send(remit)
        small.order = {**small.order, "total": {"amount": "20.00", "currency": "EUR"}}
        await testing.pass_time(remit, small.clock, 91)
        assert states(remit, case_id) == [("pay", "denied")]
        assert len(found(remit, case_id, "orchestration:tool:read")) == 2
    assert small.performed() == []


async def test_where_the_other_system_is_away_it_waits_and_goes_on(small: Small) -> None:
    async with small.open(SLOW.format(seconds=90)) as remit:
        case_id = await send(remit)
        small.tape.fail("getOrder", Fault.UNAVAILABLE)
        await testing.pass_time(remit, small.clock, 91)
        assert standing(remit, case_id) == ("parked", "retry")
        assert small.performed() == []
        await testing.pass_time(remit, small.clock, 31)
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["pay"]
