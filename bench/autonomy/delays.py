"""How late the detector is, beside the least delay there can be: Page's CUSUM told what comes."""

from collections.abc import Iterator

import numpy as np

from bench.autonomy.alarms import runs_to_alarm
from bench.autonomy.page import cusum
from bench.autonomy.part import Row

RUN_MIN = 10_000
CALM = 300  # labels at the rate that is still good, before the change
RATIO_GOAL = 1.3
EXPECTED = {
    (0.05, 0.075): 640, (0.05, 0.10): 226, (0.05, 0.15): 85, (0.05, 0.20): 47, (0.05, 0.30): 24,
    (0.05, 0.50): 10.7, (0.02, 0.05): 273, (0.02, 0.10): 73, (0.02, 0.20): 25, (0.01, 0.05): 132,
    (0.01, 0.10): 46, (0.10, 0.15): 353, (0.10, 0.20): 120, (0.10, 0.30): 43,
}  # fmt: skip


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the mean delay of each change, the limit, and how many times the limit it is."""
    dice = np.random.default_rng(seed)
    for (before, after), expected in EXPECTED.items():
        fired = runs_to_alarm(
            [(before, CALM), (after, None)],
            rate_max=before, run_min=RUN_MIN, streams=runs, dice=dice,
        )  # fmt: skip
        delays = fired[fired > CALM] - CALM
        mean, error = float(delays.mean()), float(delays.std() / np.sqrt(len(delays)))
        limit = cusum(before, after, run_min=RUN_MIN).delay(before, after, labels=CALM)
        what = f"{before:.0%} to {after:.1%}"
        yield Row(what=what, at="mean delay", found=mean, error=error, expected=expected, digits=1)
        yield Row(what=what, at="Page's", found=limit, digits=1)
        yield Row(
            what=what, at="times Page's", found=mean / limit, error=error / limit,
            expected=1.22, slack=0.14, at_most=RATIO_GOAL, digits=2,
        )  # fmt: skip
