"""What is left to people, and what they may say of an effect that nobody is sure about."""

from typing import Any

import pytest

from remit import testing
from remit.domain.task import Finding
from remit.errors import IllegalMoveError, NotEntitledError, RequestInvalidError
from remit.integrations.recorder import Fault
from tests.projects import (
    OLGA,
    PAUL,
    ROSA,
    Small,
    events,
    found,
    operations,
    result,
    send,
    standing,
    states,
)

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return done.receipt.id
"""


async def in_doubt(small: Small, remit: Any, operation: str) -> tuple[str, str]:
    """Have an effect that nobody will ever be sure about; return the case and the action."""
    small.tape.fail(operation, Fault.TIMEOUT_AFTER)
    small.tape.fail("find", Fault.UNAVAILABLE, times=999)
    case_id = await send(remit)
    for _ in range(12):
        await testing.pass_time(remit, small.clock, 4000)
    (effect,) = remit.case(case_id).effects
    assert effect.state == "ambiguous"
    return case_id, effect.action_id


async def test_an_effect_that_nobody_can_tell_of_is_one_task_of_the_owner(small: Small) -> None:
    """After eight tries it is left to a person, once, however often the case is woken."""
    async with small.open(NOTE) as remit:
        case_id, action_id = await in_doubt(small, remit, "note")
        (task,) = remit.tasks().rows
        assert (task.kind, task.owner, task.action_id) == ("doubt", OLGA, action_id)
        assert events(remit, case_id).count("governance:task:opened") == 1
        assert remit.task(task.task_id[:12]) == task


async def test_a_person_says_that_it_happened_and_the_case_goes_on(small: Small) -> None:
    """With a reference and evidence; the word is on record, and the task ends with it."""
    async with small.open(NOTE) as remit:
        case_id, action_id = await in_doubt(small, remit, "note")
        settled = await remit.settle(
            action_id,
            person=PAUL,
            finding=Finding.HAPPENED,
            reference="tape-1",
            evidence="seen in their list",
        )
        assert settled
        await remit.settled()
        assert result(remit, case_id) == "tape-1"
        assert remit.tasks().rows == ()
        (closed,) = remit.tasks(closed=True).rows
        assert (closed.how, closed.closed_by) == ("settled", PAUL)
        (said,) = found(remit, case_id, "governance:effect:attested")
        assert said.payloads["evidence"] == "seen in their list"
        with pytest.raises(IllegalMoveError, match="confirmed"):
            await remit.settle(action_id, person=PAUL, finding=Finding.ABSENT, evidence="no")
    assert small.performed() == ["note"]


async def test_a_person_says_that_it_did_not_happen_and_the_code_is_told(small: Small) -> None:
    """It is not tried again by itself: the author's code hears that nothing happened."""
    body = """
    try:
        await run.act(note, text="hello")
    except EffectFailedError as error:
        return str(error)
    """
    async with small.open(body) as remit:
        case_id, action_id = await in_doubt(small, remit, "note")
        assert await remit.settle(action_id, person=PAUL, finding=Finding.ABSENT, evidence="none")
        await remit.settled()
        assert result(remit, case_id) == ("`note` failed: person.absent; nothing happened there")


async def test_where_money_is_at_stake_two_people_say_the_same(small: Small) -> None:
    """One word, or the same word of one person twice, or two words that differ, settle nothing."""
    async with small.open(PAY) as remit:
        case_id, action_id = await in_doubt(small, remit, "pay")
        (task,) = remit.tasks().rows
        assert task.needed == 2
        for reference in ("tape-1", "tape-1", "tape-9"):
            assert not await remit.settle(
                action_id,
                person=OLGA,
                finding=Finding.HAPPENED,
                reference=reference,
                evidence="seen",
            )
        assert not await remit.settle(
            action_id, person=PAUL, finding=Finding.HAPPENED, reference="tape-1", evidence="seen"
        )
        assert await remit.settle(
            action_id, person=OLGA, finding=Finding.HAPPENED, reference="tape-1", evidence="seen"
        )
        await remit.settled()
        assert result(remit, case_id) == "tape-1"


async def test_only_the_desk_settles_and_only_what_is_in_doubt(small: Small) -> None:
    """Somebody without the role, and an effect that is known, are refused."""
    async with small.open(NOTE) as remit:
        _, action_id = await in_doubt(small, remit, "note")
        with pytest.raises(NotEntitledError, match="rosa"):
            await remit.settle(action_id, person=ROSA, finding=Finding.ABSENT, evidence="no")
        with pytest.raises(IllegalMoveError, match="ambiguous"):
            await remit.settle(action_id, person=OLGA, finding=Finding.CORRECTED, evidence="no")
        (task,) = remit.tasks().rows
        with pytest.raises(IllegalMoveError, match="settled"):
            await remit.close_task(task.task_id, person=OLGA, note="done")


