"""The promotion gate: how many labels it takes, with so many wrong, to believe an error rate."""

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from remit.domain.autonomy import Bar, Outcome
from remit.evidence import inputs
from remit.evidence.wealth import log_evidence

__all__ = [
    "WRONG_MAX", "acceptance", "accepted_at", "adjusted", "attempt", "clusters", "discoveries",
    "labels_expected", "labels_missing", "log_evidence", "needed",
]  # fmt: skip

WRONG_MAX: Final = 5_000
_WEIGHT: Final = 0.5  # of the bets over Beta(1/2, 1)
_TABLES_MAX: Final = 256
_ROWS_MIN: Final = 32  # a table is made for 32 wrong labels, then for 8 times as many, and so on

Name = TypeVar("Name", bound=Hashable)


def acceptance(bar: Bar, *, wrong_max: int) -> tuple[int, ...]:
    """Return the acceptance table: item S says how many labels it takes with S of them wrong.

    Guarantee: for one stream, the chance that its counts are ever accepted at a moment when the
    mean true error rate of its rows is at or above `error_max` is at most `false_grant_max`, with
    any number of looks and any drift. Source: `log_evidence` at log(1/`false_grant_max`).
    Limits: as `log_evidence`. The table ends early where more than a million labels would be
    needed. Raises `EvidenceInputError` for a bar that is none, or a `wrong_max` above 5,000.
    """
    inputs.count("wrong_max", wrong_max, most=WRONG_MAX)
    _check(bar)
    return _table(bar.error_max, bar.false_grant_max, _rows(wrong_max))[: wrong_max + 1]


def needed(bar: Bar, *, wrong: int) -> int | None:
    """Return how many labels it takes with so many wrong, None where it is over a million."""
    inputs.count("wrong", wrong)
    _check(bar)
    table = _table(bar.error_max, bar.false_grant_max, _rows(wrong))
    return table[wrong] if wrong < len(table) else None


def clusters(rows: Iterable[tuple[Hashable, Outcome]]) -> tuple[Outcome, ...]:
    """Return one outcome for each cluster of rows, in the order of their first rows.

    A cluster is wrong if any of its rows is, else pending if any is, else right; void rows are
    left out, and a cluster of nothing else is void. Errors that come together thus count once;
    what the gate then bounds is the share of clusters that are wrong. Limit: a cluster that may
    still get rows looks better than it is; until it is whole, its rows are to be given as pending.
    """
    found: dict[Hashable, Outcome] = {}
    number = 0
    for number, (cluster, outcome) in enumerate(rows, 1):  # noqa: B007 - how many there were
        known = found.setdefault(cluster, inputs.outcome("outcome", outcome))
        if known is not outcome and _GRAVITY[outcome] > _GRAVITY[known]:
            found[cluster] = outcome
    inputs.count("rows", number)
    return tuple(found.values())


_GRAVITY: Final = {
    Outcome.VOID: 0, Outcome.RIGHT: 1, Outcome.PENDING: 2, Outcome.WRONG: 3,
}  # fmt: skip


def accepted_at(outcomes: Sequence[Outcome], *, bar: Bar, since: int) -> int | None:
    """Return the length of the shortest accepted prefix of at least `since` rows, or None.

    Outcomes are in the order of their decisions; pending counts as wrong, void is left out but
    keeps its place. Guarantee and limits: as `acceptance`; a prefix that ends before `since` is no
    merit, and a label that turns wrong takes acceptance back. Compares whole numbers only. Raises
    `EvidenceInputError` for a bar that is none, or a `since` beyond the rows.
    """
    inputs.count("outcomes", len(outcomes))
    inputs.count("since", since, most=len(outcomes))
    _check(bar)
    against = sum(inputs.outcome("outcomes", outcome) in _AGAINST for outcome in outcomes)
    table = _table(bar.error_max, bar.false_grant_max, _rows(against))
    wrong, right = 0, 0
    for length, outcome in enumerate(outcomes, 1):
        if outcome is Outcome.RIGHT:
            right += 1
        elif outcome in _AGAINST:
            wrong += 1
        if wrong >= len(table):
            return None
        if length >= since and wrong + right >= table[wrong]:
            return length
    return None


_AGAINST: Final = (Outcome.WRONG, Outcome.PENDING)


def labels_missing(*, wrong: int, right: int, bar: Bar) -> int | None:
    """Return how many further right labels in a row the bar takes, None where over a million."""
    _labels(wrong, right)
    wanted = needed(bar, wrong=wrong)
    return None if wanted is None else max(0, wanted - wrong - right)


