"""What a yes can cost and what goes out with it, in words for a card; unknown is no zero."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from remit.domain.action import ActionSpec, AnySource
from remit.domain.decision import GateFacts
from remit.domain.money import Money
from remit.domain.value import Json
from remit.governance.card import Message
from remit.policy import limits


def undo_of(spec: ActionSpec, undo: str | None) -> str:
    """Return how an action is taken back, or that it cannot be."""
    if undo is None or spec.irreversible:
        return "cannot be undone"
    return f"can be undone: {undo.replace('_', ' ')}"


def cost(
    spec: ActionSpec, facts: GateFacts, reached: Mapping[str, int | None]
) -> tuple[tuple[str, str], ...]:
    """Return label and words of what a yes can cost: money, reach, undo and each limit."""
    money = money_of(spec, facts.arguments)
    rows, people = reached.get("rows"), reached.get("recipients")
    acted_on = 1 if spec.on and "rows" not in reached else rows
    records = _counted(acted_on, "record", "records")
    return (
        ("money", "none moves" if money is None else str(money)),
        ("reach", f"{records}, {_counted(people, 'person', 'people')}"),
        ("undo", undo_of(spec, spec.undo)),
        *((f"limit {one.name}", limits.told(one)) for one in facts.limits),
    )


def _counted(number: int | None, one: str, several: str) -> str:
    """Return a number of things; that nobody counts them is said and is no zero."""
    if number is None:
        return f"{several} unknown"
    return f"{number:,} {one if number == 1 else several}"


def message(spec: ActionSpec, arguments: Mapping[str, Json]) -> Message | None:
    """Return what goes out, where somebody is written to in words that carry no authority."""
    to = [param.name for param in spec.params if param.private in _ADDRESSES]
    said = [
        shown(arguments.get(param.name))
        for param in spec.params
        if isinstance(param.source, AnySource)
        and param.type == "text"
        and param.name not in {*to, "subject"}
    ]
    if not to or not any(said):
        return None
    return Message(
        to=", ".join(shown(arguments.get(name)) for name in to),
        subject=shown(arguments.get("subject")),
        text=max(said, key=len),
    )


_ADDRESSES: Final = frozenset({"EMAIL", "PHONE"})


def money_of(spec: ActionSpec, arguments: Mapping[str, Json]) -> Money | None:
    """Return the money that an action would move."""
    for param in spec.params:
        form = arguments.get(param.name)
        if param.type == "money" and isinstance(form, dict):
            return Money(Decimal(str(form["amount"])), str(form["currency"]))
    return None


def shown(form: Json) -> str:
    """Return a canonical value as a person reads and types it."""
    match form:
        case None:
            return ""
        case {"amount": amount, "currency": currency}:
            return str(Money(Decimal(str(amount)), str(currency)))
        case dict():
            return ", ".join(f"{shown(item)}" for item in form.values() if item is not None)
        case list():
            return "; ".join(shown(item) for item in form)
        case bool():
            return "yes" if form else "no"
        case _:
            return str(form)
