"""What is measured of a classifier: being right, being sure, and knowing strangers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from remit.domain.autonomy import Bar, Outcome
from remit.evidence import threshold
from remit.models.evaluation import calibration, calibration_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
FALSE_GRANT = 0.05
SHUFFLES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a classifier said of tested messages and of strangers."""

    right: Bools
    confidence: Floats
    score: Floats  # of tested messages; higher is surer
    strange: Floats  # scores of messages that no label fits

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    @property
    def error(self) -> float:
        """The expected calibration error of the confidence, in ten bins."""
        pairs = zip(self.confidence.tolist(), self.right.tolist(), strict=True)
        return calibration_error(calibration(list(pairs)))

    @property
    def auroc(self) -> float:
        """The chance that a message that fits scores above one that does not; ties half."""
        ordered = np.sort(self.strange)
        below = np.searchsorted(ordered, self.score, "left")
        ties = np.searchsorted(ordered, self.score, "right") - below
        return float((below + ties / 2).mean() / len(ordered))

    def found(self, *, kept: float) -> float:
        """Return the share of strangers below the score that keeps this share of the others."""
        least = np.sort(self.score)[::-1][int(np.ceil(kept * len(self.score))) - 1]
        return float((self.strange < least).mean())

    def certified(self, *, error_max: float, seed: int) -> tuple[float, float, float]:
        """Return the mean share that acts alone, its worst true error, and how often it is above.

        Half of the tested messages in a random order are rows of the threshold's ledger; the other
        half say what it covers and how much of that is wrong. A run without a threshold covers 0.
        """
        dice = np.random.default_rng(seed)
        bar = Bar(error_max=error_max, false_grant_max=FALSE_GRANT)
        covered, wrong, above = [], [], 0
        for _ in range(SHUFFLES):
            order = dice.permutation(len(self.right))
            rows, others = order[: len(order) // 2], order[len(order) // 2 :]
            least = self._threshold(rows, bar)
            alone = self.score[others] >= (np.inf if least is None else least)
            covered.append(float(alone.mean()))
            wrong.append(float((~self.right[others][alone]).mean()) if alone.any() else 0.0)
            above += wrong[-1] > error_max
        return float(np.mean(covered)), float(np.mean(wrong)), above / SHUFFLES

    def _threshold(self, rows: NDArray[np.int64], bar: Bar) -> float | None:
        said = [
            (float(self.score[row]), Outcome.RIGHT if self.right[row] else Outcome.WRONG)
            for row in rows
        ]
        size = threshold.CALIBRATION_ROWS
        grid = threshold.calibrate(said[:size], error_max=bar.error_max)
        if isinstance(grid, threshold.TooFew):
            return None
        return threshold.certified(threshold.fold(grid, said[size:], bar=bar))
