"""One cell on its way up and down the ladder: held, sampled, autonomous, and back on a breach.

Reviewers are perfect, the owner signs whatever is offered, the cell begins at approve-each.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.autonomy.tally import Tally
from remit.domain.autonomy import Bar, Level, Outcome
from remit.evidence import detector, gate, intervals, threshold

LATE = 25  # cases until the label of a case is there
REVIEW_EVERY = 100
COOLDOWN = 140
SURGE = 150
SAMPLE = threshold.CALIBRATION_ROWS
BAR = Bar(error_max=0.05, false_grant_max=0.05)  # risk normal
SHARES = {Level.APPROVE_EACH: 1.0, Level.SAMPLED: 0.25, Level.AUTONOMOUS: 0.10}
COVERAGE_MIN = 0.2
SHARE_ROWS = 1_000
Floats = NDArray[np.float64]


@dataclass
class Climb:
    """Where a cell is, and what happened to it."""

    scores: list[float]
    wrong: list[bool]
    coins: list[float]
    level: Level = Level.APPROVE_EACH
    attempt: int = 0
    mark: float | None = None  # the threshold in force
    low_mark: float | None = None
    grid: threshold.Grid | None = None
    main: Tally | None = None
    second: Tally | None = None  # since the last promotion
    since: int = 0  # rows of the stream begin here
    risen_at: int = 0
    surge_until: int = 0
    alone: list[bool] = field(default_factory=list)
    marks: list[float | None] = field(default_factory=list)
    drawn: list[bool] = field(default_factory=list)
    demoted_at: list[int] = field(default_factory=list)
    surged_at: list[int] = field(default_factory=list)
    autonomous_at: int | None = None

    def run(self) -> "Climb":
        """Go through all cases."""
        for case in range(len(self.scores)):
            if case >= LATE:
                self.label(case - LATE, now=case)
            if case % REVIEW_EVERY == 0 and case:
                self.review(case)
            self.decide(case)
        return self

    def decide(self, case: int) -> None:
        """Let a case run alone or hold it, and throw its coin."""
        score, surging = self.scores[case], case < self.surge_until
        above = self.mark is not None and score >= self.mark
        self.alone.append(above and not surging)
        self.marks.append(self.mark)
        escalated = self.low_mark is not None and score < self.low_mark
        share = 1.0 if surging else SHARES[self.level]
        self.drawn.append(not escalated and self.coins[case] < share)
        if self.mark is not None and self.scorewatch is not None:
            self.scorewatch = detector.step(self.scorewatch, wrong=not above)
            if self.scorewatch.fires:
                self.surge(case)
                self.shifted = True
                self.scorewatch = detector.start(
                    rate_max=self.scorewatch.rate_max, run_min=self.scorewatch.run_min
                )

    def label(self, case: int, *, now: int) -> None:
        """Take in the label of a case that was drawn."""
        if self.grid is None:
            if case == SAMPLE - 1:
                self.calibrate()
            return
        if not self.drawn[case] or case < self.since:
            return
        score, wrong = self.scores[case], self.wrong[case]
        if self.main is not None:
            self.main.add(score, wrong=wrong)
        if self.second is not None and case >= self.risen_at:
            self.second.add(score, wrong=wrong)
        if self.mark is not None and score >= self.mark and case >= self.granted_at:
            self.breach = detector.step(self.breach, wrong=wrong)
            self.warn = detector.step(self.warn, wrong=wrong)
            if self.breach.fires:
                self.demote(now)
            elif self.warn.fires:
                self.surge(now)
                self.warn = detector.start(rate_max=self.warn.rate_max, run_min=self.warn.run_min)

    def calibrate(self) -> None:
        """Fix the grid from the first rows."""
        rows = [
            (score, Outcome.WRONG if wrong else Outcome.RIGHT)
            for score, wrong in zip(self.scores[:SAMPLE], self.wrong[:SAMPLE], strict=True)
        ]
        made = threshold.calibrate(rows, error_max=BAR.error_max)
        if isinstance(made, threshold.Grid):
            self.grid, self.since = made, SAMPLE
            self.open_stream()

    def open_stream(self) -> None:
        """Begin the ledger of an attempt."""
        if self.grid is not None:
            self.main = Tally(self.grid, gate.attempt(BAR, number=self.attempt))
        self.second = None

    # -- up -----------------------------------------------------------------------------------

    def review(self, case: int) -> None:
        """Raise the level, or lower the threshold, where all conditions are met."""
        if self.main is None or case < self.since:
            return
        if self.shifted and self.mark is not None:  # no raise before what is usual is learnt anew
            self.scorewatch, self.shifted = self.watch(self.mark, case), False
            return
        found = self.main.certified(self.low_mark)
        if found is None or case < self.surge_until:
            return
        if self.level is Level.APPROVE_EACH:
            if self.covered(found, case) and self.stable(found, case):
                self.low_mark = min(self.low_mark or self.grid_low(), found)
                self.grant(Level.SAMPLED, found, case)
            return
        if self.level is Level.SAMPLED and self.second is not None and self.mark is not None:
            again = self.second.certified(self.low_mark)
            if (
                again is not None
                and again <= self.mark
                and case - self.risen_at >= 2 * REVIEW_EVERY
                and self.stable(self.mark, case)
            ):
                self.autonomous_at = self.autonomous_at or case
                self.grant(Level.AUTONOMOUS, self.mark, case)
                return
        if self.mark is not None and found < self.mark and self.stable(found, case):
            self.grant(self.level, found, case)

    def grant(self, level: Level, mark: float, case: int) -> None:
        """Sign a level and a threshold; the detectors begin again."""
        if level is not self.level:
            self.risen_at = case
            if self.grid is not None:
                self.second = Tally(self.grid, BAR)
        self.level, self.mark, self.granted_at = level, mark, case
        share = SHARES[level]
        n, wrong = self.main.at(mark) if self.main is not None else (0, 0)
        alpha = BAR.error_max
        expected = min(max((wrong + 0.5) / (n + 1), 0.4 * alpha), 0.8 * alpha)
        self.breach = detector.start(rate_max=alpha, run_min=max(20, 10_000 * share))
        self.warn = detector.start(rate_max=expected, run_min=max(20, 3_000 * share))
        self.scorewatch = self.watch(mark, case)

    def watch(self, mark: float, case: int) -> detector.Detector | None:
        """Return the alarm that needs no labels, None where too many scores lie below the mark."""
        window = self.scores[max(0, case - SHARE_ROWS) : case]
        below = sum(score < mark for score in window)
        _, high = intervals.rate(hits=below, n=len(window), chance=0.05)
        return None if high > detector.RATE_MAX else detector.start(rate_max=high, run_min=10_000)

    def covered(self, mark: float, case: int) -> bool:
        """Would enough of the last two cycles run alone?"""
        window = self.scores[case - 2 * REVIEW_EVERY : case]
        return sum(score >= mark for score in window) >= COVERAGE_MIN * len(window)

    def stable(self, mark: float, case: int) -> bool:
        """Were the last two cycles good, by the labels that are there, and without an alarm?"""
        watch = detector.start(rate_max=BAR.error_max, run_min=10_000)
        for begin in (case - 2 * REVIEW_EVERY, case - REVIEW_EVERY):
            rows = [
                self.wrong[i]
                for i in range(begin, min(begin + REVIEW_EVERY, case - LATE))
                if self.drawn[i] and self.scores[i] >= mark
            ]
            if sum(rows) > math.ceil(1.5 * BAR.error_max * len(rows)):
                return False
            for wrong in rows:
                watch = detector.step(watch, wrong=wrong)
                if watch.fires:
                    return False
        return not any(at >= case - 2 * REVIEW_EVERY for at in self.surged_at)

    def grid_low(self) -> float:
        """Return the low mark of the grid."""
        return self.grid.low_mark if self.grid is not None else 0.0

    # -- down ---------------------------------------------------------------------------------

    def surge(self, case: int) -> None:
        """Hold what would run alone, and draw all, for a while."""
        self.surge_until = case + SURGE
        self.surged_at.append(case)

    def demote(self, case: int) -> None:
        """Go back to approve-each, with the next attempt after the cooldown."""
        self.level, self.mark, self.scorewatch = Level.APPROVE_EACH, None, None
        self.surge_until, self.shifted = 0, False
        self.demoted_at.append(case)
        self.attempt += 1
        self.since = case + COOLDOWN
        self.open_stream()

    granted_at: int = 0
    shifted: bool = False
    breach: detector.Detector = field(
        default_factory=lambda: detector.start(rate_max=0.05, run_min=20)
    )
    warn: detector.Detector = field(
        default_factory=lambda: detector.start(rate_max=0.05, run_min=20)
    )
    scorewatch: detector.Detector | None = None
