"""A threshold that is chosen again and again: what the rule of `remit.evidence` does, and others.

Many runs go side by side, one row of each at a time; a test holds our rule against the real one.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.autonomy import counters
from bench.autonomy.part import Row, chance
from remit.domain.autonomy import Bar, Outcome
from remit.evidence import threshold

ROWS, SAMPLE, LOOK_EVERY = 3_000, 200, 25
SHAPE = 6, 0.8
SLOPE = 1.3
BAR = Bar(error_max=0.05, false_grant_max=0.05)
OURS = "ours"
RATE = "empirical rate at most the bar, from 20"
BEST = "best by Clopper-Pearson 95 %"
FIXED = "our walks with Clopper-Pearson, repeated"
EXPECTED = {OURS: 0.015, RATE: 0.92, BEST: 0.16, FIXED: 0.085}
ROWS_MIN = 20
SHOWN = {300: 0.03, 500: 0.07, 1_000: 0.17, 3_000: 0.37}
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield how often a rule ever chose a threshold with a true error above the bar."""
    dice = np.random.default_rng(seed)
    scores = dice.beta(*SHAPE, (runs, SAMPLE + ROWS))
    wrong = dice.random(scores.shape) < SLOPE * (1 - scores)
    truth = Truth(dice)
    chosen = chosen_by(scores, wrong)
    for name, expected in EXPECTED.items():
        found, error = chance(int(truth.above(chosen[name]).sum()), runs)
        yield Row(
            what=name, at="ever above 5 % wrong", found=found, error=error, expected=expected,
            slack=max(0.005, 0.07 * expected), at_most=0.05 if name == OURS else None,
        )  # fmt: skip
    for case, expected in SHOWN.items():
        covers = truth.covers(chosen[OURS][:, case // LOOK_EVERY - 1])
        yield Row(
            what=OURS, at=f"coverage at {case:,}", found=float(covers.mean()),
            error=float(covers.std() / np.sqrt(runs)), expected=expected, slack=0.015,
        )  # fmt: skip
    yield Row(
        what="the best there is", at=f"coverage at {ROWS:,}", found=truth.best(), expected=0.55,
        slack=0.01,
    )  # fmt: skip


class Truth:
    """The true error rate at or above a threshold, and its share of cases, from a large sample."""

    def __init__(self, dice: np.random.Generator, size: int = 2_000_000) -> None:
        self.scores = np.sort(dice.beta(*SHAPE, size))
        risk = np.minimum(1, SLOPE * (1 - self.scores))
        above = np.arange(size, 0, -1)
        self.error = np.cumsum(risk[::-1])[::-1] / above

    def above(self, chosen: Floats) -> Bools:
        """Return which runs ever had a threshold (NaN: none) with too high an error."""
        where = np.searchsorted(self.scores, np.nan_to_num(chosen, nan=2.0))
        rate = np.append(self.error, 0.0)[where]
        bad: Bools = (rate > BAR.error_max).any(axis=1)
        return bad

    def covers(self, chosen: Floats) -> Floats:
        """Return the share of cases at or above each threshold, 0 for none."""
        where = np.searchsorted(self.scores, np.nan_to_num(chosen, nan=2.0))
        return 1 - where / len(self.scores)

    def best(self) -> float:
        """Return the largest share with a true error of at most the bar."""
        return float((self.error <= BAR.error_max).mean())


def chosen_by(scores: Floats, wrong: Bools) -> dict[str, Floats]:
    """Return the threshold that each rule chooses in each run at each look, NaN for none."""
    runs = len(scores)
    grids = [grid(scores[i], wrong[i]) for i in range(runs)]
    width = max(len(one.thresholds) for one in grids)
    marks = np.array(
        [[*one.thresholds, *[np.inf] * (width - len(one.thresholds))] for one in grids]
    )
    start, back = (np.array([getattr(one, at) for one in grids]) for at in ("start", "back"))
    limits = shared(threshold.MAIN_SHARE), shared(threshold.FALLBACK_SHARE)
    best, *fixed = (
        counters.clopper_pearson(BAR.error_max, ROWS, chance=part * BAR.false_grant_max)
        for part in (1, threshold.MAIN_SHARE, threshold.FALLBACK_SHARE)
    )
    n, bad = np.zeros(marks.shape, dtype=np.int64), np.zeros(marks.shape, dtype=np.int64)
    accepted = [np.zeros(marks.shape, dtype=bool) for _ in limits]
    chosen = {name: np.full((runs, ROWS // LOOK_EVERY), np.nan) for name in EXPECTED}
    for row in range(ROWS):
        counted = scores[:, SAMPLE + row, None] >= marks
        n += counted
        bad += counted & wrong[:, SAMPLE + row, None]
        accepted = [one | (bad <= limit[n]) for one, limit in zip(accepted, limits, strict=True)]
        if (row + 1) % LOOK_EVERY == 0:
            look = row // LOOK_EVERY
            once = [bad <= limit[n] for limit in fixed]
            chosen[OURS][:, look] = at(marks, *map(walked, accepted, (start, back)))
            chosen[RATE][:, look] = at(marks, last((n >= ROWS_MIN) & (bad <= n * BAR.error_max)))
            chosen[BEST][:, look] = at(marks, last(bad <= best[n]))
            chosen[FIXED][:, look] = at(marks, *map(walked, once, (start, back)))
    return chosen


def grid(scores: Floats, wrong: Bools) -> threshold.Grid:
    """Return the grid of one run, by the real rule."""
    rows = [
        (float(score), Outcome.WRONG if bad else Outcome.RIGHT)
        for score, bad in zip(scores[:SAMPLE], wrong[:SAMPLE], strict=True)
    ]
    made = threshold.calibrate(rows, error_max=BAR.error_max)
    if isinstance(made, threshold.TooFew):
        raise TypeError(f"{made.missing} rows are missing")
    return made


def shared(part: float) -> counters.Limits:
    """Return the limits of the gate at a part of the chance."""
    bar = Bar(error_max=BAR.error_max, false_grant_max=part * BAR.false_grant_max)
    return counters.ours(bar, ROWS)


def walked(accepted: Bools, begin: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last place of a walk from `begin` that stops at what is not accepted, or -1."""
    place = np.arange(accepted.shape[1])
    before = place < begin[:, None]
    return last(np.logical_and.accumulate(accepted | before, axis=1) & ~before)


def last(good: Bools) -> NDArray[np.int64]:
    """Return the last good place of each run, or -1."""
    found: NDArray[np.int64] = (good * (np.arange(good.shape[1]) + 1)).max(axis=1) - 1
    return found


def at(marks: Floats, *places: NDArray[np.int64]) -> Floats:
    """Return the threshold at the furthest of some places, NaN for none."""
    furthest = np.max(places, axis=0)
    found = marks[np.arange(len(marks)), np.maximum(furthest, 0)]
    return np.where(furthest < 0, np.nan, found)
