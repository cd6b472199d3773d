"""Many effects taken back: newest first, each under the gate, nothing skipped in silence."""

from datetime import timedelta
from typing import Any

import pytest

from remit import testing
from remit.errors import NotEntitledError, RequestInvalidError, StaleDigestError
from remit.governance.rollbacks import Plan, RollbackView, Selection
from remit.integrations.recorder import Fault
from tests.projects import (
    NAME,
    OLGA,
    PAUL,
    Small,
    found,
    lift_stop,
    send,
    set_stop,
    states,
)

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return done.receipt.id
"""
NOTE = 'return (await run.act(note, text="hello")).receipt.id'


def selection(small: Small, **more: Any) -> Selection:
    now = small.clock()
    return Selection(
        workflow=NAME, since=now - timedelta(days=1), until=now + timedelta(days=1), **more
    )


async def start(remit: Any, small: Small, **more: Any) -> RollbackView:
    wanted = selection(small, **more)
    plan: Plan = remit.plan_rollback(wanted)
    view: RollbackView = await remit.start_rollback(
        wanted, person=OLGA, reason="all wrong", digest=plan.digest
    )
    return view


def counted(view: RollbackView) -> tuple[int, int, int, int]:
    return view.planned, view.compensated, view.uncompensated, view.not_needed


async def test_a_plan_lists_what_was_done_newest_first_and_does_nothing(small: Small) -> None:
    async with small.open(PAY) as remit:
        for number in range(3):
            await send(remit, message=str(number), amount="10 EUR")
            await testing.pass_time(remit, small.clock, 60)
        plan = remit.plan_rollback(selection(small))
        assert [one.undo for one in plan.items] == ["take_back"] * 3
        times = [one.at for one in plan.items]
        assert times == sorted(times, reverse=True)
        assert {one.record for one in plan.items} == {plan.items[0].record} != {""}
        assert {one.sentence for one in plan.items} == {"Pay 10.00 EUR on 7"}
        assert ({one.money for one in plan.items}, plan.sums) == ({"10.00 EUR"}, ("30.00 EUR",))
        nothing = Selection(
            workflow=NAME, since=small.clock() + timedelta(days=1),
            until=small.clock() + timedelta(days=2),
        )  # fmt: skip
        assert remit.plan_rollback(nothing).items == ()
    assert small.performed() == ["pay"] * 3


async def test_everything_of_a_plan_is_taken_back_in_its_order(small: Small) -> None:
    async with small.open(PAY) as remit:
        cases = []
        for number in range(3):
            cases.append(await send(remit, message=str(number), amount="10 EUR"))
            await testing.pass_time(remit, small.clock, 60)
        view = await start(remit, small)
        assert counted(view) == (3, 3, 0, 0)
        assert view.finished_at is not None
        assert [one.case_id for one in view.items] == cases[::-1]
        undone = [one.arguments["reference"] for one in small.tape.effects()[3:]]
        assert undone == ["tape-3", "tape-2", "tape-1"]
        assert remit.plan_rollback(selection(small)).items == ()
        assert [one.rollback_id for one in remit.rollbacks()] == [view.rollback_id]
    assert small.tape.standing() == ()


async def test_only_an_owner_starts_one_and_only_what_was_shown(small: Small) -> None:
    async with small.open(PAY) as remit:
        wanted = selection(small)
        empty = remit.plan_rollback(wanted)
        await send(remit, amount="10 EUR")
        plan = remit.plan_rollback(wanted)
        for person, digest, error in (
            (PAUL, plan.digest, NotEntitledError),
            (OLGA, empty.digest, StaleDigestError),
        ):
            with pytest.raises(error):
                await remit.start_rollback(wanted, person=person, reason="x", digest=digest)
        other = selection(small, action="note")
        with pytest.raises(RequestInvalidError):
            await remit.start_rollback(
                other, person=OLGA, reason="x", digest=remit.plan_rollback(other).digest
            )
    assert small.performed() == ["pay"]


async def test_a_failed_undo_stops_older_ones_on_its_record_and_others_go_on(
    small: Small,
) -> None:
    """Two orders, two payments each: the newest undo fails, the older on its order is a task."""
    async with small.open(PAY) as remit:
        for number, order in enumerate(("7", "8", "8", "7")):
            await send(remit, message=str(number), order_id=order, amount="10 EUR")
            await testing.pass_time(remit, small.clock, 60)
        small.tape.fail("undoPayment", Fault.REFUSED)
        view = await start(remit, small)
        assert counted(view) == (4, 2, 2, 0)
        assert [(one.outcome, one.code) for one in view.items] == [
            ("uncompensated", "refused"), ("compensated", ""), ("compensated", ""),
            ("uncompensated", "newer_failed"),
        ]  # fmt: skip
        assert {task.code for task in remit.tasks().rows} == {"refused", "newer_failed"}
        assert len(remit.tasks().rows) == 2
    assert small.performed() == ["pay"] * 4 + ["undoPayment"] * 2


async def test_an_undo_in_doubt_lets_older_ones_on_its_record_wait(small: Small) -> None:
    async with small.open(PAY) as remit:
        for number in range(2):
            await send(remit, message=str(number), amount="10 EUR")
            await testing.pass_time(remit, small.clock, 60)
        small.tape.fail("undoPayment", Fault.TIMEOUT_AFTER)
        view = await start(remit, small)
        assert counted(view) == (2, 0, 0, 0)
        assert view.finished_at is None
        assert small.performed() == ["pay", "pay", "undoPayment"]
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 5)
        assert counted(remit.rollback_of(view.rollback_id)) == (2, 2, 0, 0)
    assert small.tape.standing() == ()


async def test_an_effect_in_doubt_is_undone_once_it_is_known(small: Small) -> None:
    """Not known when the rollback began; found, it is undone, and it counts."""
    small.tape.fail("note", Fault.TIMEOUT_AFTER)
    small.tape.fail("find", Fault.UNAVAILABLE, times=1)
    async with small.open(NOTE) as remit:
        await send(remit)
        view = await start(remit, small)
        assert counted(view) == (1, 0, 0, 0)
        for _ in range(4):
            await testing.pass_time(remit, small.clock, 20)
        assert counted(remit.rollback_of(view.rollback_id)) == (1, 1, 0, 0)
    assert small.performed() == ["note", "undoPayment"]


async def test_what_did_not_happen_after_all_is_not_needed(small: Small) -> None:
    small.tape.fail("note", Fault.ERROR_BEFORE)
    small.tape.fail("find", Fault.UNAVAILABLE, times=1)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        view = await start(remit, small)
        await remit.cancel(case_id, person=OLGA, reason="stop")
        for _ in range(4):
            await testing.pass_time(remit, small.clock, 20)
        assert counted(remit.rollback_of(view.rollback_id)) == (1, 0, 0, 1)
    assert small.performed() == []


MOVE = """
class Parcel(BaseModel):
    id: Annotated[str, System]
    street: str

