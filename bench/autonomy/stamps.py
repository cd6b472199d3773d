"""How soon a reviewer who waves things through is flagged on known-bad checks."""

import math
from collections.abc import Iterator

from bench.autonomy import counters
from bench.autonomy.exact import stops
from bench.autonomy.part import Row

CHECKS = 400
GOOD = 0.8  # who finds that many is flagged in one of a hundred at most
EXPECTED = {  # share of errors found: chance to be flagged, median number of checks
    0.9: (0.0, None), 0.8: (0.0055, None), 0.7: (0.905, 183), 0.6: (1.0, 45), 0.5: (1.0, 22),
    0.3: (1.0, 10), 0.1: (1.0, 5),
}  # fmt: skip


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield chance and median; exact, so the arguments change nothing."""
    del runs, seed
    limits = counters.rubber_stamp(0.2, CHECKS, log_bound=math.log(100))
    for sensitivity, (chance, median) in EXPECTED.items():
        found = stops(limits, sensitivity)
        name = f"finds {sensitivity:.0%}"
        yield Row(
            what=name,
            at="flagged",
            found=found.within(CHECKS),
            expected=chance,
            slack=0.0005,
            at_most=0.01 if sensitivity >= GOOD else None,
            digits=4,
        )
        if median is not None:
            yield Row(
                what=name,
                at="median checks",
                found=found.quantile(0.5),
                expected=median,
                slack=1,
                digits=0,
            )
