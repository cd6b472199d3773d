"""The ledger of a threshold, one row at a time; a test holds it against `threshold.fold`."""

from bisect import bisect_right

from remit.domain.autonomy import Bar
from remit.evidence import gate, threshold
from remit.evidence.threshold import Grid, ThresholdLedger


class Tally:
    """What `threshold.fold` would say of the rows so far."""

    def __init__(self, grid: Grid, bar: Bar) -> None:
        self.grid = grid
        count = len(grid.thresholds)
        self.rising = grid.thresholds[::-1]
        self.n, self.wrong = [0] * count, [0] * count
        self.levels = [
            (gate.acceptance(shared(bar, part), wrong_max=gate.WRONG_MAX), [False] * count)
            for part in (threshold.MAIN_SHARE, threshold.FALLBACK_SHARE)
        ]

    def add(self, score: float, *, wrong: bool) -> None:
        """Take one more labelled row."""
        count = len(self.rising)
        first = count - bisect_right(self.rising, score)
        for i in range(first, count):
            self.n[i] += 1
            self.wrong[i] += wrong
        if not wrong:
            for table, accepted in self.levels:
                for i in range(first, count):
                    if not accepted[i] and self.n[i] >= table[self.wrong[i]]:
                        accepted[i] = True

    def ledger(self) -> ThresholdLedger:
        """Return what `threshold.fold` returns."""
        (_, accepted), (_, accepted_back) = self.levels
        return ThresholdLedger(
            grid=self.grid, n=tuple(self.n), wrong=tuple(self.wrong),
            accepted=tuple(accepted), accepted_back=tuple(accepted_back),
        )  # fmt: skip

    def certified(self, low_mark: float | None) -> float | None:
        """Return what `threshold.certified` returns."""
        return threshold.certified(self.ledger(), low_mark=low_mark)

    def at(self, mark: float) -> tuple[int, int]:
        """Return the rows at or above a threshold of the grid, and the wrong among them."""
        place = self.grid.thresholds.index(mark)
        return self.n[place], self.wrong[place]


def shared(bar: Bar, part: float) -> Bar:
    """Return the bar at a part of its chance."""
    return Bar(error_max=bar.error_max, false_grant_max=part * bar.false_grant_max)
