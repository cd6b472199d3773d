"""A long good past does not make the detector slow; and the alarm that needs no labels."""

import math
from collections.abc import Iterator

import numpy as np

from bench.autonomy.alarms import runs_to_alarm
from bench.autonomy.part import Row
from remit.evidence.wealth import log_excess

RUN_MIN = 10_000
RATE_MAX, GOOD, BAD = 0.05, 0.01, 0.10
CALM = 300  # before the change, where there are no labels
LONG, LOOK_EVERY, LOOKS_MAX = 5_000, 10, 900


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the mean delays."""
    dice = np.random.default_rng(seed)
    for clean, expected in ((0, 263), (500, 256), (LONG, 252)):
        fired = runs_to_alarm(
            [(GOOD, clean), (BAD, None)],
            rate_max=RATE_MAX, run_min=RUN_MIN, streams=runs, dice=dice,
        )  # fmt: skip
        yield row(f"the detector, after {clean:,} at 1 %", fired - clean, expected)
    yield row(f"an e-process without restart, after {LONG:,}", lifetime(runs, dice), 5_477)
    for share, expected in ((0.35, 359), (0.40, 147), (0.50, 56)):
        fired = runs_to_alarm(
            [(0.22, CALM), (share, None)], rate_max=0.27, run_min=RUN_MIN, streams=runs, dice=dice
        )
        delays = fired[fired > CALM] - CALM
        yield row(f"label-free, scores below the threshold 22 to {share:.0%}", delays, expected)


def row(what: str, delays: np.ndarray, expected: float) -> Row:
    """Return the mean of some delays."""
    error = float(delays.std() / np.sqrt(len(delays)))
    return Row(
        what=what, at="cases to the alarm", found=float(delays.mean()), error=error,
        expected=expected, digits=0,
    )  # fmt: skip


def lifetime(runs: int, dice: np.random.Generator) -> np.ndarray:
    """Return the delays of one that bets on all labels since the beginning, at a chance of 5 %."""
    wrong, limits = 0, []
    for n in range(LONG + LOOK_EVERY, LONG + LOOK_EVERY * (LOOKS_MAX + 1), LOOK_EVERY):
        while log_excess(wrong=wrong, right=n - wrong, rate_max=RATE_MAX) < math.log(20):
            wrong += 1
        limits.append(wrong)
    steps = dice.binomial(LOOK_EVERY, BAD, (runs, LOOKS_MAX))
    counts = dice.binomial(LONG, GOOD, runs)[:, None] + np.cumsum(steps, axis=1)
    return ((counts >= np.array(limits)).argmax(axis=1) + 1) * LOOK_EVERY