async def test_a_receipt_that_the_workflow_could_not_go_on_with_is_refused(small: Small) -> None:
    """The declared result wants more than a reference."""
    more = """
class Parcel(BaseModel):
    number: str
    weight: int

@desk.action(risk="low", undo=take_back, says="Send {text}")
async def parcel(text: Annotated[str, Source.any()]) -> Parcel:
    return Parcel.model_validate(await tape.perform("mail", text=text))
"""
    small.granted, small.permitted = ("parcel",), ("pay", "note", "parcel", "take_back")
    body = 'return (await run.act(parcel, text="x")).receipt.weight'
    async with small.open(body, more=more) as remit:
        case_id, action_id = await in_doubt(small, remit, "mail")
        with pytest.raises(RequestInvalidError, match="receipt"):
            await remit.settle(
                action_id, person=OLGA, finding=Finding.HAPPENED, reference="n1", evidence="seen"
            )
        assert await remit.settle(
            action_id,
            person=OLGA,
            finding=Finding.HAPPENED,
            reference="n1",
            evidence="seen",
            receipt={"number": "n1", "weight": 3},
        )
        await remit.settled()
        assert result(remit, case_id) == 3


async def test_an_undo_that_failed_is_a_task_until_it_is_undone_or_put_right(
    small: Small,
) -> None:
    """Tried again with success, the task ends by itself; by hand, with evidence of two people."""
    small.tape.fail("undoPayment", Fault.REFUSED, times=3)
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        (task,) = remit.tasks().rows
        assert (task.kind, task.action_id, task.state) == (
            "uncompensated", effect.action_id, "uncompensated",
        )  # fmt: skip
        with pytest.raises(NotEntitledError):
            await remit.settle(
                effect.action_id, person=PAUL, finding=Finding.CORRECTED, evidence="x"
            )
        assert not await remit.settle(
            effect.action_id, person=OLGA, finding=Finding.CORRECTED, evidence="bank transfer"
        )
        small.tape.fail("undoPayment", Fault.REFUSED, times=0)
        await remit.undo(effect.action_id, person=OLGA, reason="once more")
        assert remit.tasks().rows == ()
        assert ("pay", "compensated") in states(remit, case_id)


async def test_what_was_put_right_by_hand_is_compensated(small: Small) -> None:
    """A note is worth one word of an owner."""
    small.tape.fail("undoPayment", Fault.REFUSED)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        needed = remit.tasks().rows[0].needed
        assert needed == 1
        assert await remit.settle(
            effect.action_id, person=OLGA, finding=Finding.CORRECTED, evidence="wrote to them"
        )
        assert ("note", "compensated") in states(remit, case_id)
        assert remit.tasks().rows == ()


async def test_an_undo_in_doubt_is_settled_by_a_word_and_so_is_what_it_takes_back(
    small: Small,
) -> None:
    """It happened, two people say: the payment is compensated."""
    small.tape.fail("undoPayment", Fault.TIMEOUT_AFTER)
    small.tape.fail("find", Fault.UNAVAILABLE, times=999)
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        undo = await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        for _ in range(12):
            await testing.pass_time(remit, small.clock, 4000)
        (task,) = remit.tasks().rows
        assert (task.kind, task.action_id) == ("doubt", undo)
        for person in (OLGA, PAUL):
            await remit.settle(
                undo, person=person, finding=Finding.HAPPENED, reference="t2", evidence="seen"
            )
        assert sorted(states(remit, case_id)) == [
            ("pay", "compensated"), ("take_back", "confirmed"),
        ]  # fmt: skip
        assert remit.tasks().rows == ()


async def test_code_that_fails_again_and_again_is_a_task_until_the_case_is_handled(
    small: Small,
) -> None:
    """It ends when a person has handled the case."""
    async with small.open("raise ValueError('boom')") as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "escalated"
        (task,) = remit.tasks().rows
        assert (task.kind, task.case_id, task.code) == ("fault", case_id, "ValueError")
        await remit.close_case(case_id, person=OLGA, note="by hand")
        assert remit.tasks().rows == ()


async def test_without_keys_the_task_says_so_and_nothing_is_repeated(small: Small) -> None:
    """Nobody can repeat it: it waits for a person's word."""
    small.plug(operations(keys=False))
    async with small.open(NOTE) as remit:
        await in_doubt(small, remit, "note")
        assert len(remit.tasks().rows) == 1
    assert small.performed() == ["note"]
