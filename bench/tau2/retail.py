"""The retail shop's tools: they check what its API would, and nothing of its policy."""

import functools
from decimal import Decimal
from typing import Any, ClassVar

from bench.tau2 import data
from bench.tau2.sums import calculated, minor
from bench.tau2.world import Row, ToolRefusedError, World


@functools.cache
def shared() -> dict[str, dict[str, Row]]:
    """Return the records of the data, with an index of items."""
    found = data.read("retail/db.json.gz")
    items = {
        item["item_id"]: {**item, "product_id": product["product_id"], "name": product["name"]}
        for product in found["products"].values()
        for item in product["variants"].values()
    }
    return {
        "order": found["orders"],
        "user": found["users"],
        "product": found["products"],
        "item": items,
    }


class Retail(World):
    """Orders, users, products."""

    READS: ClassVar[frozenset[str]] = frozenset(
        {
            "find_user_id_by_email",
            "find_user_id_by_name_zip",
            "get_user_details",
            "get_order_details",
            "get_product_details",
            "get_item_details",
            "calculate",
            "transfer_to_human_agents",
        }
    )
    WRITES: ClassVar[frozenset[str]] = frozenset(
        {
            "cancel_pending_order",
            "modify_pending_order_address",
            "modify_pending_order_payment",
            "modify_pending_order_items",
            "return_delivered_order_items",
            "exchange_delivered_order_items",
            "modify_user_address",
        }
    )

    def __init__(self) -> None:
        """Begin with what the data holds."""
        super().__init__(shared())

    # -- reads -----------------------------------------------------------------------------------

    def find_user_id_by_email(self, email: str) -> str:
        for user in self.rows("user"):
            if user["email"].lower() == email.lower():
                return str(user["user_id"])
        raise ToolRefusedError("user not found")

    def find_user_id_by_name_zip(self, first_name: str, last_name: str, zip: str) -> str:
        for user in self.rows("user"):
            name = user["name"]
            if (
                name["first_name"].lower() == first_name.lower()
                and name["last_name"].lower() == last_name.lower()
                and user["address"]["zip"] == zip
            ):
                return str(user["user_id"])
        raise ToolRefusedError("user not found")

    def get_user_details(self, user_id: str) -> Row:
        return self.get("user", user_id)

    def get_order_details(self, order_id: str) -> Row:
        return self.get("order", order_id)

    def get_product_details(self, product_id: str) -> Row:
        return self.get("product", product_id)

    def get_item_details(self, item_id: str) -> Row:
        return self.get("item", item_id)

    def calculate(self, expression: str) -> str:
        return calculated(expression)

    def transfer_to_human_agents(self, summary: str) -> str:
        del summary
        return "Transfer successful"

    # -- writes ----------------------------------------------------------------------------------

    def cancel_pending_order(self, order_id: str, reason: str) -> None:
        order = self._order(order_id, "pending")
        refunds = []
        for paid in order["payment_history"]:
            refunds.append({**paid, "transaction_type": "refund"})
            self._into_gift_card(order["user_id"], paid["payment_method_id"], paid["amount"])
        order["payment_history"] += refunds
        order |= {"status": "cancelled", "cancel_reason": reason}
        self.put("order", order_id, order)

    def modify_pending_order_address(self, order_id: str, **address: str) -> None:
        order = self.get("order", order_id)
        if not order["status"].startswith("pending"):
            raise ToolRefusedError("order is not pending")
        order["address"] = _address(**address)
        self.put("order", order_id, order)

    def modify_pending_order_payment(self, order_id: str, payment_method_id: str) -> None:
        order = self._order(order_id, "pending")
        paid = order["payment_history"][0]
        self._out_of_gift_card(order["user_id"], payment_method_id, paid["amount"])
        self._into_gift_card(order["user_id"], paid["payment_method_id"], paid["amount"])
        order["payment_history"] += [
            {**paid, "payment_method_id": payment_method_id},
            {**paid, "transaction_type": "refund"},
        ]
        self.put("order", order_id, order)

    def modify_pending_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> None:
        order = self._order(order_id, "pending")
        pairs = self._pairs(order, item_ids, new_item_ids)
        due = _difference(pairs)
        self._settle(order["user_id"], payment_method_id, due)
        order["payment_history"].append(_paid(due, payment_method_id))
        for old, new in pairs:
            place = next(one for one in order["items"] if one["item_id"] == old["item_id"])
            place |= {name: new[name] for name in ("item_id", "price", "options")}
        order["status"] = "pending (item modified)"
        self.put("order", order_id, order)

    def return_delivered_order_items(
        self, order_id: str, item_ids: list[str], payment_method_id: str
    ) -> None:
        order = self._order(order_id, "delivered")
        _each_in(order, item_ids)
        self._method(order["user_id"], payment_method_id)
        order |= {
            "status": "return requested",
            "return_items": sorted(item_ids),
            "return_payment_method_id": payment_method_id,
        }
        self.put("order", order_id, order)

    def exchange_delivered_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> None:
        order = self._order(order_id, "delivered")
        due = _difference(self._pairs(order, item_ids, new_item_ids))
        method = self._method(order["user_id"], payment_method_id)
        if method["source"] == "gift_card" and minor(method["balance"]) < due:
            raise ToolRefusedError("the gift card does not cover the difference")
        order |= {
            "status": "exchange requested",
            "exchange_items": sorted(item_ids),
            "exchange_new_items": sorted(new_item_ids),
            "exchange_payment_method_id": payment_method_id,
            "exchange_price_difference": due / 100,
        }
        self.put("order", order_id, order)

    def modify_user_address(self, user_id: str, **address: str) -> None:
        user = self.get("user", user_id)
        user["address"] = _address(**address)
        self.put("user", user_id, user)

    # -- parts -----------------------------------------------------------------------------------

    def _order(self, order_id: str, status: str) -> Row:
        order = self.get("order", order_id)
        if order["status"] != status:
            raise ToolRefusedError(f"order is not {status}")
        return order

    def _method(self, user_id: str, payment_method_id: str) -> Row:
        methods: dict[str, Row] = self.get("user", user_id)["payment_methods"]
        if payment_method_id not in methods:
            raise ToolRefusedError("payment method not found")
        return methods[payment_method_id]

    def _pairs(
        self, order: Row, item_ids: list[str], new_item_ids: list[str]
    ) -> list[tuple[Row, Row]]:
        if len(item_ids) != len(new_item_ids) or not item_ids:
            raise ToolRefusedError("the lists of items do not match")
        old = _each_in(order, item_ids)
        return [(one, self.get("item", new)) for one, new in zip(old, new_item_ids, strict=True)]

    def _settle(self, user_id: str, payment_method_id: str, due: int) -> None:
        if due >= 0:
            self._out_of_gift_card(user_id, payment_method_id, due / 100)
        else:
            self._method(user_id, payment_method_id)
            self._into_gift_card(user_id, payment_method_id, -due / 100)

    def _out_of_gift_card(self, user_id: str, payment_method_id: str, amount: float) -> None:
        method = self._method(user_id, payment_method_id)
        if method["source"] == "gift_card" and minor(method["balance"]) < minor(amount):
            raise ToolRefusedError("the gift card does not cover it")
        self._into_gift_card(user_id, payment_method_id, -amount)

    def _into_gift_card(self, user_id: str, payment_method_id: str, amount: float) -> None:
        user = self.get("user", user_id)
        method = user["payment_methods"].get(payment_method_id)
        if method is not None and method["source"] == "gift_card":
            method["balance"] = (minor(method["balance"]) + minor(amount)) / 100
            self.put("user", user_id, user)


def _each_in(order: Row, item_ids: list[str]) -> list[Row]:
    there = list(order["items"])
    found = []
    for item_id in item_ids:
        one = next((item for item in there if item["item_id"] == item_id), None)
        if one is None:
            raise ToolRefusedError("item is not in the order")
        there.remove(one)
        found.append(one)
    return found


def _difference(pairs: list[tuple[Row, Row]]) -> int:
    return sum(minor(new["price"]) - minor(old["price"]) for old, new in pairs)


def _paid(due: int, payment_method_id: str) -> dict[str, Any]:
    return {
        "transaction_type": "payment" if due > 0 else "refund",
        "amount": float(Decimal(abs(due)) / 100),
        "payment_method_id": payment_method_id,
    }


def _address(
    *,
    address1: str,
    address2: str,
    city: str,
    state: str,
    country: str,
    zip: str,
) -> dict[str, str]:
    return {
        "address1": address1,
        "address2": address2,
        "city": city,
        "country": country,
        "state": state,
        "zip": zip,
    }
