"""Page's CUSUM (1954), told the rate after the change: no alarm of the same run length is quicker.

Exact by a chain over its states, for the case that Moustakides (1986) proved it best in.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STEPS_MIN, UP_MIN = 4, 64  # lattice points for one right label, and for one wrong label
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    """A CUSUM on a lattice: a right label takes `down`, a wrong one adds `up`, alarm at `high`."""

    down: int
    up: int
    high: int

    def chain(self, rate: float) -> Floats:
        """Return the chances to go from one state to another before the alarm."""
        moves = np.zeros((self.high, self.high))
        for state in range(self.high):
            moves[state, max(0, state - self.down)] += 1 - rate
            if state + self.up < self.high:
                moves[state, state + self.up] += rate
        return moves

    def run(self, rate: float) -> Floats:
        """Return the mean number of labels to the alarm, from each state."""
        moves = self.chain(rate)
        return np.linalg.solve(np.eye(self.high) - moves, np.ones(self.high))

    def delay(self, before: float, after: float, *, labels: int) -> float:
        """Return the mean delay of a change after so many labels without an alarm."""
        moves = self.chain(before)
        at = np.zeros(self.high)
        at[0] = 1.0
        for _ in range(labels):
            at = at @ moves
        return float(at @ self.run(after) / at.sum())


def cusum(before: float, after: float, *, run_min: float) -> Cusum:
    """Return the CUSUM between two rates with the least limit whose run reaches `run_min`."""
    loss = -math.log((1 - after) / (1 - before))
    gain = math.log(after / before)
    down = max(STEPS_MIN, math.ceil(UP_MIN * loss / gain))
    up = round(down * gain / loss)
    low, high = 1, up
    while Cusum(down=down, up=up, high=high).run(before)[0] < run_min:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if Cusum(down=down, up=up, high=middle).run(before)[0] < run_min:
            low = middle
        else:
            high = middle
    return Cusum(down=down, up=up, high=high)
