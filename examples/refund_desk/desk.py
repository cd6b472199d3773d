"""Refund desk: answers questions, proposes refunds and address changes, escalates the rest."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel

from remit import (
    Case,
    Classified,
    Context,
    Date,
    Email,
    Identifier,
    Instant,
    Money,
    PersonName,
    Private,
    Source,
    Stated,
    System,
    Workflow,
)

desk = Workflow("refund-desk")
shop = desk.connector("shop")

SURE = Decimal("0.65")  # below this a person reads the message
SURE_OF_FIRST = Decimal("0.80")  # of the first sentence, where the whole is not clear
WORKED_ON = frozenset({"refund", "address_change", "delivery_status", "product_question"})
WORDS_MIN = 4  # fewer are a greeting

OrderNumber = Annotated[
    str,
    Identifier(
        pattern=r"\d{4,5}",
        words=(
            "order", "bestellung", "zamówienie", "zamówienia", "commande", "pedido",
            "number", "no", "nr", "ref", "where",
        ),
        found_in="message",
    ),
]  # fmt: skip


class Address(BaseModel):
    line1: Annotated[str, Private("ADDRESS")]
    line2: Annotated[str | None, Private("ADDRESS")] = None
    postcode: Annotated[str, Private("ADDRESS")]
    city: str
    country: str


class Request(Case):
    """A customer's message; what a form fills in is binding once it is filled."""

    message: str
    sender: Email
    subject: str | None = None
    order_id: OrderNumber | None = None
    claimed_amount: Annotated[Money | None, Stated(found_in="message")] = None
    purchased_on: Date | None = None
    new_address: Address | None = None
    received_at: Instant | None = None


class Customer(BaseModel):
    id: Annotated[str, System]
    name: PersonName
    email: Annotated[Email, System]


class Item(BaseModel):
    name: str
    price: Money
    quantity: int


class Order(BaseModel):
    """An order as the shop has it; the shop writes what is marked, anybody the rest."""

    id: Annotated[str, System]
    customer: Customer
    total: Annotated[Money, System]
    refunded: Annotated[Money, System]
    status: Annotated[str, System]
    delivered_at: Annotated[datetime | None, System] = None
    shipping_address: Address
    note: str


class Refund(BaseModel):
    id: str
    order_id: str
    amount: Money


class AddressChange(BaseModel):
    order_id: str
    previous: Address


class Sent(BaseModel):
    id: str


# -- what the desk may look at -------------------------------------------------------------------


@desk.tool
async def get_order(order_id: Annotated[str, Source.case("order_id")]) -> Order:
    """Read an order."""
    return Order.model_validate(await shop.read("getOrder", order_id=order_id))


@desk.derive
def days_since_delivery(
    delivered_at: Annotated[datetime, Source.tool("get_order", "delivered_at")],
    received_at: Annotated[datetime, Source.case("received_at")],
) -> int:
    """Whole days from delivery to the customer's message."""
    return max((received_at - delivered_at).days, 0)


@desk.derive
def refundable(
    total: Annotated[Money, Source.tool("get_order", "total")],
    refunded: Annotated[Money, Source.tool("get_order", "refunded")],
) -> Money:
    """What is left to refund."""
    return Money(total.amount - refunded.amount, total.currency)


@desk.derive
def order_status(status: Annotated[str, Source.tool("get_order", "status")]) -> str:
    """How far the order has come, for the rules."""
    return status


# -- what the desk may propose -------------------------------------------------------------------


async def cancel_refund(id: str) -> Any:
    """Take a refund back."""
    return await shop.perform("cancelRefund", refund_id=id)


async def restore_address(order_id: str, previous: Address) -> Any:
    """Put the address back that the order had before."""
    return await shop.perform("changeAddress", order_id=order_id, **previous.model_dump())


async def correct_reply(to: Email, order_id: str | None) -> Any:
    """Tell the customer that the reply before this one does not hold."""
    return await shop.perform(
        "sendReply",
        order_id=order_id,
        to=to,
        subject="Correction",
        body="Our last message to you was sent in error. We will write again.",
    )


@desk.action(
    risk="money",
    undo=cancel_refund,
    says="Refund {amount} for order {order_id}",
    facts=(days_since_delivery, refundable),
)
async def issue_refund(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
    note: Annotated[str, Source.any()],
) -> Refund:
    """Pay money back for an order."""
    answer = await shop.perform(
        "createRefund", order_id=order_id, amount=written(amount), reason=note
    )
    return Refund.model_validate(answer)


@desk.action(
    risk="normal",
    undo=restore_address,
    says="Send order {order_id} to {address}",
    facts=(order_status,),
    on=get_order,
)
async def change_address(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    address: Annotated[Address, Source.case("new_address")],
) -> AddressChange:
    """Send an order that has not left somewhere else."""
    answer = await shop.perform("changeAddress", order_id=order_id, **address.model_dump())
    return AddressChange.model_validate(answer)


