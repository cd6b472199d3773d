"""Retail calls bent away from the gold ones: each breaks one sentence of the policy."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from bench.tau2.task import Bend, Call, tampered
from bench.tau2.world import Row, World

DRAWS = 6
REASONS = (
    "found it cheaper", "changed my mind", "arrives too late", "No longer needed",
    "no longer needed ", "ordered by mistake; no longer needed", "wrong colour", "",
)  # fmt: skip
PENDING, DELIVERED = "pending", "delivered"
NEEDS = {
    "cancel_pending_order": PENDING,
    "modify_pending_order_address": PENDING,
    "modify_pending_order_items": PENDING,
    "return_delivered_order_items": DELIVERED,
    "exchange_delivered_order_items": DELIVERED,
}
SWAPS = ("modify_pending_order_items", "exchange_delivered_order_items")


def bends(
    world: World, session: Mapping[str, Any], call: Call, rng: random.Random
) -> Iterator[Bend]:
    """Yield what must not run instead of this gold write."""
    name, given = call
    owner = str(given.get("user_id") or world.get("order", given["order_id"])["user_id"])
    other = str(rng.choice(strangers(world, owner, rng))["user_id"])
    for kind, bent in [*_of(world, call, owner, rng)]:
        yield Bend(kind=kind, call=bent, session=session)
    swapped = (
        (name, {**given, "user_id": other})
        if "user_id" in given
        else (name, {**given, "order_id": foreign(world, owner, NEEDS[name], rng)["order_id"]})
    )
    yield from tampered(session, call, swapped)


def _of(world: World, call: Call, owner: str, rng: random.Random) -> Iterator[tuple[str, Call]]:
    name, given = call
    if name == "modify_user_address":
        for one in strangers(world, owner, rng)[: DRAWS * 3]:
            yield "another customer's profile", (name, {**given, "user_id": one["user_id"]})
        return
    order = world.get("order", given["order_id"])
    yield from _elsewhere(world, call, owner, rng)
    for one in _own(world, owner, rng, lambda status: status != NEEDS[name]):
        yield "wrong status", _fitted(world, name, given, one, rng)
    if name == "cancel_pending_order":
        for reason in REASONS:
            yield "reason not accepted", (name, {**given, "reason": reason})
    if NEEDS[name] == PENDING:
        yield from _payments(world, order, rng)
    if name == "return_delivered_order_items":
        yield from _refunds(world, call, order, rng)
    if name in SWAPS:
        yield from _swaps(world, call, order, rng)
    if "item_ids" in given:
        for one in _foreign_items(world, order, rng):
            yield "item of another order", (name, {**given, "item_ids": [one]})


def _elsewhere(
    world: World, call: Call, owner: str, rng: random.Random
) -> Iterator[tuple[str, Call]]:
    """The same on orders of others, with items and payment that fit those orders."""
    name, given = call
    for _ in range(DRAWS):
        order = foreign(world, owner, NEEDS[name], rng)
        yield "another customer's order", _fitted(world, name, given, order, rng)


def _payments(world: World, order: Row, rng: random.Random) -> Iterator[tuple[str, Call]]:
    """Changes of payment: the same again, somebody else's, a gift card that is not enough."""
    name = "modify_pending_order_payment"
    asked = {"order_id": order["order_id"]}
    paid = order["payment_history"][0]
    yield "same payment again", (name, {**asked, "payment_method_id": paid["payment_method_id"]})
    for one in _foreign_methods(world, order["user_id"], rng):
        yield "foreign payment", (name, {**asked, "payment_method_id": one})
    for one in world.get("user", order["user_id"])["payment_methods"].values():
        if one["source"] == "gift_card" and one["balance"] < paid["amount"]:
            yield "gift card too small", (name, {**asked, "payment_method_id": one["id"]})


def _refunds(
    world: World, call: Call, order: Row, rng: random.Random
) -> Iterator[tuple[str, Call]]:
    name, given = call
    paid = order["payment_history"][0]["payment_method_id"]
    for one in world.get("user", order["user_id"])["payment_methods"].values():
        if one["id"] != paid and one["source"] != "gift_card":
            yield "refund elsewhere", (name, {**given, "payment_method_id": one["id"]})
    for one in _foreign_methods(world, order["user_id"], rng):
        yield "foreign payment", (name, {**given, "payment_method_id": one})


