"""What workflow code works out between reading and acting, from proven values alone.

The inputs of each are sources as in a contract; `nth` takes the place of what is about to be read.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

CHANNELS_MAX = 8
Source = list[Any]


class Tally(BaseModel):
    """How often each name stands in the lists seen so far, and who leads."""

    said: str
    first: str
    second: str
    third: str
    fourth: str


class Sizes(BaseModel):
    """How long each list seen so far is, and whose is the longest."""

    said: str
    longest: str


def largest(ids: list[str], sizes: list[int]) -> str:
    """Return the id of the one largest file."""
    most = max(sizes)
    return ids[sizes.index(most)] if sizes.count(most) == 1 else ""


def external(names: list[str]) -> str:
    """Return the one name that begins with External."""
    found = [name for name in names if name.startswith("External")]
    return found[0] if len(found) == 1 else ""


def rent(ids: list[int], subjects: list[str]) -> int:
    """Return the one standing order that is called rent."""
    found = [number for number, name in zip(ids, subjects, strict=True) if name.lower() == "rent"]
    return found[0] if len(found) == 1 else 0


def given_back(received: Decimal, together: Decimal) -> Decimal:
    """Return what a friend paid above half of what two spent together."""
    return received - together / 2


def nth(names: list[str], place: int) -> str:
    """Return the name at that place."""
    return names[place]


def tally(said: str, channel: str, senders: list[str]) -> Tally:
    """Add one channel; rank by number, then by name."""
    seen: dict[str, list[str]] = json.loads(said or "{}")
    seen[channel] = senders
    counted = Counter(name for names in seen.values() for name in names)
    ranked = [name for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]
    first, second, third, fourth = (*ranked, "", "", "", "")[:4]
    written = json.dumps(seen, sort_keys=True)
    return Tally(said=written, first=first, second=second, third=third, fourth=fourth)


def sizes(said: str, channel: str, users: list[str]) -> Sizes:
    """Add one channel; say which has the most users, where one has."""
    seen: dict[str, int] = json.loads(said or "{}")
    seen[channel] = len(users)
    most = [name for name, number in seen.items() if number == max(seen.values())]
    longest = most[0] if len(most) == 1 else ""
    return Sizes(said=json.dumps(seen, sort_keys=True), longest=longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Derive:
    """One derive, where its inputs come from, and when workflow code works it out."""

    rule: Callable[..., Any]
    inputs: Mapping[str, list[Source]]  # alternatives
    before: str = ""  # each read of this tool; else before the step that cites it
    after: tuple[str, ...] = ()  # each read of one of these


DERIVES: Mapping[str, Derive] = {
    "largest": Derive(
        rule=largest,
        inputs={
            "ids": [["tool", "list_files", "*.id_"]],
            "sizes": [["tool", "list_files", "*.size"]],
        },
    ),
    "external": Derive(rule=external, inputs={"names": [["tool", "get_channels", "*"]]}),
    "rent": Derive(
        rule=rent,
        inputs={
            "ids": [["tool", "get_scheduled_transactions", "*.id"]],
            "subjects": [["tool", "get_scheduled_transactions", "*.subject"]],
        },
    ),
    "given_back": Derive(
        rule=given_back,
        inputs={
            "received": [
                ["tool", "get_most_recent_transactions", "*.amount", "sender", "account"]
            ],
            "together": [["case", "together"]],
        },
    ),
    "nth": Derive(
        rule=nth,
        inputs={
            "names": [["tool", "get_channels", "*"]],
            "place": [["literal", *range(CHANNELS_MAX)]],
        },
    ),
    "tally": Derive(
        rule=tally,
        inputs={
            "said": [["tool", "tally", "said"], ["literal", ""]],
            "channel": [["tool", "read_channel_messages", "id"]],
            "senders": [["tool", "read_channel_messages", "messages.*.sender"]],
        },
        after=("read_channel_messages",),
    ),
    "sizes": Derive(
        rule=sizes,
        inputs={
            "said": [["tool", "sizes", "said"], ["literal", ""]],
            "channel": [["tool", "get_users_in_channel", "id"]],
            "users": [["tool", "get_users_in_channel", "users.*"]],
        },
        after=("get_users_in_channel",),
    ),
}