@desk.action(
    risk="low",
    undo=correct_reply,
    says="Answer {to} about order {order_id}",
    on=get_order,
)
async def send_reply(
    to: Annotated[Email, Source.case("sender")],
    order_id: Annotated[str | None, Source.tool("get_order", "id")],
    body: Annotated[str, Source.any()],
) -> Sent:
    """Send the drafted reply."""
    answer = await shop.perform(
        "sendReply", order_id=order_id, to=to, subject="Your message", body=body
    )
    return Sent.model_validate(answer)


def written(money: Money) -> dict[str, str]:
    """Return money as the shop takes it."""
    return {"amount": money.written, "currency": money.currency}


# -- how a message is worked on ------------------------------------------------------------------


@desk.handle
async def handle(case: Request, run: Context) -> str:
    intent = await run.classify(f"{case.subject or ''}\n{case.message}")
    wanted = intent.choice if sure(intent, SURE) else None
    if wanted in {None, "other"} and (first := first_sentence_of(case.message)):
        # A second wish, or orders to a machine, may hide what the message begins with.
        beginning = await run.classify(first)
        if beginning.choice in WORKED_ON and sure(beginning, SURE_OF_FIRST):
            wanted = beginning.choice
    match wanted:
        case None:
            return await run.escalate("it is not clear enough what is wanted")
        case "refund":
            return await refund(case, run)
        case "address_change":
            return await move(case, run)
        case "delivery_status" | "product_question":
            return await reply(case, run)
        case other:
            return await run.escalate(f"a person handles this: {other.replace('_', ' ')}")


def sure(intent: Classified, least: Decimal) -> bool:
    """Tell whether the classifier is as sure as that."""
    return intent.confidence is not None and intent.confidence.ppm >= least * 1_000_000


def first_sentence_of(message: str) -> str:
    """Return the first sentence that is more than a greeting, quoted lines aside."""
    own = "\n".join(line for line in message.splitlines() if not line.startswith(">"))
    sentences = re.split(r"(?<=[.!?])\s+|\n\s*\n", own.strip())
    return next((one for one in sentences if len(one.split()) >= WORDS_MIN), "")


async def own_order(case: Request, run: Context) -> Order:
    """Return the order that the customer names, if it is theirs."""
    if case.order_id is None:
        return await run.escalate("no single order number in the customer's own words")
    order = await run.read(get_order, order_id=case.order_id)
    if order.customer.email != case.sender:
        return await run.escalate("the order belongs to somebody else")
    return order


async def refund(case: Request, run: Context) -> str:
    order = await own_order(case, run)
    if order.delivered_at is not None and case.received_at is not None:
        await run.derive(
            days_since_delivery, delivered_at=order.delivered_at, received_at=case.received_at
        )
    left = await run.derive(refundable, total=order.total, refunded=order.refunded)
    if left.amount <= 0:
        return await run.escalate("everything has been refunded already")
    amount = left
    if case.claimed_amount is not None:
        if case.claimed_amount.currency != left.currency:
            return await run.escalate("the amount asked for is in another currency")
        amount = min(left, case.claimed_amount, key=lambda money: money.amount)
    passages = await run.retrieve(case.message)
    draft = await run.ask(
        "refund-reply",
        order_id=order.id,
        amount=str(amount),
        article_id=passages[0].document if passages else "refund-window",
        passages=passages,
        message=case.message,
    )
    done = await run.act(issue_refund, order_id=order.id, amount=amount, note=draft.text)
    return f"refund {done.state}"


async def move(case: Request, run: Context) -> str:
    if case.new_address is None:
        return await run.escalate("the new address is not in the form; a person reads it")
    order = await own_order(case, run)
    await run.derive(order_status, status=order.status)
    done = await run.act(change_address, order_id=order.id, address=case.new_address)
    return f"address change {done.state}"


async def reply(case: Request, run: Context) -> str:
    order = await own_order(case, run) if case.order_id is not None else None
    passages = await run.retrieve(f"{case.subject or ''} {case.message}")
    if not passages and order is None:
        return await run.escalate("the help articles have no answer")
    draft = await run.ask(
        "status-reply",
        order_id=order.id if order else "none",
        order_status=order.status if order else "none",
        article_id=passages[0].document if passages else "none",
        quote=first_sentence(passages[0].text)
        if passages
        else "We will write as soon as we know.",
        passages=passages,
        message=case.message,
    )
    done = await run.act(
        send_reply, to=case.sender, order_id=order.id if order else None, body=draft.text
    )
    return f"reply {done.state}"


def first_sentence(text: str) -> str:
    """Return the first sentence of a passage, for a short quotation."""
    return text.strip().split(". ")[0].strip().rstrip(".") + "."
