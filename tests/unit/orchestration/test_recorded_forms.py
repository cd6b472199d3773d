"""What a tool brings is recorded in the form in which arguments are compared."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pydantic import BaseModel, TypeAdapter

from remit.domain.money import Money
from remit.domain.value import canonical
from remit.orchestration.bodies import recorded
from tests.projects import Small, result, send

pytestmark = pytest.mark.anyio

READING = """
from datetime import datetime
from decimal import Decimal


class Reading(BaseModel):
    id: Annotated[str, System]
    level: Annotated[Decimal, System]
    at: Annotated[datetime, System]


@desk.tool
async def get_reading(order_id: str) -> Reading:
    await tape.read("getOrder", order_id=order_id)
    return Reading(id=order_id, level=Decimal("10.50"), at=datetime.fromisoformat(
        "2026-11-24T10:00:00+01:00"))


async def give_back(id: str) -> Any:
    return await tape.perform("undoPayment", reference=id)


@desk.action(risk="low", undo=give_back, says="Set {level}", on=get_reading)
async def set_level(
    level: Annotated[Decimal, Source.tool("get_reading", "level")],
    at: Annotated[datetime, Source.tool("get_reading", "at")],
) -> Done:
    return Done.model_validate(await tape.perform("note", text=f"{level} {at}"))
"""


async def test_a_number_and_an_instant_that_were_read_prove_themselves(small: Small) -> None:
    """10.50 and 10.5 are one number, and an instant is one in every zone and with any zeros."""
    small.granted = ("set_level",)
    small.permitted = ("set_level", "give_back")
    body = """
    found = await run.read(get_reading, order_id=case.order_id)
    return (await run.act(set_level, level=found.level, at=found.at)).state
    """
    async with small.open(body, more=READING) as remit:
        assert result(remit, await send(remit)) == "confirmed"


class Line(BaseModel):
    price: Decimal
    paid: Money
    due: date
    by: datetime | None = None
    more: list["Line"] = []


def test_a_result_is_recorded_in_the_canonical_form_of_each_leaf() -> None:
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    leaf = Line(price=Decimal("1E+2"), paid=Money.of("3.00 EUR"), due=date(2026, 1, 2), by=noon)
    line = Line(
        price=Decimal("7.10"), paid=Money.of("1.00 EUR"), due=date(2026, 1, 3), more=[leaf]
    )

    made = recorded(TypeAdapter(Line), line)

    assert made == {
        "price": "7.1", "paid": canonical(Money.of("1.00 EUR")).form, "due": "2026-01-03",
        "by": None,
        "more": [{
            "price": "100", "paid": canonical(Money.of("3.00 EUR")).form, "due": "2026-01-02",
            "by": canonical(noon).form, "more": [],
        }],
    }  # fmt: skip
    assert TypeAdapter(Line).validate_python(made) == line
