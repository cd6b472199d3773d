"""The retail desk: plays what an agent asks for, its facts beside each call."""

from typing import Annotated

from bench.tau2.desks.playing import (
    CHANGES_MAX,
    Play,
    acts,
    conversation,
    reads,
    said,
    taking_back,
)
from bench.tau2.desks.retail.about import about_order, about_payment, about_profile, about_swap
from bench.tau2.desks.retail.facts import (
    FACTS,
    are_all_in_order,
    first_paid_with,
    gift_balance,
    is_in_stock,
    is_one_for_one,
    is_other_option,
    is_own,
    is_same_product,
    order_status,
    order_total,
    payment_kind,
    price_difference,
    signed_in,
)
from bench.tau2.desks.retail.records import Changed, Session
from bench.tau2.desks.retail.tools import (
    TOOLS,
    calculate,
    find_user_id_by_email,
    find_user_id_by_name_zip,
    get_item_details,
    get_order_details,
    get_product_details,
    get_user_details,
    next_call,
    shop,
    transfer_to_human_agents,
)
from remit import Context, Source, Workflow

desk = Workflow("retail")
for tool, record in TOOLS:
    desk.tool(record=record)(tool)
for fact in FACTS:
    desk.derive(fact)


ORDER_FACTS = (signed_in, is_own, order_status)
PAYMENT_FACTS = (*ORDER_FACTS, payment_kind)
SWAP_FACTS = (
    *PAYMENT_FACTS,
    gift_balance,
    are_all_in_order,
    is_one_for_one,
    is_same_product,
    is_other_option,
    is_in_stock,
    price_difference,
)
OrderId = Annotated[str, Source.tool("get_order_details", "order_id")]
OldItems = Annotated[list[str], Source.tool("get_order_details", "items.*.item_id")]
NewItems = Annotated[list[str], Source.tool("get_item_details", "item_id")]
PaymentId = Annotated[str, Source.tool("get_user_details", "payment_methods.*.id")]


@desk.action(
    risk="money",
    undo=taking_back(shop, "cancel_pending_order"),
    says="Cancel order {order_id}: {reason}",
    on=get_order_details,
    facts=ORDER_FACTS,
    times_max=CHANGES_MAX,
)
async def cancel_pending_order(
    order_id: OrderId, reason: Annotated[str, said("reason")]
) -> Changed:
    return Changed.model_validate(
        await shop.perform("cancel_pending_order", order_id=order_id, reason=reason)
    )


@desk.action(
    risk="normal",
    undo=taking_back(shop, "modify_pending_order_address"),
    says="Send order {order_id} to {address1} {address2}, {city} {state} {zip}, {country}",
    on=get_order_details,
    facts=ORDER_FACTS,
    times_max=CHANGES_MAX,
)
async def modify_pending_order_address(
    order_id: OrderId,
    address1: Annotated[str, said("address1")],
    address2: Annotated[str, said("address2")],
    city: Annotated[str, said("city")],
    state: Annotated[str, said("state")],
    country: Annotated[str, said("country")],
    zip: Annotated[str, said("zip")],
) -> Changed:
    return Changed.model_validate(
        await shop.perform(
            "modify_pending_order_address",
            order_id=order_id,
            address1=address1,
            address2=address2,
            city=city,
            state=state,
            country=country,
            zip=zip,
        )
    )


@desk.action(
    risk="money",
    undo=taking_back(shop, "modify_pending_order_payment"),
    says="Pay order {order_id} with {payment_method_id}",
    on=get_order_details,
    facts=(*PAYMENT_FACTS, first_paid_with, gift_balance, order_total),
    times_max=CHANGES_MAX,
)
async def modify_pending_order_payment(order_id: OrderId, payment_method_id: PaymentId) -> Changed:
    return Changed.model_validate(
        await shop.perform(
            "modify_pending_order_payment", order_id=order_id, payment_method_id=payment_method_id
        )
    )


@desk.action(
    risk="money",
    undo=taking_back(shop, "modify_pending_order_items"),
    says="Change {item_ids} of order {order_id} into {new_item_ids}, with {payment_method_id}",
    on=get_order_details,
    facts=SWAP_FACTS,
    times_max=CHANGES_MAX,
)
async def modify_pending_order_items(
    order_id: OrderId, item_ids: OldItems, new_item_ids: NewItems, payment_method_id: PaymentId
) -> Changed:
    return Changed.model_validate(
        await shop.perform(
            "modify_pending_order_items",
            order_id=order_id,
            item_ids=item_ids,
            new_item_ids=new_item_ids,
            payment_method_id=payment_method_id,
        )
    )


