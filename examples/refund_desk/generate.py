"""Compose training rows or messages for the refund desk from hand-written seeds, by the thousand.

    python generate.py --seed 7 --count 5000 --kind messages --out more.jsonl

The same seed gives the same bytes. Messages carry the intent they were made from; training rows
are distinct.
"""

import argparse
import json
import random
import sys
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

INTENTS = (
    "refund",
    "address_change",
    "cancellation",
    "delivery_status",
    "product_question",
    "complaint",
    "other",
)
HERE = Path(__file__).parent
ORDERS = HERE.parent / "shop" / "fixtures.json"
RETRIES_MAX = 50
# Shares of the rows that are composed.
STRANGERS, NUMBERED = 0.1, 0.15
SHORT, BARE, TWICE, TURNED = 0.35, 0.2, 0.2, 0.25
LOWER, UNSTOPPED, MISTYPED, OURS = 0.25, 0.15, 0.15, 0.7
SECOND, NOTED = 0.15, 0.05
MISTYPED_LETTERS_MIN = 12
Parts = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    """Write the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7, help="same seed, same rows")
    parser.add_argument("--count", type=int, default=1000, help="how many rows")
    parser.add_argument("--kind", choices=("messages", "training"), default="messages")
    parser.add_argument("--out", type=Path, help="file to write; standard output when absent")
    asked = parser.parse_args(argv)
    make: dict[str, Callable[[int, int], Iterator[dict[str, Any]]]]
    make = {"messages": messages, "training": training}
    rows = make[asked.kind](asked.seed, asked.count)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if asked.out is None:
        sys.stdout.writelines(lines)
    else:
        asked.out.write_text("".join(lines), encoding="utf-8")
    return 0


def training(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield labelled texts, every seed first and no text twice."""
    rng, parts = random.Random(seed), _parts()
    seen: set[str] = set()
    queue = [(intent, one) for intent in INTENTS for one in parts[intent]["seeds"]]
    rng.shuffle(queue)
    for number in range(count):
        intent, start = (
            queue[number] if number < len(queue) else (INTENTS[number % len(INTENTS)], None)
        )
        for _ in range(RETRIES_MAX):
            text = _fill(rng, parts, start) if start else _compose(rng, parts, intent)
            if text not in seen:
                break
            start = None
        seen.add(text)
        yield {"text": text, "label": intent}


def messages(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Yield messages as `messages.jsonl` holds them, most from the customer of an order."""
    rng, parts, orders = random.Random(seed), _parts(), _orders()
    start = datetime(2026, 11, 2, 7, tzinfo=UTC)
    for number in range(1, count + 1):
        intent = rng.choice(INTENTS)
        order, sender = rng.choice(orders)
        if rng.random() < STRANGERS:
            sender = f"guest{rng.randrange(10_000)}@example.net"
        row: dict[str, Any] = {
            "id": f"g-{number:05d}",
            "from": sender,
            "channel": "mail",
            "received_at": (start + timedelta(minutes=7 * number)).isoformat(),
            "subject": rng.choice(("", "Question", "My order", f"Order {order}", "Help please")),
            "message": _compose(rng, parts, intent, order=order),
            "expected": {"intent": intent},
        }
        if rng.random() < NUMBERED:
            row["order_id"] = order
        yield row


def _compose(rng: random.Random, parts: Parts, intent: str, *, order: str | None = None) -> str:
    seeds = parts[intent]["seeds"]
    order = order or _order(rng)
    if rng.random() < SHORT:
        short = f"{rng.choice(parts['prefixes'])} {rng.choice(parts[intent]['wishes'])}".strip()
        return _roughen(rng, _fill(rng, parts, short, order=order))
    wish = rng.choice(seeds)
    if rng.random() < BARE:
        return _roughen(rng, _fill(rng, parts, wish, order=order))
    pieces = [rng.choice(parts["openers"]), wish]
    if rng.random() < TWICE:
        pieces.append(rng.choice(seeds))
    pieces.extend(rng.sample(parts["details"], rng.choice((0, 0, 1, 1, 2))))
    if rng.random() < TURNED:
        pieces[1], pieces[-1] = pieces[-1], pieces[1]
    if rng.random() < SECOND:
        other = rng.choice([one for one in INTENTS if one != intent])
        pieces += rng.choice(parts["seconds"]), rng.choice(parts[other]["seeds"])
    if rng.random() < NOTED:
        pieces.append(rng.choice(parts["notes"]))
    pieces.append(rng.choice(parts["closers"]))
    joint = rng.choice((" ", " ", "\n", "\n\n"))
    text = joint.join(piece for piece in pieces if piece)
    return _roughen(rng, _fill(rng, parts, text, order=order))


def _fill(rng: random.Random, parts: Parts, text: str, *, order: str | None = None) -> str:
    values = {
        "{order}": order or _order(rng),
        "{item}": rng.choice(parts["items"]),
        "{amount}": _amount(rng),
        "{date}": _date(rng),
        "{city}": rng.choice(parts["cities"]),
        "{street}": rng.choice(parts["streets"]),
    }
    for slot, value in values.items():
        text = text.replace(slot, value)
    return text


def _roughen(rng: random.Random, text: str) -> str:
    """Return the text as hurried people type it: lower case, no stops, two letters swapped."""
    if rng.random() < LOWER:
        text = text.lower()
    if rng.random() < UNSTOPPED:
        text = text.rstrip(".!?")
    if rng.random() < MISTYPED and len(text) > MISTYPED_LETTERS_MIN:
        at = rng.randrange(2, len(text) - 2)
        if text[at : at + 2].isalpha():
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text


def _order(rng: random.Random) -> str:
    ours = rng.random() < OURS
    return str(rng.randrange(1001, 1061) if ours else rng.randrange(10**4, 10**9))


def _amount(rng: random.Random) -> str:
    euro, cent = rng.randrange(5, 400), rng.choice((0, 50, 90, 95, 99))
    return rng.choice((f"{euro}.{cent:02d} EUR", f"{euro},{cent:02d} €", f"€{euro}.{cent:02d}"))


def _date(rng: random.Random) -> str:
    day = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=rng.randrange(80))
    return rng.choice((day.strftime("%Y-%m-%d"), f"{day.day} {day:%B}", f"{day.day}.{day.month}."))


def _parts() -> Parts:
    return tomllib.loads((HERE / "seeds.toml").read_text(encoding="utf-8"))


def _orders() -> list[tuple[str, str]]:
    """Return number and customer of each order that the example shop starts with."""
    fixtures = json.loads(ORDERS.read_text(encoding="utf-8"))
    return [(order["id"], order["customer"]["email"]) for order in fixtures["orders"]]


if __name__ == "__main__":
    raise SystemExit(main())
