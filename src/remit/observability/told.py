"""What an event says, and how its body and payloads are read."""

from collections.abc import Mapping
from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.domain.value import Json, encode

VALUE_CHARACTERS_MAX = 2_000
PAYLOAD_ROWS_MAX = 40

Named = Mapping[str, str]  # action id -> the sentence of what was proposed


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one event has to say."""

    kind: str
    text: str
    detail: tuple[tuple[str, str], ...] = ()
    problem: bool = False
    money: bool = False
    effect: bool = False
    roles: tuple[str, ...] = ()  # payloads to lay open under the line


def written(value: Json) -> str:
    """Return a canonical value as people read it: money as `19.00 EUR`."""
    match value:
        case {"amount": str(amount), "currency": str(currency), **rest} if not rest:
            return f"{amount} {currency}"
        case {"type": str(), "form": form, **rest} if not rest:
            return written(form)
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case int() | str():
            return str(value)
        case _:
            return encode(value).decode()


class Body(dict[str, Json]):
    """A body whose missing members read as `unknown`."""

    def __missing__(self, key: str) -> str:
        return "unknown"


def word(entry: Entry, key: str) -> str:
    """Return a member of the body as text, empty where there is none."""
    value = entry.body.get(key)
    return "" if value is None else str(value)


def number(entry: Entry, key: str) -> int:
    """Return a member of the body as a whole number, 0 where there is none."""
    value = entry.body.get(key)
    return value if isinstance(value, int) else 0


def words(entry: Entry, key: str) -> tuple[str, ...]:
    """Return a list of the body."""
    value = entry.body.get(key)
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


def who(entry: Entry) -> str:
    """Return who did it."""
    return entry.actor.ref


def _how(entry: Entry) -> tuple[tuple[str, str], ...]:
    seconds = entry.body.get("seconds_open")
    return (
        ("channel", word(entry, "channel")),
        *((("open", f"{seconds} s"),) if isinstance(seconds, int) else ()),
        ("digest", word(entry, "digest")[:16]),
    )


def counted(amount: int, noun: str) -> str:
    """Return `1 field` or `2 fields`."""
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"


def plain(event: str) -> str:
    """Return an event's name without its colons."""
    return event.replace(":", " ")


def filled_in(template: str | None, *, action: str, arguments: Json) -> str:
    """Fill a sentence's slots from canonical arguments; without them the name must do."""
    if template is None or not isinstance(arguments, dict):
        return action
    return template.format_map(_Slots({key: written(form) for key, form in arguments.items()}))


class _Slots(dict[str, str]):
    """Slots that no argument fills read as `nothing`."""

    def __missing__(self, key: str) -> str:
        return "nothing"


def reason_sentences(facts: Json) -> tuple[str, ...]:
    """Return the sentences of the gate's reasons."""
    decision = facts.get("decision", facts) if isinstance(facts, dict) else None
    reasons = decision.get("reasons") if isinstance(decision, dict) else None
    if not isinstance(reasons, list):
        return ()
    return tuple(
        str(reason["sentence"])
        for reason in reasons
        if isinstance(reason, dict) and "sentence" in reason
    )


def opened(role: str, payload: Json) -> list[tuple[str, str]]:
    """Lay a payload open, one row for each member."""
    if payload is None:
        return []
    if isinstance(payload, dict):
        rows = [(f"{role}: {key}", _cut(written(value))) for key, value in payload.items()]
        left = len(rows) - PAYLOAD_ROWS_MAX
        more = [(role, f"{left} more members")] if left > 0 else []
        return rows[:PAYLOAD_ROWS_MAX] + more
    return [(role, _cut(written(payload)))]


def _cut(text: str) -> str:
    if len(text) <= VALUE_CHARACTERS_MAX:
        return text
    return f"{text[:VALUE_CHARACTERS_MAX]}… ({len(text):,} characters in all)"


def how(entry: Entry) -> tuple[tuple[str, str], ...]:
    """Return how a person answered: channel, time open, digest shown."""
    seconds = entry.body.get("seconds_open")
    return (
        ("channel", word(entry, "channel")),
        *((("open", f"{seconds} s"),) if isinstance(seconds, int) else ()),
        ("digest", word(entry, "digest")[:16]),
    )