@desk.action(
    risk="money",
    undo=taking_back(shop, "return_delivered_order_items"),
    says="Return {item_ids} of order {order_id}, refund to {payment_method_id}",
    on=get_order_details,
    facts=(*PAYMENT_FACTS, first_paid_with, are_all_in_order),
    times_max=CHANGES_MAX,
)
async def return_delivered_order_items(
    order_id: OrderId, item_ids: OldItems, payment_method_id: PaymentId
) -> Changed:
    return Changed.model_validate(
        await shop.perform(
            "return_delivered_order_items",
            order_id=order_id,
            item_ids=item_ids,
            payment_method_id=payment_method_id,
        )
    )


@desk.action(
    risk="money",
    undo=taking_back(shop, "exchange_delivered_order_items"),
    says="Exchange {item_ids} of order {order_id} for {new_item_ids}, with {payment_method_id}",
    on=get_order_details,
    facts=SWAP_FACTS,
    times_max=CHANGES_MAX,
)
async def exchange_delivered_order_items(
    order_id: OrderId, item_ids: OldItems, new_item_ids: NewItems, payment_method_id: PaymentId
) -> Changed:
    return Changed.model_validate(
        await shop.perform(
            "exchange_delivered_order_items",
            order_id=order_id,
            item_ids=item_ids,
            new_item_ids=new_item_ids,
            payment_method_id=payment_method_id,
        )
    )


@desk.action(
    risk="normal",
    undo=taking_back(shop, "modify_user_address"),
    says="Let {user_id} live at {address1} {address2}, {city} {state} {zip}, {country}",
    on=get_user_details,
    facts=(signed_in, is_own),
    times_max=CHANGES_MAX,
)
async def modify_user_address(
    user_id: Annotated[str, Source.tool("get_user_details", "user_id")],
    address1: Annotated[str, said("address1")],
    address2: Annotated[str, said("address2")],
    city: Annotated[str, said("city")],
    state: Annotated[str, said("state")],
    country: Annotated[str, said("country")],
    zip: Annotated[str, said("zip")],
) -> Changed:
    return Changed.model_validate(
        await shop.perform(
            "modify_user_address",
            user_id=user_id,
            address1=address1,
            address2=address2,
            city=city,
            state=state,
            country=country,
            zip=zip,
        )
    )


ADDRESS = ("address1", "address2", "city", "state", "country", "zip")
SWAP = ("order_id", "item_ids", "new_item_ids", "payment_method_id")
PLAYED: dict[str, Play] = {
    "find_user_id_by_email": reads(find_user_id_by_email, "email"),
    "find_user_id_by_name_zip": reads(find_user_id_by_name_zip, "first_name", "last_name", "zip"),
    "get_user_details": reads(get_user_details, "user_id"),
    "get_order_details": reads(get_order_details, "order_id"),
    "get_product_details": reads(get_product_details, "product_id"),
    "get_item_details": reads(get_item_details, "item_id"),
    "calculate": reads(calculate, "expression"),
    "transfer_to_human_agents": reads(transfer_to_human_agents, "summary"),
    "cancel_pending_order": acts(about_order, cancel_pending_order, "order_id", "reason"),
    "modify_pending_order_address": acts(
        about_order, modify_pending_order_address, "order_id", *ADDRESS
    ),
    "modify_pending_order_payment": acts(
        about_payment, modify_pending_order_payment, "order_id", "payment_method_id"
    ),
    "modify_pending_order_items": acts(about_swap, modify_pending_order_items, *SWAP),
    "return_delivered_order_items": acts(
        about_payment, return_delivered_order_items, "order_id", "item_ids", "payment_method_id"
    ),
    "exchange_delivered_order_items": acts(about_swap, exchange_delivered_order_items, *SWAP),
    "modify_user_address": acts(about_profile, modify_user_address, "user_id", *ADDRESS),
}


@desk.handle
async def handle(case: Session, run: Context) -> str:
    return await conversation(case, run, next_call, PLAYED)
