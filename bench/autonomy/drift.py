"""The gate where the error rate moves: is it met while the mean so far is at the bar or above?"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.autonomy import counters
from bench.autonomy.part import Row, chance
from remit.domain.autonomy import Bar

CASES = 3_000
BLOCK = 20
NORMAL = Bar(error_max=0.05, false_grant_max=0.05)
RAMP_CASES = 1_000
WEEK, WEEK_WRONG, WEEK_ROWS = 140, 11, 5_040
CYCLE, STABLE_WRONG = 50, 4  # a stable cycle: at most ceil(1.5 times 5 % of 50) wrong
Rates = NDArray[np.float64]


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the chance of acceptance at a moment when the running mean is at least the bar."""
    dice = np.random.default_rng(seed)
    limits = counters.ours(NORMAL, CASES)[1:]
    along = np.arange(CASES)
    kinds = {
        "constant": (np.full(CASES, 0.05), 0.044),
        f"blocks of {BLOCK}, 10 % and 0 %": (np.where(along // BLOCK % 2, 0.0, 0.10), 0.030),
        "ramp, 9 to 1 %": (0.09 - 0.08 * along / (CASES - 1), 0.002),
    }
    at = "accepted at or above the bar"
    for name, (rates, expected) in kinds.items():
        found, error = chance(hits(rates, limits, dice=dice, runs=runs, held=True), runs)
        yield Row(what=name, at=at, found=found, error=error, expected=expected, at_most=0.05)
    found, error = chance(adversary(limits, dice=dice, runs=runs), runs)
    yield Row(
        what="adversary, mean held at 5 %",
        at=at,
        found=found,
        error=error,
        expected=0.044,
        at_most=0.05,
    )
    rising = 0.01 + 0.08 * np.arange(RAMP_CASES) / (RAMP_CASES - 1)
    found, error = chance(hits(rising, limits, dice=dice, runs=runs, held=True), runs)
    yield Row(what="ramp, 1 to 9 %", at=at, found=found, error=error, at_most=0.05)
    found, error = chance(hits(rising, limits, dice=dice, runs=runs, held=False), runs)
    yield Row(what="ramp, 1 to 9 %", at="ever accepted", found=found, error=error, expected=0.75)
    for rate, expected in ((0.05, 0.029), (0.06, 0.007), (0.07, 0.002)):
        found, error = chance(with_cycles(rate, limits, dice=dice, runs=runs), runs)
        yield Row(
            what=f"two stable cycles of {CYCLE} as well, {rate:.0%} wrong",
            at=at,
            found=found,
            error=error,
            expected=expected,
            slack=0.006,
            at_most=0.05,
        )
    found, error = chance(reviewed(dice=dice, runs=runs // 2), runs // 2)
    yield Row(
        what=f"weekly reviews of {WEEK}, two stable cycles, 5 % wrong",
        at=at,
        found=found,
        error=error,
        expected=0.026,
        slack=0.006,
        at_most=0.05,
    )


def hits(
    rates: Rates, limits: counters.Limits, *, dice: np.random.Generator, runs: int, held: bool
) -> int:
    """Count the runs accepted at some time, or `held` at a time when the mean is at the bar."""
    cases = len(rates)
    counted = limits[:cases].copy()
    if held:
        mean = np.cumsum(rates) / np.arange(1, cases + 1)
        counted[mean < NORMAL.error_max - 1e-12] = -1
    done = 0
    for many in chunks(runs):
        wrong = np.cumsum(dice.random((many, cases)) < rates, axis=1, dtype=np.int32)
        done += int((wrong <= counted).any(axis=1).sum())
    return done


def adversary(limits: counters.Limits, *, dice: np.random.Generator, runs: int) -> int:
    """Count the runs of one who sees the counts, saves while losing and spends it at the end.

    The rate is doubled while acceptance is far, and nothing once it is near, as long as the mean
    of all rates so far stays at the bar or above.
    """
    alpha = NORMAL.error_max
    wrong, spare = np.zeros(runs, dtype=np.int64), np.zeros(runs)
    accepted = np.zeros(runs, dtype=bool)
    for limit in limits:
        near = wrong <= limit + 1
        rate = np.where(near, np.where(spare >= alpha, 0.0, alpha), 2 * alpha)
        rate = np.where(~near & (spare > 1), alpha, rate)
        spare += rate - alpha
        wrong += dice.random(runs) < rate
        accepted |= wrong <= limit
    return int(accepted.sum())


def with_cycles(
    rate: float, limits: counters.Limits, *, dice: np.random.Generator, runs: int
) -> int:
    """Count the runs accepted at a case before which two cycles were stable."""
    done = 0
    ends = np.arange(2 * CYCLE, CASES + 1)
    for many in chunks(runs):
        wrong = np.zeros((many, CASES + 1), dtype=np.int32)
        np.cumsum(dice.random((many, CASES)) < rate, axis=1, dtype=np.int32, out=wrong[:, 1:])
        now, before = wrong[:, ends], wrong[:, ends - CYCLE]
        stable = (now - before <= STABLE_WRONG) & (
            before - wrong[:, ends - 2 * CYCLE] <= STABLE_WRONG
        )
        done += int((stable & (now <= limits[ends - 1])).any(axis=1).sum())
    return done


def reviewed(*, dice: np.random.Generator, runs: int) -> int:
    """Count the runs promoted at a review: a prefix in the last cycle, and the last two stable."""
    limits = counters.ours(NORMAL, WEEK_ROWS)[1:]
    weeks = WEEK_ROWS // WEEK
    done = 0
    for many in chunks(runs):
        wrong = dice.random((many, WEEK_ROWS)) < NORMAL.error_max
        met = np.cumsum(wrong, axis=1, dtype=np.int32) <= limits
        met = met.reshape(many, weeks, WEEK).any(axis=2)
        stable = wrong.reshape(many, weeks, WEEK).sum(axis=2) <= WEEK_WRONG
        done += int((met[:, 1:] & stable[:, 1:] & stable[:, :-1]).any(axis=1).sum())
    return done


def chunks(runs: int, most: int = 1_000) -> Iterator[int]:
    """Yield sizes that fit into memory and add up to all runs."""
    for begun in range(0, runs, most):
        yield min(most, runs - begun)
