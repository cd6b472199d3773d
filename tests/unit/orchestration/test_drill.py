"""A drill: an undo is rehearsed on a stand-in, and nothing leaves."""

import pytest

from remit.errors import NotEntitledError, NotFoundError
from tests.projects import NAME, OLGA, PAUL, Small, send, set_stop

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return done.receipt.id
"""
NOTE = 'return (await run.act(note, text="hello")).receipt.id'


@pytest.mark.parametrize(("body", "action"), [(PAY, "pay"), (NOTE, "note")])
async def test_an_undo_that_works_passes_and_nothing_leaves(
    small: Small, body: str, action: str
) -> None:
    async with small.open(body) as remit:
        for message in ("one", "two"):
            await send(remit, message=message, amount="10 EUR")
        asked = len(small.tape.calls)
        drill = await remit.rehearse(NAME, action, person=OLGA)
        assert (drill.passed, drill.code, drill.undo) == (True, "", "take_back")
        assert len(small.tape.calls) == asked
        (row,) = remit.drills()
        assert (row.action, row.passed, row.person) == (action, True, OLGA)
    assert len(small.tape.standing()) == 2


async def test_an_undo_that_no_rule_permits_fails_the_drill(small: Small) -> None:
    small.permitted = ("pay", "note")
    async with small.open(NOTE) as remit:
        await send(remit)
        drill = await remit.rehearse(NAME, "note", person=OLGA)
        assert not drill.passed
        assert drill.code == "gate: policy.no_rule"
        assert not remit.drills()[0].passed


async def test_an_undo_that_forgets_what_it_takes_back_fails_the_drill(small: Small) -> None:
    """It is sent, and nothing of what it says names the effect."""
    more = """
async def forgetful(id: str) -> Any:
    return await tape.perform("undoPayment", reference="the last one")

@desk.action(risk="low", undo=forgetful, says="Odd {text}")
async def odd(text: Annotated[str, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("note", text=text))
"""
    small.granted, small.permitted = ("odd",), ("odd", "forgetful", "pay", "note", "take_back")
    async with small.open('await run.act(odd, text="x")', more=more) as remit:
        await send(remit)
        drill = await remit.rehearse(NAME, "odd", person=OLGA)
        assert (drill.passed, drill.code) == (False, "world_differs")


async def test_a_hard_stop_fails_the_drill_as_it_would_hold_the_undo(small: Small) -> None:
    async with small.open(NOTE) as remit:
        await send(remit)
        await set_stop(remit, hard=True, scope="everything")
        assert (await remit.rehearse(NAME, "note", person=OLGA)).code == "gate: stop.hard"


async def test_a_drill_goes_by_an_effect_and_is_an_owners(small: Small) -> None:
    async with small.open(NOTE) as remit:
        with pytest.raises(NotFoundError, match="nothing of `note`"):
            await remit.rehearse(NAME, "note", person=OLGA)
        await send(remit)
        with pytest.raises(NotEntitledError):
            await remit.rehearse(NAME, "note", person=PAUL)
        assert remit.drills() == ()