@desk.tool
async def get_parcel(order_id: str) -> Parcel:
    return Parcel.model_validate(await tape.read("getOrder", order_id=order_id))

@desk.action(risk="low", undo=take_back, says="Send {order_id} to {street}", on=get_parcel)
async def move(
    order_id: Annotated[str, Source.tool("get_parcel", "id")],
    street: Annotated[str, Source.any()],
) -> Done:
    return Done.model_validate(await tape.perform("mail", order_id=order_id, street=street))
"""
MOVED = """
parcel = await run.read(get_parcel, order_id=case.order_id)
done = await run.act(move, order_id=parcel.id, street="New Road")
return done.receipt.id
"""


@pytest.mark.parametrize(("now", "outcome"), [("New Road", "compensated"), ("Third Way", "")])
async def test_a_world_that_shows_something_else_is_a_conflict(
    small: Small, now: str, outcome: str
) -> None:
    """Somebody has changed it since: nothing is undone over their head; a person has it."""
    small.order = {"id": "7", "street": "Old Lane"}
    small.granted, small.permitted = ("move",), ("move", "take_back", "pay", "note")
    async with small.open(MOVED, more=MOVE) as remit:
        case_id = await send(remit)
        small.order = {"id": "7", "street": now}
        view = await start(remit, small)
        (item,) = view.items
        if outcome:
            assert (item.outcome, item.code) == ("compensated", "")
        else:
            assert (item.outcome, item.code) == ("uncompensated", "conflict")
            assert [task.code for task in remit.tasks().rows] == ["conflict"]
            assert len(found(remit, case_id, "orchestration:tool:read")) == 2
    assert len(small.performed()) == (2 if outcome else 1)


async def test_what_cannot_be_undone_is_a_task(small: Small) -> None:
    more = """
@desk.action(risk="irreversible", irreversible=True, says="Mail {text}")
async def mail(text: Annotated[str, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("mail", text=text))
"""
    small.granted, small.permitted = (), ("mail", "pay", "note", "take_back")
    async with small.open('await run.act(mail, text="x")', more=more) as remit:
        case_id = await send(remit)
        for person in (OLGA, PAUL):
            (row,) = remit.inbox(person=OLGA).rows
            await testing.decide(remit, row.approval_id, person=person)
        await testing.pass_time(remit, small.clock, 1)
        assert states(remit, case_id) == [("mail", "confirmed")]
        plan = remit.plan_rollback(selection(small))
        assert "cannot be undone" in plan.items[0].note
        view = await start(remit, small)
        assert counted(view) == (1, 0, 1, 0)
        assert view.items[0].code == "no_undo"
        assert [task.kind for task in remit.tasks().rows] == ["uncompensated"]


async def test_a_plain_stop_lets_a_rollback_pass_and_a_hard_one_does_not(small: Small) -> None:
    async with small.open(PAY) as remit:
        for number in range(2):
            await send(remit, message=str(number), order_id=str(number), amount="10 EUR")
            await testing.pass_time(remit, small.clock, 60)
        await set_stop(remit, hard=False)
        view = await start(remit, small)
        assert counted(view) == (2, 2, 0, 0)
        await lift_stop(remit)
        await send(remit, message="third", order_id="9", amount="10 EUR")
        await set_stop(remit, hard=True, scope="everything")
        held = await start(remit, small)
        assert counted(held) == (1, 0, 1, 0)
        assert "stop.hard" in held.items[0].code
    assert small.performed() == ["pay", "pay", "undoPayment", "undoPayment", "pay"]
