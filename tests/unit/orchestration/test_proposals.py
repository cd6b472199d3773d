"""From what workflow code asks for to what became of it, on a tape that can go wrong."""

import asyncio

import pytest

from remit import testing
from remit.domain import actor
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell, Level
from remit.governance import stops
from remit.integrations.recorder import Fault
from tests.projects import (
    NAME,
    OLGA,
    PAUL,
    Small,
    events,
    notes,
    operations,
    result,
    send,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
amount = case.amount or order.total
done = await run.act(pay, order_id=order.id, amount=amount)
return done.receipt.id
"""

NOTE = 'return (await run.act(note, text="hello")).receipt.id'


async def _at(small: Small, seconds: float, remit: object) -> None:
    await testing.pass_time(remit, small.clock, seconds)  # type: ignore[arg-type]


async def test_no_more_than_times_max_are_performed(small: Small) -> None:
    """The third note of a case that may have two does not run."""
    async with small.open("for n in range(3):\n    await run.act(note, text=str(n))\n") as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] != "closed"
    assert small.performed() == ["note", "note"]


async def test_a_no_stands_for_the_intent_in_the_case(small: Small) -> None:
    """After a person's no the same action is not even asked for again."""
    body = """
    for text in ("one", "two"):
        try:
            await run.act(note, text=text)
        except ActionDeniedError:
            pass
    return "gave up"
    """
    small.granted = ()
    async with small.open(body) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        await testing.decide(
            remit, row.approval_id, person=OLGA, verdict=Verdict.REJECT, reason=RejectReason.FACTS
        )
        await remit.settled()
        assert waiting(remit) == ()
        assert result(remit, case_id) == "gave up"
        assert [state for _, state in states(remit, case_id)] == ["denied", "denied"]
    assert small.performed() == []


async def test_one_branch_may_be_held_while_the_other_acts(small: Small) -> None:
    """The allowed one is done once, also after the held one has come."""
    small.granted = ("note",)
    body = """
    order = await run.read(get_order, order_id=case.order_id)
    both = await run.gather(
        run.act(pay, order_id=order.id, amount=order.total), run.act(note, text="beside")
    )
    return [one.state for one in both]
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        assert small.performed() == ["note"]
        (row,) = waiting(remit)
        await testing.decide(remit, row.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 1)
        assert result(remit, case_id) == ["confirmed", "confirmed"]
    assert sorted(small.performed()) == ["note", "pay"]


@pytest.mark.parametrize(
    "action",
    [
        "await tape.read('getOrder', order_id='7')",
        "return {'id': 'made up'}",
        "raise ValueError('canary-value')",
        "return await tape.perform('launch', text=text)",
        "return await elsewhere.perform('note', text=text)",
    ],
    ids=["reads", "no call", "raises", "unknown operation", "unknown connector"],
)
async def test_an_action_body_that_does_not_make_its_one_call_performs_nothing(
    small: Small, action: str
) -> None:
    """It is found before anything is sent, and a person is told."""
    more = f"""
elsewhere = desk.connector("elsewhere")

@desk.action(risk="low", undo=take_back, says="Odd {{text}}")
async def odd(text: Annotated[str, Source.any()]) -> Any:
    {action}
"""
    small.granted, small.permitted = ("odd",), ("pay", "note", "odd", "take_back")
    async with small.open('return (await run.act(odd, text="x")).state', more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "escalated", states(remit, case_id)
        assert "canary" not in notes(remit, case_id)[0]
        assert remit.counts()["balance"] == 0
    assert small.performed() == []


async def test_a_body_that_calls_twice_has_one_effect(small: Small) -> None:
    """The second call of a body does not reach the other system."""
    more = """
@desk.action(risk="low", undo=take_back, says="Twice {text}")
async def double(text: Annotated[str, Source.any()]) -> Any:
    await tape.perform("note", text=text)
    return await tape.perform("mail", text=text)
"""
    small.granted, small.permitted = ("double",), ("pay", "note", "double", "take_back")
    async with small.open('return (await run.act(double, text="x")).state', more=more) as remit:
        await send(remit)
    assert small.performed() in ([], ["note"])


async def test_a_wrong_or_unknown_parameter_proposes_nothing(small: Small) -> None:
    """Arguments that the action does not take go no further."""
    for body in (
        'await run.act(note, text="x", colour="red")',
        "await run.act(note)",
        "await run.act(note, text=5)",
    ):
        async with small.open(body) as remit:
            case_id = await send(remit)
            assert standing(remit, case_id)[0] == "escalated", (body, states(remit, case_id))
    assert small.performed() == []


async def test_what_was_not_sent_is_tried_three_times_under_the_gate(small: Small) -> None:
    """Each try is decided and intended again, then the author is told."""
    small.tape.fail("note", Fault.NOT_SENT, times=99)
    body = """
    try:
        await run.act(note, text="hello")
    except EffectFailedError as error:
        return "failed"
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        for _ in range(5):
            await testing.pass_time(remit, small.clock, 60)
        assert result(remit, case_id) == "failed"
        assert events(remit, case_id).count("orchestration:effect:intended") == 3
        assert events(remit, case_id).count("policy:action:decided") == 3
    assert small.performed() == []


async def test_a_try_that_is_sent_at_last_is_done_once(small: Small) -> None:
    """Not sent twice, then done."""
    small.tape.fail("note", Fault.NOT_SENT, times=2)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        for _ in range(5):
            await testing.pass_time(remit, small.clock, 60)
        assert result(remit, case_id) == "tape-1"
        assert remit.verify().result == "intact"
    assert small.performed() == ["note"]


async def test_a_stop_holds_what_is_tried_again(small: Small) -> None:
    """A retry goes through the gate: a stop that came in between holds it."""
    small.tape.fail("note", Fault.NOT_SENT, times=1)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        await remit.write(
            lambda uow: stops.set_stop(
                uow, scope="everything", sentence="wait", by=actor.person(OLGA)
            )
        )
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 60)
        assert standing(remit, case_id)[0] != "closed"
        assert small.performed() == []


