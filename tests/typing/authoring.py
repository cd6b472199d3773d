"""What an author's editor sees of the authoring API; type-checked by `make check`, never run."""

from datetime import date, datetime
from typing import Annotated, assert_type

from pydantic import BaseModel

from remit import (
    Acted,
    Address,
    Agrees,
    Answer,
    Case,
    Classified,
    Context,
    Country,
    Currency,
    Date,
    Format,
    Iban,
    Identifier,
    Instant,
    Language,
    Money,
    Source,
    SumOf,
    Time,
    Workflow,
    Zone,
)

desk = Workflow("refund-desk")


class RefundRequest(Case):
    message: str
    order_id: str


class Invoice(Case):
    due: Annotated[Date, Format(date="day_first", year_window=1970)]
    total: Annotated[Money, SumOf("lines"), Format(currency="EUR")]
    lines: list[Money]
    payee: Annotated[Iban, Agrees("address")]
    address: Address
    pesel: Annotated[str, Identifier(schemes=("pl.pesel",), private="NATID")]
    seen: Instant
    at: Time
    zone: Zone
    home: Country
    currency: Currency | None = None
    language: Language = "und"


Format(date="euro")  # type: ignore[arg-type]  # no such format


def told(case: Invoice) -> None:
    # What intake normalises is a plain type to whoever uses it.
    assert_type(case.due, date)
    assert_type(case.total, Money)
    assert_type(case.seen, datetime)
    assert_type((case.payee, case.address, case.pesel), tuple[str, str, str])
    assert_type((case.at, case.zone, case.home), tuple[str, str, str])
    assert_type(case.currency, str | None)


class Order(BaseModel):
    id: str
    total: Money


class Refund(BaseModel):
    id: str


class Reply(BaseModel):
    text: str


@desk.tool
async def get_order(order_id: str) -> Order:
    raise NotImplementedError


@desk.tool(record="id")
async def find_order(number: int) -> Order:
    raise NotImplementedError


@desk.derive
def days_open(order: str) -> int:
    return len(order)


async def cancel_refund(id: str) -> None:
    raise NotImplementedError


@desk.action(risk="money", undo=cancel_refund, says="Refund {amount} for order {order_id}")
async def issue_refund(
    order_id: Annotated[str, Source.case("order_id") | Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
) -> Refund:
    raise NotImplementedError


@desk.handle
async def handle(case: RefundRequest, run: Context) -> str:
    # A case's fields and each step's result have their own types.
    assert_type(case.message, str)
    assert_type(await run.classify(case.message), Classified)
    assert_type(await run.ask("reply", message=case.message), Answer)
    assert_type(await run.ask("reply", output=Reply, message=case.message), Reply)

    # A tool is read with its own parameters, and answers its own type.
    order = await run.read(get_order, order_id=case.order_id)
    assert_type(order, Order)
    assert_type(await run.derive(days_open, order=order.id), int)
    await run.read(get_order, order_id=1)  # type: ignore[arg-type]  # another type
    await run.read(get_order, order="1")  # type: ignore[call-arg]  # no such parameter
    await run.read(get_order)  # type: ignore[call-arg]  # one is missing

    # So is an action; its receipt may be missing where it was not performed.
    acted = await run.act(issue_refund, order_id=order.id, amount=order.total)
    assert_type(acted, Acted[Refund])
    assert_type(acted.receipt, Refund | None)
    await run.act(issue_refund, order_id=order.id, amount="19.00")  # type: ignore[arg-type]

    # Several steps at once keep their types and their order.
    both = await run.gather(run.read(find_order, number=1), run.classify(case.message))
    assert_type(both, tuple[Order, Classified])

    # A step that is not awaited is not taken, and shows its own type.
    return run.classify(case.message).choice  # type: ignore[attr-defined, no-any-return]


async def give_up(run: Context) -> str:
    await run.escalate("no order")  # does not come back, so no return is missing below