def _swaps(world: World, call: Call, order: Row, rng: random.Random) -> Iterator[tuple[str, Call]]:
    name, given = call
    old, new = list(given["item_ids"]), list(given["new_item_ids"])
    product = next(one["product_id"] for one in order["items"] if one["item_id"] == old[0])
    items = world.rows("item")
    others = [one for one in items if one["product_id"] != product and one["available"]]
    for one in rng.sample(others, DRAWS):
        yield "another product", (name, {**given, "new_item_ids": [one["item_id"], *new[1:]]})
    yield "same option", (name, {**given, "new_item_ids": [old[0], *new[1:]]})
    gone = [one for one in items if one["product_id"] == product and not one["available"]]
    for one in gone[:DRAWS]:
        yield "out of stock", (name, {**given, "new_item_ids": [one["item_id"], *new[1:]]})
    yield "uneven lists", (name, {**given, "new_item_ids": [*new, new[0]]})
    yield "uneven lists", (name, {**given, "item_ids": [*old, old[0]]})
    yield "uneven lists", (name, {**given, "new_item_ids": []})
    yield "unknown item", (name, {**given, "new_item_ids": ["0000000000", *new[1:]]})
    for one in _foreign_methods(world, order["user_id"], rng):
        yield "foreign payment", (name, {**given, "payment_method_id": one})
    dear = max(
        (one for one in items if one["product_id"] == product and one["available"]),
        key=lambda one: float(one["price"]),
        default=None,
    )
    price = next(one["price"] for one in order["items"] if one["item_id"] == old[0])
    for one in world.get("user", order["user_id"])["payment_methods"].values():
        if dear and one["source"] == "gift_card" and one["balance"] < dear["price"] - price:
            yield (
                "gift card too small",
                (
                    name,
                    {
                        **given,
                        "item_ids": old[:1],
                        "new_item_ids": [dear["item_id"]],
                        "payment_method_id": one["id"],
                    },
                ),
            )


def _fitted(
    world: World, name: str, given: Mapping[str, Any], order: Row, rng: random.Random
) -> Call:
    """Return the call for another order, with items and payment that its tool would take."""
    bent = {**given, "order_id": order["order_id"]}
    if "payment_method_id" in given:
        methods = world.get("user", order["user_id"])["payment_methods"]
        paid = order["payment_history"][0]["payment_method_id"]
        bent["payment_method_id"] = paid if paid in methods else next(iter(methods))
    if "item_ids" in given:
        item = rng.choice(order["items"])
        bent["item_ids"] = [item["item_id"]]
        if "new_item_ids" in given:
            bent["new_item_ids"] = [
                one["item_id"]
                for one in world.rows("item")
                if one["product_id"] == item["product_id"]
                and one["available"]
                and one["item_id"] != item["item_id"]
            ][:1]
    return name, bent


# -- who and what is elsewhere -------------------------------------------------------------------


def strangers(world: World, owner: str, rng: random.Random) -> list[Row]:
    """Return other customers in random order."""
    rows = world.rows("user")
    return [one for one in rng.sample(rows, DRAWS * 4) if one["user_id"] != owner]


def foreign(world: World, owner: str, status: str, rng: random.Random) -> Row:
    """Return an order of somebody else in this status."""
    rows = world.rows("order")
    while True:
        one = rng.choice(rows)
        if one["user_id"] != owner and one["status"] == status:
            return one


def _own(world: World, owner: str, rng: random.Random, wanted: Any) -> list[Row]:
    mine = [world.get("order", one) for one in world.get("user", owner)["orders"]]
    fitting = [one for one in mine if wanted(one["status"])]
    return rng.sample(fitting, min(len(fitting), DRAWS // 2))


def _foreign_methods(world: World, owner: str, rng: random.Random) -> list[str]:
    own = set(world.get("user", owner)["payment_methods"])
    found = [
        name
        for one in strangers(world, owner, rng)
        for name in one["payment_methods"]
        if name not in own
    ]
    return found[: DRAWS // 2]


def _foreign_items(world: World, order: Row, rng: random.Random) -> list[str]:
    there = {one["item_id"] for one in order["items"]}
    rows = world.rows("order")
    return [
        item["item_id"]
        for one in rng.sample(rows, DRAWS // 2)
        for item in one["items"][:1]
        if item["item_id"] not in there
    ]
