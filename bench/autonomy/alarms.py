"""The detector on many streams at once; a test holds it against that of `remit.evidence`."""

import numpy as np
from numpy.typing import NDArray

from remit.evidence import detector

Floats = NDArray[np.float64]


class Detectors:
    """As many detectors as there are streams, all begun alike."""

    def __init__(self, streams: int, *, rate_max: float, run_min: float) -> None:
        begun = detector.start(rate_max=rate_max, run_min=run_min)
        rates = np.array(begun.alternatives)
        self.run_min = run_min
        self.if_wrong = rates / rate_max
        self.if_right = (1 - rates) / (1 - rate_max)
        self.wealth: Floats = np.zeros((streams, len(rates)))

    def step(self, wrong: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take one more label of each stream; return which fire."""
        self.wealth += 1
        self.wealth *= np.where(wrong[:, None], self.if_wrong, self.if_right)
        fires: NDArray[np.bool_] = self.wealth.mean(axis=1) >= self.run_min
        return fires

    def step_some(self, which: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Take one more label of these streams; return which fire."""
        rows = np.flatnonzero(which)
        grown = self.wealth[rows] + 1
        grown *= np.where(wrong[rows, None], self.if_wrong, self.if_right)
        self.wealth[rows] = grown
        fires = np.zeros(len(which), dtype=np.bool_)
        fires[rows] = grown.mean(axis=1) >= self.run_min
        return fires

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Go on with these streams only."""
        self.wealth = self.wealth[which]


def runs_to_alarm(
    rates: list[tuple[float, int | None]],
    *,
    rate_max: float,
    run_min: float,
    streams: int,
    dice: np.random.Generator,
    labels_max: int | None = None,
) -> NDArray[np.int64]:
    """Return after how many labels each stream fires, 0 for none within `labels_max`.

    Each rate lasts so long, the last for ever.
    """
    states = Detectors(streams, rate_max=rate_max, run_min=run_min)
    fired = np.zeros(streams, dtype=np.int64)
    alive = np.arange(streams)
    plan, label = list(rates), 0
    rate, left = plan.pop(0)
    while len(alive) and label != labels_max:
        while left == 0:
            rate, left = plan.pop(0)
        label += 1
        left = None if left is None else left - 1
        fires = states.step(dice.random(len(alive)) < rate)
        if fires.any():
            fired[alive[fires]] = label
            alive = alive[~fires]
            states.keep(~fires)
    return fired
