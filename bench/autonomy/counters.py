"""Rules that decide on counts: ours, and those that other tools publish.

Each is given as its limits: after n cases it accepts where at most `limits[n]` of them were wrong
(-1: never yet). So one piece of arithmetic in `exact` weighs them all.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from remit.domain.autonomy import Bar
from remit.evidence import gate
from remit.evidence.wealth import log_excess

Limits = NDArray[np.int64]


def ours(bar: Bar, cases: int) -> Limits:
    """Accept where the acceptance table of the gate says so."""
    found = np.full(cases + 1, -1)
    wrong = 0
    while (wanted := gate.needed(bar, wrong=wrong)) is not None and wanted <= cases:
        found[wanted:] = wrong
        wrong += 1
    return found


def share(error_max: float, cases: int, *, since: int) -> Limits:
    """Accept where the share of right ones is at least the bar, from `since` cases on."""
    return _from(np.floor(np.arange(cases + 1) * error_max + 1e-9).astype(np.int64), since)


def wilson(error_max: float, cases: int, *, z: float, since: int) -> Limits:
    """Accept where Wilson's upper bound (1927) of the error rate is at most the bar."""
    found, wrong = np.full(cases + 1, -1), 0
    for n in range(1, cases + 1):
        while wrong <= n and _wilson_high(wrong, n, z) <= error_max:
            wrong += 1
        found[n] = wrong - 1
    return _from(found, since)


def clopper_pearson(
    error_max: float, cases: int, *, chance: float = 0.05, since: int = 1, every: int = 1
) -> Limits:
    """Accept where so few wrong ones had a chance of at most 5 % at the bar (1934)."""
    n = np.arange(cases + 1)
    found = binom.ppf(chance, n, error_max).astype(np.int64)
    found -= binom.cdf(found, n, error_max) > chance
    found[n % every != 0] = -1
    return _from(found, since)


def rubber_stamp(rate_max: float, checks: int, *, log_bound: float) -> Limits:
    """Flag where so few known-bad checks were caught: limits of the caught among the dealt."""
    found, caught = np.full(checks + 1, -1), -1
    for n in range(1, checks + 1):
        caught = min(caught + 1, n)  # one more caught than before is the most there can be
        while caught >= 0 and log_excess(wrong=n - caught, right=caught, rate_max=rate_max) < (
            log_bound
        ):
            caught -= 1
        found[n] = caught
    return found


def _wilson_high(wrong: int, n: int, z: float) -> float:
    rate, square = wrong / n, z * z
    middle = rate + square / (2 * n)
    half = z * math.sqrt(rate * (1 - rate) / n + square / (4 * n * n))
    return (middle + half) / (1 + square / n)


def _from(limits: Limits, since: int) -> Limits:
    limits[:since] = -1
    return limits
