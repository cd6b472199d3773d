"""How late a cell is lowered where the coin draws a tenth of its cases, and what that costs."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bench.autonomy.alarms import Detectors
from bench.autonomy.part import Row

ERROR_MAX = 0.05
BREACH_RUN, WARN_RUN, RUN_MIN = 10_000, 3_000, 20  # times the share of the coin
SURGE, LATE = 150, 25
CALM, CALM_RATE = 1_000, 0.01  # cases before the change
CASES_MAX = 12_000
WATCHED = 5_000  # cases of a calm stream
CALM_PART = 4  # one in so many runs is enough there
Flags = NDArray[np.bool_]

# share of the coin, with surge: cases to the demotion (and wrong ones alone)
WORSE: dict[tuple[str, float, bool], dict[float, tuple[int, int | None]]] = {
    ("coin 10 % and surge", 0.10, True): {0.1: (454, 33), 0.2: (194, 31), 0.5: (89, 34)},
    ("coin 10 % alone", 0.10, False): {0.1: (1358, 136), 0.2: (355, 71), 0.5: (109, 54)},
    ("coin 5 % and surge", 0.05, True): {0.1: (613, None), 0.2: (275, None), 0.5: (126, None)},
    ("coin 25 % and surge", 0.25, True): {0.1: (350, None), 0.2: (133, None), 0.5: (62, None)},
    ("every case reviewed", 1.0, False): {0.1: (279, None), 0.2: (77, None), 0.5: (37, None)},
}  # fmt: skip
CALM_REVIEWS = {  # error rate, rate of the warn detector: reviews per 1,000 cases
    (0.005, 0.02): 101, (0.01, 0.02): 106, (0.02, 0.02): 133, (0.03, 0.02): 189, (0.03, 0.03): 131,
}  # fmt: skip


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the cases to the demotion, those that ran alone and wrong, and reviews in calm."""
    dice = np.random.default_rng(seed)
    for (what, share, surge), after in WORSE.items():
        for rate, (cases, alone) in after.items():
            cell = Cells(runs, share=share, surge=surge)
            cell.go(CALM, CALM_RATE, dice)
            cell.changed()
            cell.go(CASES_MAX, rate, dice)
            done = cell.demoted > 0
            yield _mean(what, f"1 to {rate:.0%}, cases", cell.demoted[done], cases)
            yield _mean(what, f"1 to {rate:.0%}, wrong alone", cell.alone[done], alone)
    many = max(1, runs // CALM_PART)
    for (rate, warn), expected in CALM_REVIEWS.items():
        cell = Cells(many, share=0.10, surge=True, warn_rate=warn, demotes=False)
        cell.go(WATCHED, rate, dice)
        reviews = cell.drawn_sum * 1_000 / WATCHED
        yield _mean(f"calm, {rate:.1%} wrong, warn at {warn:.0%}", "reviews", reviews, expected)


def _mean(what: str, at: str, values: NDArray[np.generic], expected: float | None) -> Row:
    error = float(values.std() / np.sqrt(len(values)))
    return Row(
        what=what, at=at, found=float(values.mean()), error=error, expected=expected, digits=0
    )


class Cells:
    """Many cells at once that run alone, with a coin, labels that come late, and detectors."""

    def __init__(
        self,
        many: int,
        *,
        share: float,
        surge: bool,
        warn_rate: float = 0.4 * ERROR_MAX,
        demotes: bool = True,
    ) -> None:
        self.share, self.surge, self.demotes = share, surge, demotes
        self.breach = Detectors(many, rate_max=ERROR_MAX, run_min=max(RUN_MIN, BREACH_RUN * share))
        self.warn = Detectors(many, rate_max=warn_rate, run_min=max(RUN_MIN, WARN_RUN * share))
        self.surge_until = np.zeros(many, dtype=np.int64)
        self.alone = np.zeros(many, dtype=np.int64)
        self.demoted = np.zeros(many, dtype=np.int64)  # at which case since the change; -1: before
        self.drawn_sum = np.zeros(many, dtype=np.int64)
        self.late: list[tuple[Flags, Flags]] = []  # drawn and wrong, of cases without their label
        self.case, self.change = 0, 0

    def changed(self) -> None:
        """Count from here."""
        self.change = self.case
        self.alone[:] = 0
        self.demoted[self.demoted > 0] = -1

    def go(self, cases: int, rate: float, dice: np.random.Generator) -> None:
        """Let so many cases come, or fewer where all are demoted."""
        many = len(self.alone)
        for _ in range(cases):
            if self.demotes and (self.demoted != 0).all():
                break
            if len(self.late) == LATE:
                self.learn(*self.late.pop(0))
            held = self.case < self.surge_until
            drawn = held | (dice.random(many) < self.share)
            wrong = dice.random(many) < rate
            self.alone += wrong & ~held & (self.demoted == 0)
            self.drawn_sum += drawn
            self.late.append((drawn, wrong))
            self.case += 1

    def learn(self, drawn: Flags, wrong: Flags) -> None:
        """Take in the labels of a case where it was drawn."""
        if not drawn.any():
            return
        if self.demotes:
            fires = self.breach.step_some(drawn & (self.demoted == 0), wrong)
            self.demoted[fires] = self.case - self.change + 1
        if self.surge:
            fires = self.warn.step_some(drawn & (self.demoted == 0), wrong)
            self.surge_until[fires] = self.case + SURGE
            self.warn.wealth[fires] = 0.0
