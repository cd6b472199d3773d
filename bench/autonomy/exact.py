"""Chances without a random number: dynamic programming over how many of n cases were wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.autonomy.counters import Limits

Chances = NDArray[np.float64]
NOTHING = 1e-12
LOOK_EVERY = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """When a rule stops: item n of `at` is the chance that it accepts first after n cases."""

    at: Chances

    def within(self, cases: int) -> float:
        """Return the chance to be accepted within so many cases."""
        return float(self.at[: cases + 1].sum())

    def mean(self) -> float:
        """Return the mean number of cases among those that are accepted."""
        return float((self.at * np.arange(len(self.at))).sum() / self.at.sum())

    def quantile(self, part: float) -> int:
        """Return the number of cases within which this part of all is accepted."""
        return int(np.searchsorted(np.cumsum(self.at), part))


def stops(limits: Limits, rate: float) -> Stops:
    """Return when a rule with these limits accepts, looked at after every independent case."""
    most = int(limits.max())
    alive = np.zeros(most + 2)  # more wrong ones than any limit are never accepted
    alive[0] = 1.0
    at = np.zeros(len(limits))
    for n in range(1, len(limits)):
        if n % LOOK_EVERY == 0 and alive.sum() < NOTHING:
            break
        grown = alive * (1 - rate)
        grown[1:] += alive[:-1] * rate
        alive = grown
        if limits[n] >= 0:
            at[n] = alive[: limits[n] + 1].sum()
            alive[: limits[n] + 1] = 0.0
    return Stops(at=at)


def in_a_row(length: int, rate: float, cases: int) -> float:
    """Return the chance of so many right ones in a row somewhere."""
    runs = np.zeros(length)
    runs[0], done = 1.0, 0.0
    for _ in range(cases):
        done += runs[-1] * (1 - rate)
        runs = np.concatenate(([runs.sum() * rate], runs[:-1] * (1 - rate)))
    return float(done)


def of_the_last(right: int, window: int, rate: float, cases: int) -> float:
    """Return the chance that so many of the last `window` were right, at some time."""
    states = np.arange(
        2 ** (window - 1)
    )  # the outcomes of the last window - 1, one bit a right one
    count = np.array([int(state).bit_count() for state in states])
    alive = np.zeros(len(states))
    alive[0], done = 1.0, 0.0
    for n in range(1, cases + 1):
        passes = (count + 1 >= right) if n >= window else np.zeros(len(states), dtype=bool)
        stays = (count >= right) if n >= window else np.zeros(len(states), dtype=bool)
        ended = alive[passes].sum() * (1 - rate) + alive[stays].sum() * rate
        done += ended
        grown = np.zeros(len(states))
        for bit, chance, out in ((1, 1 - rate, passes), (0, rate, stays)):
            to = (states * 2 + bit) % len(states)
            np.add.at(grown, to, np.where(out, 0.0, alive) * chance)
        alive = grown
    return float(done)
