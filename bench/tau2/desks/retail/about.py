"""The facts beside each write, from records read just before it."""

from bench.tau2.desks.retail.facts import (
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
from bench.tau2.desks.retail.records import Call, Order, Session, Stock
from bench.tau2.desks.retail.tools import get_item_details, get_order_details, get_user_details
from remit import Context
from remit.errors import StepRefused


async def about_order(case: Session, call: Call, run: Context) -> Order:
    """Read the order as it is now, and say what the rules look at."""
    order = await run.read(get_order_details, order_id=call.order_id)
    await run.derive(signed_in, customer=case.customer)
    await run.derive(is_own, owner=order.user_id, customer=case.customer)
    await run.derive(order_status, status=order.status)
    return order


async def about_payment(case: Session, call: Call, run: Context) -> Order:
    """Say besides what the chosen payment method is."""
    order = await about_order(case, call, run)
    user = await run.read(get_user_details, user_id=order.user_id)
    methods, chosen = user.payment_methods, call.payment_method_id
    await run.derive(payment_kind, methods=methods, chosen=chosen)
    await run.derive(gift_balance, methods=methods, chosen=chosen)
    await run.derive(first_paid_with, payments=order.payment_history)
    await run.derive(order_total, payments=order.payment_history)
    await run.derive(are_all_in_order, items=order.items, item_ids=call.item_ids)
    return order


async def about_swap(case: Session, call: Call, run: Context) -> None:
    """Say besides how the new items stand to the old."""
    order = await about_payment(case, call, run)
    new = [found for one in call.new_item_ids if (found := await stock(one, run)) is not None]
    by_id = {one.item_id: one for one in order.items}
    old = [by_id[one] for one in call.item_ids if one in by_id]
    await run.derive(is_one_for_one, item_ids=call.item_ids, new_items=new)
    await run.derive(is_same_product, old=old, new_items=new)
    await run.derive(is_other_option, old=old, new_items=new)
    await run.derive(is_in_stock, new_items=new)
    await run.derive(price_difference, old=old, new_items=new)


async def about_profile(case: Session, call: Call, run: Context) -> None:
    """Read the profile as it is now, and say whose it is."""
    user = await run.read(get_user_details, user_id=call.user_id)
    await run.derive(signed_in, customer=case.customer)
    await run.derive(is_own, owner=user.user_id, customer=case.customer)


async def stock(item_id: str, run: Context) -> Stock | None:
    """Return an item of the catalogue, if there is one."""
    try:
        return await run.read(get_item_details, item_id=item_id)
    except StepRefused:
        return None
