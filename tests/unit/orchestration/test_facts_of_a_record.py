"""What the rules are told about a record is of that record, whatever was worked out before."""

from pathlib import Path

import pytest

from tests.projects import Small, send, states

pytestmark = pytest.mark.anyio

MORE = """
@desk.derive
def is_seven(id: Annotated[str, Source.tool("get_order", "id")]) -> bool:
    return id == "7"


@desk.derive
def is_lucky(seven: Annotated[bool, Source.tool("is_seven", "value")]) -> bool:
    return seven


@desk.action(
    risk="money", undo=take_back, says="Pay {amount} on {order_id}", on=get_order,
    facts=(FACT,),
)
async def pay_seven(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
) -> Done:
    made = await tape.perform("pay", order_id=order_id, amount={"amount": "1", "currency": "EUR"})
    return Done.model_validate(made)
"""
RULE = """
@id("only-seven")
@says("Only order seven is paid")
@owner("olga")
@since("2026-11-01")
forbid (principal, action == Action::"small-desk.pay_seven", resource)
unless { context.facts has FACT && context.facts.FACT };
"""
BODY = """
seven = await run.read(get_order, order_id="7")
seen = await run.derive(is_seven, id=seven.id)
await run.derive(is_lucky, seven=seen)
other = await run.read(get_order, order_id="OTHER")
paid = seven if FIRST else other
await run.act(pay_seven, order_id=paid.id, amount=paid.total)
"""


def desk(folder: Path, fact: str) -> Small:
    return Small(
        folder=folder,
        granted=("pay_seven",),
        permitted=("pay_seven", "take_back"),
        policy=RULE.replace("FACT", fact),
    )


@pytest.mark.parametrize("fact", ["is_seven", "is_lucky"])
async def test_a_fact_of_one_order_says_nothing_of_another(tmp_path: Path, fact: str) -> None:
    small = desk(tmp_path, fact)
    body = BODY.replace("OTHER", "8").replace("FIRST", "False")
    async with small.open(body, more=MORE.replace("FACT", fact)) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("pay_seven", "denied")]
    assert small.performed() == []


@pytest.mark.parametrize("fact", ["is_seven", "is_lucky"])
async def test_a_fact_stays_with_its_order_when_another_is_read(tmp_path: Path, fact: str) -> None:
    small = desk(tmp_path, fact)
    body = BODY.replace("OTHER", "8").replace("FIRST", "True")
    async with small.open(body, more=MORE.replace("FACT", fact)) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("pay_seven", "confirmed")]
    assert small.performed() == ["pay"]
