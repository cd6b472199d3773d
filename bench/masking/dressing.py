"""Values in every dress, and how many of them stay readable."""

from collections import Counter
from typing import Any

from bench.masking.scoring import Find
from tests.dressed import DRESSES, values

BEFORE, BEHIND = "they wrote: ", " and no more of it"


def texts() -> list[dict[str, str]]:
    """Return a text for each of 480 values in each dress."""
    return [
        {"dress": name, "type": kind, "value": value, "dressed": (worn := dress(value)),
         "text": f"{BEFORE}{worn}{BEHIND}"}
        for name, dress in DRESSES.items()
        for kind, value in values()
    ]  # fmt: skip


def shares(given: list[dict[str, str]], finds: list[list[Any]]) -> dict[str, float]:
    """Return for each dress the share of values of which half or more stays readable."""
    left: Counter[str] = Counter()
    for one, found in zip(given, finds, strict=True):
        left[one["dress"]] += _readable(one, [tuple(find) for find in found])
    each = len(given) / len(DRESSES)
    return {name: left[name] / each for name in DRESSES}


def _readable(one: dict[str, str], finds: list[Find]) -> bool:
    covered = bytearray(len(one["text"]))
    for start, end, _, _ in finds:
        covered[start:end] = b"1" * (end - start)
    start = len(BEFORE)
    places = [start + at for at, char in enumerate(one["dressed"]) if char.isalnum()]
    return 2 * sum(not covered[place] for place in places) >= len(places)
