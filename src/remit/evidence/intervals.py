"""Intervals that hold at every look: of a rate, of a quantile, of the ratio of two times."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from remit.errors import EvidenceInputError
from remit.evidence import inputs

CASES_MIN: Final = 60  # an arm, before a ratio may be claimed
MEAN_MAX: Final = 1e6  # of a logarithm
VARIANCE_MAX: Final = 1e12
RATIO_CHANCE_MAX: Final = 0.5
_TUNED_FOR: Final = 300  # cases an arm at which the ratio's interval is about its tightest
_HALVINGS_MAX: Final = 1_200  # down to the least float there is
Interval = tuple[float, float]


def rate(*, hits: int, n: int, chance: float) -> Interval:
    """Return the interval of a rate from its hits among n.

    Guarantee: the chance that the true rate is outside at any n, however often one looks, is at
    most `chance`. No cases give (0, 1). Source: the mixture over Beta(1/2, 1/2), Robbins 1970,
    Howard et al. 2021 (arXiv 1810.08240). Limits: two-sided, so another statement than that of the
    gate, whose bar it may overlap; cases are to be independent of what is looked at.
    """
    inputs.count("n", n)
    inputs.count("hits", hits, most=n)
    bound = -math.log(inputs.chance("chance", chance))
    middle = hits / n if n else 0.5

    def is_in(p: float) -> bool:
        return _spent(hits, n, p) < bound

    low = _edge(is_in, within=middle, outside=0.0) if hits else 0.0
    return low, _edge(is_in, within=middle, outside=1.0) if hits < n else 1.0


def quantile(values: Sequence[float], *, part: float, chance: float) -> Interval:
    """Return the interval of a quantile from values in rising order.

    Guarantee: the chance that the true quantile is outside at any n, however often one looks, is
    at most `chance`; ties do no harm. An end that is not known yet is infinite. Source: the same
    mixture on how many values lie below, as Howard and Ramdas 2022 (arXiv 1906.09712). Limits: as
    `rate`. Raises `EvidenceInputError` for values that are not in order.
    """
    inputs.chance("part", part)
    inputs.count("values", len(values))
    for value in values:
        inputs.within("values", value, least=-math.inf)
    if any(one > other for one, other in pairwise(values)):
        raise EvidenceInputError("`values` must be in rising order")
    n, bound = len(values), -math.log(inputs.chance("chance", chance))
    near = int(n * part)
    # convex in the rank, so what is kept is without gaps around the least
    least = min((near, min(n, near + 1)), key=lambda rank: _spent(rank, n, part))
    low, high = least, least
    below, above = -1, n + 1  # ranks that are not kept
    while low - below > 1:
        rank = (low + below) // 2
        low, below = (rank, below) if _spent(rank, n, part) < bound else (low, rank)
    while above - high > 1:
        rank = (high + above) // 2
        high, above = (rank, above) if _spent(rank, n, part) < bound else (high, rank)
    return values[low - 1] if low else -math.inf, values[high] if high < n else math.inf


def log_ratio(
    *,
    mean_before: float,
    mean_after: float,
    variance_before: float,
    variance_after: float,
    n: int,
    chance: float,
) -> Interval | None:
    """Return the interval of the logarithm of after / before, None under 60 cases an arm.

    Means and variances are those of the logarithms, n the cases of each arm; where the arm before
    has another number m, or weeks differ as a whole, give n / m times its variance, and add n
    times what a mean varies by.
    Guarantee: asymptotic; from 60 cases on the chance that the true value is outside at any n,
    read daily, is about `chance`. Source: Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024
    (arXiv 2103.06476), tuned for 300 cases. Limits: no causes, no effects of mix; `chance` at most
    one half.
    """
    for name, mean in (("mean_before", mean_before), ("mean_after", mean_after)):
        inputs.within(name, mean, least=-MEAN_MAX, most=MEAN_MAX)
    inputs.within("variance_before", variance_before, least=0, most=VARIANCE_MAX)
    inputs.within("variance_after", variance_after, least=0, most=VARIANCE_MAX)
    inputs.count("n", n)
    if inputs.chance("chance", chance) > RATIO_CHANCE_MAX:
        raise EvidenceInputError(f"`chance` must be at most {RATIO_CHANCE_MAX}")
    if n < CASES_MIN:
        return None
    nats = -2 * math.log(chance)
    tuned = (nats + math.log(nats) + 1) / _TUNED_FOR
    grown = n * tuned + 1
    width = 2 * grown / (n * n * tuned) * math.log(math.sqrt(grown) / chance)
    half = math.sqrt((variance_before + variance_after) * width)
    return mean_after - mean_before - half, mean_after - mean_before + half


def _spent(hits: int, n: int, p: float) -> float:
    """Return how strongly hits among n speak against a rate of p, in nats."""
    nats = math.lgamma(hits + 0.5) + math.lgamma(n - hits + 0.5) - math.lgamma(n + 1)
    nats -= math.log(math.pi)
    nats -= hits * math.log(p) if hits else 0.0
    return nats - ((n - hits) * math.log1p(-p) if hits < n else 0.0)


def _edge(is_in: Callable[[float], bool], *, within: float, outside: float) -> float:
    """Return the first number outside, between one that is inside and an end that is not."""
    for _ in range(_HALVINGS_MAX):
        middle = (within + outside) / 2
        if middle in {within, outside}:
            break
        within, outside = (middle, outside) if is_in(middle) else (within, middle)
    return outside
