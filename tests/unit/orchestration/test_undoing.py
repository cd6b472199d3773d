"""An undo is an effect of its own: under the gate, found out about, tried again."""

from typing import Any

import pytest

from remit import testing
from remit.domain import actor
from remit.errors import IllegalMoveError
from remit.governance import stops
from remit.integrations.recorder import Fault
from tests.projects import OLGA, Small, found, send, states

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return done.receipt.id
"""


async def performed(remit: Any, small: Small, body: str = PAY) -> tuple[str, str]:
    """Have the one effect of a case performed; return the case and the action."""
    del body
    case_id = await send(remit)
    (effect,) = remit.case(case_id).effects
    assert effect.state == "confirmed", effect
    return case_id, effect.action_id


@pytest.mark.parametrize("body", [PAY, NOTE])
async def test_two_actions_may_share_one_undo(small: Small, body: str) -> None:
    """`take_back` undoes a payment and a note alike."""
    async with small.open(body) as remit:
        case_id, action_id = await performed(remit, small)
        await remit.undo(action_id, person=OLGA, reason="wrong")
        assert ("take_back", "confirmed") in states(remit, case_id)
        assert "compensated" in {state: name for name, state in states(remit, case_id)}
    assert small.tape.standing() == ()


async def test_an_undo_whose_answer_never_came_is_found_out_about(small: Small) -> None:
    """The timekeeper asks the other system; the original is compensated once it knows."""
    small.tape.fail("undoPayment", Fault.TIMEOUT_AFTER)
    async with small.open(PAY) as remit:
        case_id, action_id = await performed(remit, small)
        await remit.undo(action_id, person=OLGA, reason="wrong")
        assert sorted(states(remit, case_id)) == [
            ("pay", "compensating"), ("take_back", "ambiguous"),
        ]  # fmt: skip
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 5)
        assert sorted(states(remit, case_id)) == [
            ("pay", "compensated"), ("take_back", "confirmed"),
        ]  # fmt: skip
    assert small.performed() == ["pay", "undoPayment"]


async def test_an_undo_that_failed_before_is_repeated_under_its_key(small: Small) -> None:
    """Nothing is there and keys are honoured: the gate is asked, and it is repeated."""
    small.tape.fail("undoPayment", Fault.ERROR_BEFORE)
    async with small.open(PAY) as remit:
        case_id, action_id = await performed(remit, small)
        await remit.undo(action_id, person=OLGA, reason="wrong")
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 5)
        assert ("pay", "compensated") in states(remit, case_id)
        keys = {key for call, key in small.tape.calls if call.operation == "undoPayment"}
        assert len(keys) == 1
    assert small.performed() == ["pay", "undoPayment"]


async def test_a_hard_stop_holds_an_undo_that_would_be_repeated(small: Small) -> None:
    """To repeat is to act: the stop that came in between holds it."""
    small.tape.fail("undoPayment", Fault.ERROR_BEFORE)
    async with small.open(PAY) as remit:
        case_id, action_id = await performed(remit, small)
        await remit.undo(action_id, person=OLGA, reason="wrong")
        await remit.write(
            lambda uow: stops.set_stop(
                uow, scope="everything", sentence="x", by=actor.person(OLGA), hard=True
            )
        )
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 5)
        assert ("take_back", "ambiguous") in states(remit, case_id)
        assert small.performed() == ["pay"]


async def test_a_stop_that_comes_between_facts_and_intent_of_an_undo_is_seen(
    small: Small,
) -> None:
    """Grants and stops are compared in the transaction that holds the intent."""
    async with small.open(PAY) as remit:
        case_id, action_id = await performed(remit, small)
        read = remit.undoing.intending.read
        came = []

        async def slow(work: Any) -> Any:
            gathered = await read(work)
            if not came:
                came.append(True)
                await remit.write(
                    lambda uow: stops.set_stop(
                        uow,
                        scope="everything",
                        sentence="x",
                        by=actor.person(OLGA),
                        hard=True,
                    )
                )
            return gathered

        object.__setattr__(remit.undoing.intending, "read", slow)
        await remit.undo(action_id, person=OLGA, reason="wrong")
        assert ("pay", "uncompensated") in states(remit, case_id)
        assert not found(remit, case_id, "orchestration:effect:late")
    assert small.performed() == ["pay"]


async def test_an_undo_that_was_refused_can_be_tried_again(small: Small) -> None:
    """Each try is a proposal of its own."""
    small.tape.fail("undoPayment", Fault.REFUSED, times=2)
    async with small.open(PAY) as remit:
        case_id, action_id = await performed(remit, small)
        for _ in range(2):
            await remit.undo(action_id, person=OLGA, reason="wrong")
            assert ("pay", "uncompensated") in states(remit, case_id)
        await remit.undo(action_id, person=OLGA, reason="wrong")
        assert ("pay", "compensated") in states(remit, case_id)
        assert sorted(state for name, state in states(remit, case_id) if name == "take_back") == [
            "confirmed", "failed", "failed",
        ]  # fmt: skip
        with pytest.raises(IllegalMoveError, match="compensated"):
            await remit.undo(action_id, person=OLGA, reason="wrong")
    assert small.performed() == ["pay", "undoPayment"]


async def test_an_undo_does_not_end_the_run_of_its_case(small: Small) -> None:
    """A case that waits goes on as if nothing had been undone."""
    body = """
    done = await run.act(note, text="hello")
    await run.sleep(60)
    await run.act(note, text="again")
    return done.receipt.id
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        await testing.pass_time(remit, small.clock, 61)
        assert remit.case(case_id).row.status == "closed"
    assert small.performed() == ["note", "undoPayment", "note"]