def labels_expected(*, rate: float, bar: Bar) -> float | None:
    """Return the mean number of labels until an agent of this error rate is accepted.

    A forecast, no guarantee: 1.2 times Wald's limit log(1/d)/KL (1945), where the exact mean is
    1.13 to 1.42 times it. None where the rate is at or above the bar.
    """
    inputs.chance("rate", rate)
    _check(bar)
    most = bar.error_max
    if rate >= most:
        return None
    below = most - rate
    # near the bar the logarithm of the ratio is lost in rounding, far from it log1p ends at -1
    ratio = math.log1p(-below / most) if 2 * below < most else math.log(rate / most)
    gap = rate * ratio + (1 - rate) * math.log1p(below / (1 - most))
    gap = max(gap, 2 * below**2)  # Pinsker's bound, where the sum is lost in rounding
    return -1.2 * math.log(bar.false_grant_max) / gap if gap else math.inf


def attempt(bar: Bar, *, number: int) -> Bar:
    """Return the bar of an attempt: the first is number 0, the k-th after it has 6d/(pi k)^2.

    Guarantee: all attempts together spend at most twice the chance of the bar.
    """
    inputs.count("number", number)
    _check(bar)
    share = 6 / (math.pi * number) ** 2 if number else 1.0
    return Bar(error_max=bar.error_max, false_grant_max=share * bar.false_grant_max)


def adjusted(bar: Bar, *, sensitivity_min: float) -> Bar | None:
    """Return the bar for labels of reviewers who find only a part of the errors, None for none.

    Guarantee: where a true error is labelled wrong with a chance of at least `sensitivity_min`,
    itself certified at half of the bar's chance, the gate at this bar keeps the whole bar.
    Source: as Rogan and Gladen 1978; the evidence rises with the rate, so a bound below the truth
    only makes the gate stricter. Limit: seeded errors must be found no more easily than real ones.
    """
    inputs.within("sensitivity_min", sensitivity_min, least=0, most=1)
    _check(bar)
    if not sensitivity_min:
        return None
    return Bar(error_max=bar.error_max * sensitivity_min, false_grant_max=bar.false_grant_max / 2)


def discoveries(evidence: Mapping[Name, float], *, false_share_max: float) -> frozenset[Name]:
    """Return the cells that may be offered at one board, from each cell's evidence in nats.

    Guarantee: the expected share of cells at or above their bar among those returned is at most
    `false_share_max`, however the cells depend on each other. Source: e-BH, Wang and Ramdas 2022
    (arXiv 2009.02824). Limits: one board, not many together; evidence must be taken at the board
    and over all its rows, never the highest so far.
    """
    inputs.chance("false_share_max", false_share_max)
    for nats in evidence.values():
        inputs.within("evidence", nats, least=-math.inf)
    best = sorted(evidence.values(), reverse=True)
    bounds = [math.log(len(best) / (false_share_max * k)) for k in range(1, len(best) + 1)]
    passed = [nats for nats, bound in zip(best, bounds, strict=True) if nats >= bound]
    return frozenset(name for name, nats in evidence.items() if passed and nats >= passed[-1])


def _check(bar: Bar) -> None:
    inputs.chance("error_max", bar.error_max)
    inputs.chance("false_grant_max", bar.false_grant_max)


def _labels(wrong: int, right: int) -> None:
    inputs.count("wrong", wrong)
    inputs.count("right", right, most=inputs.LABELS_MAX - wrong)


def _rows(wrong: int) -> int:
    """Return the size of a table that covers so many wrong labels; few sizes, so few tables."""
    rows = _ROWS_MIN
    while rows <= wrong:
        rows *= 8
    return min(rows, inputs.LABELS_MAX + 1)


@lru_cache(maxsize=_TABLES_MAX)
def _table(error_max: float, false_grant_max: float, rows: int) -> tuple[int, ...]:
    """Walk along the boundary, right labels up and wrong labels across, in one pass.

    J(S, f+1) and J(S+1, f-1) both follow from J(S, f). The second step subtracts, but at the
    boundary next to nothing cancels, and the steps up that follow damp what does.
    """
    bound = -math.log(false_grant_max)
    weight = math.log(_WEIGHT)
    ratio, back = -math.log1p(-error_max), math.log1p(-error_max) - math.log(error_max)
    table: list[int] = []
    right = 0
    nats = log_evidence(wrong=0, right=0, error_max=error_max)
    for wrong in range(rows):
        start = wrong + _WEIGHT
        while nats < bound and wrong + right < inputs.LABELS_MAX:
            right += 1
            grown = math.log(right) + ratio + nats  # as in `wealth.mixture`, one step
            high, low = (grown, weight) if grown > weight else (weight, grown)
            nats = high + math.log1p(math.exp(low - high)) - math.log(start + right)
        if nats < bound:
            break
        table.append(wrong + right)
        lost = math.log1p(-_WEIGHT / start * math.exp(-nats))
        nats += back + math.log(start / right) + lost
        right -= 1
    return tuple(table)