async def test_a_refusal_is_caught_again_on_replay(small: Small) -> None:
    """The author's `except` meets the same class and words after a pause."""
    small.tape.fail("note", Fault.REFUSED)
    body = """
    said = []
    try:
        await run.act(note, text="hello")
    except StepRefused as error:
        said.append([type(error).__name__, str(error)])
    await run.sleep(60)
    return said
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == [
            ["EffectFailedError", "`note` failed: refused; nothing happened there"]
        ]


async def test_an_answer_that_never_came_is_looked_up_and_never_repeated(small: Small) -> None:
    """It happened; the other system is asked, and the effect is confirmed exactly once."""
    small.tape.fail("note", Fault.TIMEOUT_AFTER)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 5)
        assert result(remit, case_id) == "tape-1"
        names = events(remit, case_id)
        assert "orchestration:effect:ambiguous" in names
        assert "orchestration:effect:reconciled" in names
        assert names.count("orchestration:effect:confirmed") == 1
        assert names.count("orchestration:effect:intended") == 1
    assert small.performed() == ["note"]


async def test_an_error_before_is_repeated_under_the_same_key(small: Small) -> None:
    """Nothing is there, keys are honoured: the next attempt bears the same key."""
    small.tape.fail("note", Fault.ERROR_BEFORE)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 5)
        assert result(remit, case_id) == "tape-1", events(remit, case_id)
        keys = [key for call, key in small.tape.calls if call.operation == "note"]
        assert len(keys) == 2
        assert keys[0] == keys[1]
    assert small.performed() == ["note"]


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.TIMEOUT_AFTER])
async def test_without_keys_nothing_is_ever_repeated(small: Small, fault: Fault) -> None:
    """Nobody knows: it waits for a person, however long."""
    small.plug(operations(keys=False))
    small.tape.fail("note", fault)
    small.tape.fail("find", Fault.UNAVAILABLE, times=99)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        for _ in range(12):
            await testing.pass_time(remit, small.clock, 4000)
        assert states(remit, case_id) == [("note", "ambiguous")]
        assert standing(remit, case_id) == ("parked", "effect")
        assert remit.counts()["balance"] == 0
    assert len([call for call, _ in small.tape.calls if call.operation == "note"]) == 1


async def test_a_stop_between_yes_and_effect_holds_and_lifting_lets_it_go(small: Small) -> None:
    """A yes does not outrank a stop."""
    small.granted, small.grace = (), 10
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        await testing.decide(remit, row.approval_id, person=OLGA)
        await remit.write(
            lambda uow: stops.set_stop(
                uow, scope=f"workflow:{NAME}", sentence="wait", by=actor.person(OLGA)
            )
        )
        await testing.pass_time(remit, small.clock, 11)
        assert small.performed() == []
        assert standing(remit, case_id)[0] in {"parked", "escalated"}
        for person in (OLGA, PAUL):
            await remit.write(
                lambda uow, person=person: stops.lift_stop(
                    uow, scope=f"workflow:{NAME}", reason="go", person=person
                )
            )
        await testing.pass_time(remit, small.clock, 1)
        for again in waiting(remit):
            await testing.decide(remit, again.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 11)
        assert small.performed() == ["note"], (standing(remit, case_id), states(remit, case_id))
        assert remit.verify().result == "intact"


async def test_a_lowered_grant_binds_the_next_proposal(small: Small) -> None:
    """Granted before, lowered now: the next one waits for a person."""
    async with small.open(NOTE) as remit:
        await send(remit, message="first")
        assert small.performed() == ["note"]
        cell = Cell(workflow=NAME, action="note")
        await remit.lower_grant(cell, to=Level.APPROVE_EACH, person=OLGA, reason="as it went")
        case_id = await send(remit, message="second")
        assert standing(remit, case_id) == ("parked", "approval")
    assert small.performed() == ["note"]


async def test_two_cases_never_exceed_together_what_one_record_allows(small: Small) -> None:
    """Two payments of 30 on an order of 50: the second goes to a person."""
    given = {"order_id": "7", "amount": "30 EUR"}
    async with small.open(PAY) as remit:
        first, second = await asyncio.gather(
            *(
                remit.receive(NAME, given | {"message": text}, channel="test")
                for text in ("first", "second")
            )
        )
        await remit.settled()
        ends = sorted(standing(remit, one.case_id)[0] for one in (first, second))
        assert ends == ["closed", "escalated"], notes(remit, second.case_id)
        third = await send(remit, message="third", amount="20 EUR")
        assert standing(remit, third)[0] == "closed"
    assert small.performed() == ["pay", "pay"]


async def test_many_cases_on_one_record_at_once_stay_inside_its_total(small: Small) -> None:
    """Twelve payments of 10 on an order of 50, all at once: five run."""
    given = {"order_id": "7", "amount": "10 EUR"}
    async with small.open(PAY) as remit:
        await asyncio.gather(
            *(remit.receive(NAME, given | {"message": str(n)}, channel="test") for n in range(12))
        )
        await remit.settled()
        assert small.performed() == ["pay"] * 5
        assert remit.counts()["balance"] == 0


async def test_a_record_that_is_gone_when_it_is_read_again_sends_the_case_to_a_person(
    small: Small,
) -> None:
    """The author's code asked for no read there: it does not meet a refusal that no replay has."""
    small.granted = ()
    body = """
    order = await run.read(get_order, order_id=case.order_id)
    try:
        await run.act(pay, order_id=order.id, amount=order.total)
    except StepRefused:
        await run.new_id()
    """
    async with small.open(body) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        small.tape._answers.clear()
        await testing.decide(remit, row.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 1)
        assert standing(remit, case_id) == ("escalated", "tool.not_found")
        assert "orchestration:case:diverged" not in events(remit, case_id)
    assert small.performed() == []
