"""The shop's orders: sixty written by hand, and as many invented ones as asked for."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).with_name("fixtures.json")
TODAY = datetime(2026, 11, 24, tzinfo=UTC)
FIRST = (
    "Ada",
    "Aino",
    "Bela",
    "Clara",
    "Dario",
    "Edda",
    "Emre",
    "Flora",
    "Goran",
    "Jana",
    "Leila",
)
FAMILY = ("Abel", "Berg", "Costa", "Dahl", "Eder", "Faro", "Grau", "Hill", "Lund", "Moor", "Nagy")
PLACES = (
    ("EUR", "DE", "Bremen", "28195", "Am Wall {}"),
    ("EUR", "FR", "Nantes", "44000", "{} rue Haute"),
    ("EUR", "ES", "Gijón", "33201", "Calle Nueva {}"),
    ("EUR", "NL", "Utrecht", "3512 AB", "Oudegracht {}"),
    ("GBP", "GB", "York", "YO1 7HH", "{} Bridge Street"),
    ("USD", "US", "Duluth", "55802", "{} Superior Street"),
    ("PLN", "PL", "Poznań", "61-772", "ul. Wodna {}"),
    ("JPY", "JP", "Sapporo", "060-0001", "{} Kita"),
)
GOODS: tuple[tuple[str, str, int], ...] = (
    ("FW-101", "Rain jacket Tarn", 90), ("FW-104", "Hiking boots Serra", 139),
    ("FW-105", "Wool socks", 12), ("FW-108", "Merino shirt", 55),
    ("FW-113", "Camping chair", 35), ("FW-115", "Head torch Lumen", 40),
    ("FW-116", "Water filter Kilde", 75), ("FW-118", "Hammock Saari", 69),
    ("FW-102", "Two-person tent Lynx", 249), ("FW-122", "Thermos flask 0.75 l", 28),
)  # fmt: skip
STATUSES = ("placed", "shipped", "delivered", "delivered", "delivered", "cancelled")
RATES = {"EUR": "1", "GBP": "0.9", "USD": "1.1", "PLN": "4", "JPY": "150"}


def orders(*, seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield `count` orders from 1001 on; the same seed gives the same orders."""
    written: list[dict[str, Any]] = json.loads(FIXTURES.read_text(encoding="utf-8"))["orders"]
    yield from written[:count]
    chance = random.Random(seed)
    for number in range(len(written), count):
        yield _invented(chance, 1001 + number)


def _invented(chance: random.Random, number: int) -> dict[str, Any]:
    first, family = chance.choice(FIRST), chance.choice(FAMILY)
    currency, country, city, postcode, street = chance.choice(PLACES)
    items: list[dict[str, Any]] = [
        {"sku": sku, "name": name, "quantity": chance.choice((1, 1, 1, 2)),
         "price": _money(price * Decimal(RATES[currency]), currency)}
        for sku, name, price in chance.sample(GOODS, chance.choice((1, 1, 2, 3)))
    ]  # fmt: skip
    total = sum(
        (Decimal(item["price"]["amount"]) * item["quantity"] for item in items), Decimal(0)
    )
    status = chance.choice(
        ("placed", "shipped", "delivered", "delivered", "delivered", "cancelled")
    )
    age = chance.randint(4, 70) if status == "delivered" else chance.randint(0, 4)
    ordered = TODAY - timedelta(days=age + 6, minutes=chance.randint(0, 1439))
    delivered = ordered + timedelta(days=chance.randint(2, 6), minutes=chance.randint(0, 600))
    top_level = chance.choice(("com", "org", "net"))
    email = f"{first}.{family}{number}@example.{top_level}".lower()
    return {
        "id": str(number),
        "customer": {"id": f"C-{number + 2000}", "name": f"{first} {family}", "email": email},
        "items": items,
        "total": _money(total, currency),
        "status": status,
        "ordered_at": _text(ordered),
        "delivered_at": _text(delivered) if status == "delivered" else None,
        "shipping_address": {
            "line1": street.format(chance.randint(1, 120)), "line2": None,
            "postcode": postcode, "city": city, "country": country,
        },
        "refunded": _money(0, currency),
        "note": "",
    }  # fmt: skip


def _money(amount: Decimal | int, currency: str) -> dict[str, str]:
    return {"amount": f"{amount:.{0 if currency == 'JPY' else 2}f}", "currency": currency}


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
