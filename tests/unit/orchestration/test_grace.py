"""Grace: what is allowed waits as long as a rule or the action asks, and can be taken back."""

import pytest

from remit import testing
from remit.errors import ApprovalClosedError
from tests.projects import (
    NAME,
    OLGA,
    PAUL,
    Small,
    events,
    result,
    send,
    set_stop,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
RULE = """
@id("waits") @says("notes wait an hour") @owner("olga") @since("2026-11-01")
@obligation("{what}")
permit (principal, action == Action::"small-desk.note", resource);
"""


def asking(small: Small, what: str) -> None:
    """Let notes run under a rule with an obligation, and under no other."""
    small.permitted = ("pay", "take_back")
    small.policy = RULE.format(what=what)


async def test_a_rule_makes_what_runs_alone_wait(small: Small) -> None:
    """The time that a rule asks for passes before anything is sent."""
    asking(small, "grace(seconds=3600)")
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "cleared")]
        assert standing(remit, case_id) == ("parked", "grace")
        await testing.pass_time(remit, small.clock, 3500)
        assert small.performed() == []
        await testing.pass_time(remit, small.clock, 200)
        assert result(remit, case_id) == "tape-1"
        assert events(remit, case_id).count("policy:action:decided") == 2
    assert small.performed() == ["note"]


async def test_a_rule_makes_a_yes_wait_longer_than_the_desk_does(small: Small) -> None:
    """Ten seconds at the desk, an hour by the rule; take back works until then."""
    asking(small, "grace(seconds=3600)")
    small.granted, small.grace = (), 10
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        await testing.decide(remit, row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("note", "cleared")]
        view = remit.approval(row.approval_id, person=PAUL)
        assert view.effect_due_at is not None
        await testing.pass_time(remit, small.clock, 3700)
        assert result(remit, case_id) == "tape-1"
        second = await send(remit, message="second")
        (row,) = waiting(remit)
        await testing.decide(remit, row.approval_id, person=PAUL)
        for _ in range(3):
            await testing.pass_time(remit, small.clock, 600)
        await remit.take_back(row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 3700)
        assert states(remit, second) == [("note", "withdrawn")]
    assert small.performed() == ["note"]


async def test_what_runs_alone_is_taken_back_for_certain_while_it_waits(small: Small) -> None:
    """Nothing went out, and the case is with a person at once."""
    asking(small, "grace(seconds=3600)")
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        assert effect.begins_at is not None
        await remit.withdraw(effect.action_id, person=PAUL)
        await remit.settled()
        assert states(remit, case_id) == [("note", "withdrawn")]
        assert standing(remit, case_id)[0] == "escalated"
        with pytest.raises(ApprovalClosedError, match="undo"):
            await remit.withdraw(effect.action_id, person=PAUL)
    assert small.performed() == []


async def test_a_stop_in_the_grace_time_holds(small: Small) -> None:
    """After the wait the gate is asked once more."""
    asking(small, "grace(seconds=60)")
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        await set_stop(remit, hard=False, scope=f"workflow:{NAME}")
        await testing.pass_time(remit, small.clock, 61)
        assert states(remit, case_id) == [("note", "held")]
    assert small.performed() == []


async def test_an_action_may_declare_a_grace_time_of_its_own(small: Small) -> None:
    """Also where it runs alone."""
    more = """
@desk.action(risk="low", undo=take_back, says="Slow {text}", grace_seconds=30)
async def slow(text: Annotated[str, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("note", text=text))
"""
    small.granted, small.permitted = ("slow",), ("pay", "note", "slow", "take_back")
    async with small.open('return (await run.act(slow, text="x")).receipt.id', more=more) as remit:
        case_id = await send(remit)
        assert small.performed() == []
        await testing.pass_time(remit, small.clock, 31)
        assert result(remit, case_id) == "tape-1"


@pytest.mark.parametrize(
    ("what", "kind", "owner"),
    [("notify(role=payer)", "notice", "role:payer"), ("review", "review", OLGA)],
)
async def test_who_is_to_be_told_and_what_is_to_be_reviewed_is_a_task(
    small: Small, what: str, kind: str, owner: str
) -> None:
    """An obligation is carried out with the effect, in the commit of its intent."""
    asking(small, what)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert result(remit, case_id) == "tape-1"
        (task,) = remit.tasks().rows
        assert (task.kind, task.owner, task.action) == (kind, owner, "note")
        await remit.close_task(task.task_id, person=OLGA, note="seen")
        assert remit.tasks().rows == ()
        assert remit.task(task.task_id).closed_by == OLGA


async def test_a_rule_that_makes_an_undo_wait_holds_it(small: Small) -> None:
    """It cannot be carried out for an undo, and so it is said and not ignored."""
    small.permitted = ("pay", "note")
    small.policy = RULE.format(what="grace(seconds=60)").replace(
        "small-desk.note", "small-desk.take_back"
    )
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        assert ("note", "uncompensated") in states(remit, case_id)
        assert [task.code for task in remit.tasks().rows] == ["gate: policy.obligation"]
    assert small.performed() == ["note"]
