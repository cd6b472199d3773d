"""The shop's own SQLite file: orders, what was written to them, and the keys of writes."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

Row = dict[str, Any]

DECIMALS = {"JPY": 0}  # all others have two
ORDERS_LISTED_MAX = 50

TABLES = """
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, email TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_email ON orders (email);
CREATE TABLE IF NOT EXISTS effects (
    number INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS effects_by_key ON effects (kind, key);
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, asked TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
"""


class NoError(Exception):
    """The shop says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Book:
    """One connection; every write is one transaction that also remembers its key."""

    def __init__(self, path: Path) -> None:
        self._rows = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = NORMAL")
        self._rows.executescript(TABLES)

    def fill(self, orders: Iterable[Row]) -> None:
        """Write the orders that are not there yet."""
        self._rows.execute("BEGIN IMMEDIATE")
        self._rows.executemany(
            "INSERT OR IGNORE INTO orders VALUES (?, ?, ?)",
            ((one["id"], one["customer"]["email"], json.dumps(one)) for one in orders),
        )
        self._rows.execute("COMMIT")

    # -- reads -----------------------------------------------------------------------------------

    def order(self, order_id: str) -> Row:
        """Return one order; refuses an unknown one."""
        found = self._rows.execute("SELECT body FROM orders WHERE id = ?", (order_id,)).fetchone()
        if found is None:
            raise NoError(404, "unknown_order", "there is no such order")
        order: Row = json.loads(found[0])
        return order

    def orders_of(self, email: str) -> list[Row]:
        """Return the orders of a customer, newest number first."""
        found = self._rows.execute(
            "SELECT body FROM orders WHERE email = ? ORDER BY id DESC LIMIT ?",
            (email.strip().lower(), ORDERS_LISTED_MAX),
        )
        return [json.loads(body) for (body,) in found]

    def effects(self, kind: str, key: str) -> list[Row]:
        """Return what a key wrote: an empty list, or one thing."""
        found = self._rows.execute(
            "SELECT body FROM effects WHERE kind = ? AND key = ?", (kind, key)
        )
        return [json.loads(body) for (body,) in found]

    def counts(self) -> dict[str, int]:
        """Return how often each kind of write happened."""
        found = self._rows.execute("SELECT kind, count(*) FROM effects GROUP BY kind")
        return {"refund": 0, "cancellation": 0, "address_change": 0, "message": 0, **dict(found)}

    # -- writes ----------------------------------------------------------------------------------

    def once(
        self, operation: str, key: str | None, asked: object, write: Callable[[], Row]
    ) -> tuple[int, Row]:
        """Perform `write`, or hand back what this key got; another body under a key is refused."""
        digest = hashlib.sha256(
            json.dumps([operation, asked], sort_keys=True).encode()
        ).hexdigest()
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            if key is not None:
                known = self._rows.execute(
                    "SELECT asked, status, body FROM answers WHERE key = ?", (key,)
                ).fetchone()
                if known is not None:
                    _same(known[0], digest)
                    self._rows.execute("COMMIT")
                    return known[1], json.loads(known[2])
            body = write()
            if key is not None:
                self._rows.execute(
                    "INSERT INTO answers VALUES (?, ?, 201, ?)", (key, digest, json.dumps(body))
                )
        except BaseException:
            if self._rows.in_transaction:
                self._rows.execute("ROLLBACK")
            raise
        self._rows.execute("COMMIT")
        return 201, body

    def refund(self, order_id: str, amount: Row, reason: str, *, key: str | None) -> Row:
        """Pay back part of what is left of an order."""
        order = self.order(order_id)
        asked = _decimal(amount)
        if amount["currency"] != order["total"]["currency"]:
            raise NoError(422, "currency_mismatch", "the order was paid in another currency")
        if order["status"] == "cancelled":
            raise NoError(409, "order_cancelled", "a cancelled order was never charged")
        before = Decimal(order["refunded"]["amount"])
        if before + asked > Decimal(order["total"]["amount"]):
            raise NoError(422, "above_rest", "more than what is left of this order")
        order["refunded"]["amount"] = _written(before + asked, amount["currency"])
        self._keep(order)
        money = {"amount": _written(asked, amount["currency"]), "currency": amount["currency"]}
        body = {"order_id": order_id, "amount": money, "reason": reason, "status": "paid"}
        return self._effect("refund", "R", key, body)

    def cancel_refund(self, refund_id: str, *, key: str | None) -> Row:
        """Take a refund back."""
        number = int(refund_id[2:]) if refund_id[2:].isdecimal() else 0
        found = self._rows.execute(
            "SELECT body FROM effects WHERE kind = 'refund' AND number = ?", (number,)
        ).fetchone()
        if found is None:
            raise NoError(404, "unknown_refund", "there is no such refund")
        refund: Row = json.loads(found[0])
        if refund["status"] == "cancelled":
            raise NoError(409, "refund_cancelled", "this refund is cancelled already")
        refund["status"] = "cancelled"
        self._rows.execute(
            "UPDATE effects SET body = ? WHERE number = ?", (json.dumps(refund), number)
        )
        order = self.order(refund["order_id"])
        rest = Decimal(order["refunded"]["amount"]) - Decimal(refund["amount"]["amount"])
        order["refunded"]["amount"] = _written(rest, refund["amount"]["currency"])
        self._keep(order)
        return self._effect("cancellation", "X", key, {"refund": refund})

    def change_address(self, order_id: str, address: Row, *, key: str | None) -> Row:
        """Send an order elsewhere, while it has not left; the answer holds the address before."""
        order = self.order(order_id)
        if order["status"] != "placed":
            raise NoError(409, "already_left", "only an order that has not left can be redirected")
        previous, order["shipping_address"] = order["shipping_address"], address
        self._keep(order)
        body = {"order_id": order_id, "address": address, "previous": previous}
        return self._effect("address_change", "A", key, body)

    def message(self, order_id: str | None, letter: Row, *, key: str | None) -> Row:
        """Put an answer to a customer into the outbox."""
        if order_id is not None:
            self.order(order_id)
        return self._effect("message", "M", key, {"order_id": order_id, **letter})

    def _keep(self, order: Row) -> None:
        self._rows.execute(
            "UPDATE orders SET body = ? WHERE id = ?", (json.dumps(order), order["id"])
        )

    def _effect(self, kind: str, letter: str, key: str | None, body: Row) -> Row:
        at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        number = self._rows.execute(
            "INSERT INTO effects (kind, key, body) VALUES (?, ?, '')", (kind, key)
        ).lastrowid
        body = {"id": f"{letter}-{number}", **body, "key": key, "created_at": at}
        self._rows.execute(
            "UPDATE effects SET body = ? WHERE number = ?", (json.dumps(body), number)
        )
        return body


def _same(known: str, digest: str) -> None:
    if known != digest:
        raise NoError(409, "key_reused", "this key came with another body")


def _decimal(amount: Row) -> Decimal:
    value = Decimal(amount["amount"])
    if value <= 0:
        raise NoError(422, "not_positive", "an amount is above zero")
    if value != round(value, DECIMALS.get(amount["currency"], 2)):
        raise NoError(422, "too_fine", "this currency has no smaller unit")
    return value


def _written(value: Decimal, currency: str) -> str:
    return f"{value:.{DECIMALS.get(currency, 2)}f}"
