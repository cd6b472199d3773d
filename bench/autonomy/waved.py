"""Reviewers who wave things through: the gate as it is, and with what seeded checks show."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from bench.autonomy import counters
from bench.autonomy.part import Row, chance
from remit.domain.autonomy import Bar
from remit.evidence import gate, reviewers

BAR = Bar(error_max=0.05, false_grant_max=0.05)
CASES, FALSE_FLAGS = 2_000, 0.003
LOOK_EVERY = 40
A_SEED = 20  # one known-bad check for so many cases, so 5 %
UNADJUSTED, SEEDED = "as labelled", "with 5 % seeds"
EXPECTED = {  # wrong, found: promoted unadjusted, promoted with seeds, median labels
    (0.08, 0.30): (0.996, 0.0, None), (0.01, 0.95): (None, 1.0, 440),
    (0.02, 0.95): (None, 0.97, 920), (0.01, 0.70): (None, 0.98, 880),
    (0.01, 0.30): (None, 0.08, None),
}  # fmt: skip


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield how often a cell is promoted, and with how many labels."""
    dice = np.random.default_rng(seed)
    for (rate, finds), (plain, seeded, median) in EXPECTED.items():
        what = f"{rate:.0%} wrong, {finds:.0%} of it found"
        wrong = dice.random((runs, CASES)) < rate
        flagged = np.where(wrong, finds, FALSE_FLAGS) > dice.random((runs, CASES))
        missed = dice.random((runs, CASES // A_SEED)) >= finds
        counts = np.cumsum(flagged, axis=1)
        as_it_is = (counts <= counters.ours(BAR, CASES)[1:]).any(axis=1).sum()
        found, error = chance(int(as_it_is), runs)
        yield Row(what=what, at=UNADJUSTED, found=found, error=error, expected=plain)
        labels = np.array([seen(*one) for one in zip(counts, missed, strict=True)])
        found, error = chance(int((labels > 0).sum()), runs)
        most = BAR.false_grant_max if rate >= BAR.error_max else None
        yield Row(what=what, at=SEEDED, found=found, error=error, expected=seeded, at_most=most)
        if median is not None:
            done = labels[labels > 0]
            yield Row(
                what=what, at="median labels", found=float(np.median(done)), expected=median,
                error=1.25 * float(done.std()) / np.sqrt(len(done)), digits=0,
            )  # fmt: skip


def seen(counts: np.ndarray, missed: np.ndarray) -> int:
    """Return at how many labels one cell is promoted at a look, 0 for never."""
    lost = np.cumsum(missed)
    for labels in range(LOOK_EVERY, CASES + 1, LOOK_EVERY):
        dealt = labels // A_SEED
        limits = limits_at(int(lost[dealt - 1]), dealt)
        if limits is not None and counts[labels - 1] <= limits[labels]:
            return labels
    return 0


@cache
def limits_at(missed: int, dealt: int) -> counters.Limits | None:
    """Return the limits of the gate where so many of the known-bad checks were missed."""
    least = reviewers.sensitivity_min(missed=missed, dealt=dealt, chance=BAR.false_grant_max)
    bar = gate.adjusted(BAR, sensitivity_min=least)
    return None if bar is None else counters.ours(bar, CASES)
