"""What more looks cost at the bar: nothing beyond the promise for ours, ever more for others."""

from collections.abc import Iterator

from scipy.stats import binom

from bench.autonomy import counters
from bench.autonomy.exact import stops
from bench.autonomy.part import Row
from remit.domain.autonomy import Bar

SLACK = 0.0005
OURS = [  # bar, chance, {cases: expected}
    (0.05, 0.05, {500: 0.0368, 1_000: 0.0404, 2_000: 0.0428, 5_000: 0.0450,
                  10_000: 0.0462, 20_000: 0.0470}),
    (0.10, 0.10, {5_000: 0.0902}),
    (0.20, 0.10, {5_000: 0.0862}),
    (0.02, 0.01, {5_000: 0.0083}),
]  # fmt: skip
WILSON = [(0.20, 8, 0.173, 0.266), (0.12, 20, 0.144, 0.240), (0.07, 50, 0.116, 0.216),
          (0.05, 120, 0.087, 0.190)]  # fmt: skip
ONCE = 236  # one look there, at most 6 wrong


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the chances; exact, so the arguments change nothing."""
    del runs, seed
    for error_max, false_grant_max, cases in OURS:
        bar = Bar(error_max=error_max, false_grant_max=false_grant_max)
        found = stops(counters.ours(bar, max(cases)), error_max)
        for within, expected in cases.items():
            yield Row(
                what=f"ours, bar {1 - error_max:.0%}, {false_grant_max:.0%}",
                at=f"{within:,} cases",
                found=found.within(within),
                expected=expected,
                slack=0.00005 + 1e-9,
                at_most=false_grant_max,
                digits=4,
            )
    for error_max, since, *wanted in WILSON:
        found = stops(counters.wilson(error_max, 5_000, z=1.96, since=since), error_max)
        for within, expected in zip((500, 5_000), wanted, strict=True):
            yield Row(
                what=f"Wilson, z = 1.96, bar {1 - error_max:.0%}, from {since}",
                at=f"{within:,} cases",
                found=found.within(within),
                expected=expected,
                slack=SLACK,
            )
    for rate, expected in ((0.05, 0.308), (0.03, 0.683)):
        yield Row(
            what=f"share >= 98 %, from 50, truth {1 - rate:.0%}",
            at="1,000 cases",
            found=stops(counters.share(0.02, 1_000, since=50), rate).within(1_000),
            expected=expected,
            slack=SLACK,
        )
    for rate, expected, slack in ((0.05, 0.047, SLACK), (0.01, 0.990, SLACK), (0.03, 0.44, 0.005)):
        yield Row(
            what=f"Clopper-Pearson, one look at {ONCE}, truth {1 - rate:.0%}",
            at="500 cases",
            found=float(binom.cdf(6, ONCE, rate)),
            expected=expected,
            slack=slack,
        )
