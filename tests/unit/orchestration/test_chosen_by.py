"""The element of a list that a field of the case chooses, all the way through the gate."""

import pytest

from tests.projects import Small, result, send, standing

pytestmark = pytest.mark.anyio

BASKET = """
class Line(BaseModel):
    sku: str
    price: Annotated[Money, System]


class Basket(BaseModel):
    id: Annotated[str, System]
    lines: list[Line]


@desk.tool
async def get_basket(order_id: str) -> Basket:
    await tape.read("getOrder", order_id=order_id)
    prices = {"pen": "3.00 EUR", "ink": "9.00 EUR"}
    lines = [Line(sku=sku, price=Money.of(price)) for sku, price in prices.items()]
    return Basket(id=order_id, lines=lines)


async def give_back(id: str) -> Any:
    return await tape.perform("undoPayment", reference=id)


@desk.action(risk="low", undo=give_back, says="Pay {amount}", on=get_basket)
async def pay_line(
    amount: Annotated[
        Money, Source.tool("get_basket", "lines.*.price").by("sku", Source.case("message"))
    ],
) -> Done:
    return Done.model_validate(await tape.perform("pay", order_id="7", amount=str(amount)))
"""
PAY = """
basket = await run.read(get_basket, order_id=case.order_id)
return (await run.act(pay_line, amount=basket.lines[{line}].price)).state
"""


@pytest.fixture
def desk(small: Small) -> Small:
    small.granted = ("pay_line",)
    small.permitted = ("pay_line", "give_back")
    return small


async def test_a_field_that_only_chooses_an_element_is_a_key_field_too(desk: Small) -> None:
    """Being named in `.by()` is being named: what its requester states chooses the line."""
    async with desk.open(PAY.format(line=1), more=BASKET) as remit:
        case_id = await send(remit, message="ink")
        assert result(remit, case_id) == "confirmed"
    assert desk.performed() == ["pay"]


async def test_another_element_than_the_one_that_was_stated_is_held(desk: Small) -> None:
    async with desk.open(PAY.format(line=0), more=BASKET) as remit:
        case_id = await send(remit, message="ink")
        assert standing(remit, case_id)[0] == "parked"
    assert desk.performed() == []
