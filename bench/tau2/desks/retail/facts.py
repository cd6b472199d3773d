"""What the retail rules look at: from the shop's records and the session, never what is asked."""

from decimal import Decimal
from typing import Annotated

from bench.tau2.desks.retail.records import Item, Method, Payment, Stock
from remit import Money, Source


def signed_in(customer: Annotated[str | None, Source.case("customer")]) -> bool:
    """Is it known who the customer is?"""
    return customer is not None


def is_own(
    owner: Annotated[
        str,
        Source.tool("get_order_details", "user_id") | Source.tool("get_user_details", "user_id"),
    ],
    customer: Annotated[str | None, Source.case("customer")],
) -> bool:
    """Does the order or the profile belong to whoever signed in?"""
    return owner == customer


def order_status(status: Annotated[str, Source.tool("get_order_details", "status")]) -> str:
    """How far the order has come."""
    return status


def first_paid_with(payments: list[Payment]) -> str:
    """The payment method of the first payment."""
    return payments[0].payment_method_id if payments else ""


def order_total(payments: list[Payment]) -> Money:
    """What the first payment came to."""
    return dollars(payments[0].amount if payments else Decimal(0))


def payment_kind(methods: list[Method], chosen: str) -> str:
    """The kind of a payment method of the profile; `none` for one that is not there."""
    return next((one.source for one in methods if one.id == chosen), "none")


def gift_balance(methods: list[Method], chosen: str) -> Money:
    """What is on a gift card of the profile; nothing on anything else."""
    found = next((one for one in methods if one.id == chosen), None)
    return dollars((found.balance if found else None) or Decimal(0))


def are_all_in_order(items: list[Item], item_ids: list[str]) -> bool:
    """Is each of these items in the order, as often as it is named?"""
    there = [one.item_id for one in items]
    return bool(item_ids) and all(item_ids.count(one) <= there.count(one) for one in item_ids)


def is_one_for_one(item_ids: list[str], new_items: list[Stock]) -> bool:
    """Is there one known new item for each old one?"""
    return len(item_ids) == len(new_items)


def is_same_product(old: list[Item], new_items: list[Stock]) -> bool:
    """Is each new item of the product of the old one?"""
    return all(
        one.product_id == other.product_id for one, other in zip(old, new_items, strict=False)
    )


def is_other_option(old: list[Item], new_items: list[Stock]) -> bool:
    """Is each new item another one than the old?"""
    return all(one.item_id != other.item_id for one, other in zip(old, new_items, strict=False))


def is_in_stock(new_items: list[Stock]) -> bool:
    """Can every new item be had?"""
    return all(one.available for one in new_items)


def price_difference(old: list[Item], new_items: list[Stock]) -> Money:
    """What the new items cost more than the old."""
    more = sum((one.price for one in new_items), Decimal(0))
    return dollars(more - sum((one.price for one in old), Decimal(0)))


def dollars(amount: Decimal) -> Money:
    """Return an amount of dollars to the cent."""
    return Money(amount.quantize(Decimal("0.01")), "USD")


FACTS = (
    signed_in,
    is_own,
    order_status,
    first_paid_with,
    order_total,
    payment_kind,
    gift_balance,
    are_all_in_order,
    is_one_for_one,
    is_same_product,
    is_other_option,
    is_in_stock,
    price_difference,
)
