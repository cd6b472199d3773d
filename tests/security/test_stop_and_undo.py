"""Requirements 21 to 24: what halts, and what is taken back."""

import ast
from pathlib import Path

import pytest

from remit import Workflow, testing
from remit.domain.action import Risk
from remit.domain.autonomy import RISK_CEILING, Level
from remit.errors import RegistrationError
from remit.integrations.recorder import Fault
from tests.projects import (
    NAME,
    ODA,
    OLGA,
    OTTO,
    Small,
    only_waiting,
    send,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
NOTE = 'return (await run.act(note, text="hello")).state'


async def test_21_a_stop_bites_at_the_next_intent_survives_and_two_people_lift_it(
    small: Small,
) -> None:
    """One operator sets it; a restart changes nothing; one person alone lifts nothing."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(f"workflow:{NAME}", person=OTTO, sentence="wrong amounts")
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "held")]
    async with small.open(NOTE) as remit:
        await testing.pass_time(remit, small.clock, 3600)
        assert states(remit, case_id) == [("note", "held")]
        assert not await remit.lift_stop(f"workflow:{NAME}", person=OTTO, reason="mended")
        assert not await remit.lift_stop(f"workflow:{NAME}", person=OTTO, reason="mended")
        await testing.pass_time(remit, small.clock, 60)
        assert small.performed() == []
        assert await remit.lift_stop(f"workflow:{NAME}", person=ODA, reason="looked at it")
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("note", "confirmed")]
    assert small.performed() == ["note"]


async def test_21_a_stop_between_the_yes_and_the_effect_holds_it(small: Small) -> None:
    """Also what is being found out about, and never what is only read."""
    small.granted, small.grace = (), 10
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        await testing.decide(remit, only_waiting(remit).approval_id, person=OLGA)
        await remit.set_stop("everything", person=OTTO, sentence="a break-in", hard=True)
        await testing.pass_time(remit, small.clock, 60)
        assert dict(states(remit, case_id))["pay"] != "confirmed"
        other = await send(remit, order_id="8")
        assert remit.case(other).timeline.lines, "intake and reading go on"
    assert small.performed() == []


def test_22_an_action_without_undo_is_refused_unless_it_says_that_it_has_none() -> None:
    desk = Workflow("a-desk")

    async def send_it(text: str) -> None:
        """Never runs."""

    with pytest.raises(RegistrationError, match="undo"):
        desk.action(risk="low", says="Send {text}")(send_it)


@pytest.mark.parametrize(
    "module",
    sorted((Path(__file__).parents[2] / "examples").rglob("*.py"), key=str),
    ids=lambda path: path.parent.name,
)
def test_22_every_action_that_we_ship_declares_one_of_both(module: Path) -> None:
    tree = ast.parse(module.read_text())
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "action"
    ]
    for call in calls:
        said = {keyword.arg for keyword in call.keywords}
        assert said & {"undo", "irreversible"}, ast.unparse(call)


async def test_22_what_cannot_be_undone_is_asked_whatever_was_granted(small: Small) -> None:
    more = """
@desk.action(risk="irreversible", irreversible=True, says="Mail {text}")
async def mail(text: Annotated[str, Source.any()]) -> Any:
    return await tape.perform("mail", text=text)
"""
    small.permitted = (*small.permitted, "mail")
    small.granted = ("mail",)
    async with small.open('await run.act(mail, text="x")', more=more) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("mail", "held")]
        assert only_waiting(remit).votes_needed == 2
    assert small.performed() == []
    assert RISK_CEILING[Risk.IRREVERSIBLE] is Level.APPROVE_EACH


async def test_23_an_answer_that_is_lost_is_looked_up_and_never_repeated(small: Small) -> None:
    small.tape.fail("note", Fault.TIMEOUT_AFTER)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "ambiguous")]
        for _ in range(12):
            await testing.pass_time(remit, small.clock, 600)
        assert states(remit, case_id) == [("note", "confirmed")]
    assert small.performed() == ["note"]


async def test_24_an_undo_that_no_rule_permits_does_not_run(small: Small) -> None:
    small.policy = """
@id("no-undo") @says("Nobody takes it back") @owner("olga") @since("2026-11-01")
forbid (principal, action == Action::"small-desk.take_back", resource);
"""
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        await testing.pass_time(remit, small.clock, 1)
        assert dict(states(remit, case_id))["take_back"] == "denied"
    assert small.performed() == ["note"]


async def test_24_an_undo_is_an_effect_of_its_own_in_the_record(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        (effect,) = remit.case(case_id).effects
        await remit.undo(effect.action_id, person=OLGA, reason="wrong")
        await testing.pass_time(remit, small.clock, 1)
        assert dict(states(remit, case_id)) == {"pay": "compensated", "take_back": "confirmed"}
        said = [entry.event for entry in remit.entries(case_id)]
        assert said.count("policy:action:decided") == 2
        assert said.count("orchestration:effect:intended") == 2
        assert waiting(remit) == ()
