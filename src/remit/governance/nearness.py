"""How near cells are to their next level: a forecast by which they are ordered, never more."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from remit.domain.autonomy import Bar
from remit.errors import RequestInvalidError
from remit.evidence import gate, shrunken
from remit.governance.cells import CellView, EvidenceView, Nearness


def told(found: Iterable[CellView]) -> list[CellView]:
    """Return cells with how near each is, drawn towards the other segments of its action."""
    views = list(found)
    counts: dict[tuple[str, str], dict[str, tuple[int, int]]] = defaultdict(dict)
    for one in views:
        if one.evidence is not None:
            counts[one.workflow, one.action][one.cell] = _judged(one.evidence)
    rates: dict[str, float] = {}
    for siblings in counts.values():
        rates |= shrunken.rates(siblings)
    alike = {name: len(siblings) for siblings in counts.values() for name in siblings}
    return [
        one
        if one.evidence is None
        else replace(
            one, near=_near(one.evidence, rates.get(one.cell), siblings=alike[one.cell])
        )
        for one in views
    ]  # fmt: skip


ORDERS: Final = ("declared", "nearest")


def ordered(found: Iterable[CellView], order: str) -> list[CellView]:
    """Return cells in that order; raises `RequestInvalidError` for one that is none."""
    if order not in ORDERS:
        raise RequestInvalidError("`order` is `declared` or `nearest`; leave it out")
    return nearest(found) if order == "nearest" else list(found)


def nearest(found: Iterable[CellView]) -> list[CellView]:
    """Order cells, in each workflow the nearest to its next level first: by days, then labels.

    Behind those that rise at the present pace stand those to which nothing comes, those that do
    not reach their bar at the rate seen so far, and those above which there is nothing.
    """
    views = list(found)
    place: dict[str, int] = {}
    for one in views:
        place.setdefault(one.workflow, len(place))
    return sorted(views, key=lambda one: (place[one.workflow], _order(one)))


def _order(one: CellView) -> tuple[bool, float, float]:
    near = one.near
    if near is None:
        return one.next is None, math.inf, math.inf
    days = math.inf if near.days is None else near.days
    return False, days, math.inf if near.labels is None else near.labels


def _judged(found: EvidenceView) -> tuple[int, int]:
    """Return (wrong, labels) of what was judged: what is pending says nothing of the rate."""
    return found.wrong - found.pending, found.rows - found.pending


def _near(found: EvidenceView, rate: float | None, *, siblings: int) -> Nearness:
    labels = _further(found, rate)
    days = None
    if labels is not None and (found.rows_a_day > 0 or not labels):
        days = math.ceil(labels / found.rows_a_day) if labels else 0
    return Nearness(rate=rate, cells=siblings, labels=labels, days=days)


def _further(found: EvidenceView, rate: float | None) -> int | None:
    """Return how many more labels it takes on average, were the shrunken rate the true one."""
    if found.accepted:
        return 0
    if found.error_max is None or found.false_grant_max is None or rate is None:
        return None
    bar = Bar(error_max=found.error_max, false_grant_max=found.false_grant_max)
    mean = gate.labels_expected(rate=rate, bar=bar)
    if mean is None or math.isinf(mean):
        return None
    return found.calibration_missing + max(math.ceil(mean) - found.rows, found.missing or 0)
