"""How many labels it takes to promote a good agent, beside the least that any test can need."""

import math
from collections.abc import Iterator

from bench.autonomy import counters
from bench.autonomy.exact import stops
from bench.autonomy.part import Row
from remit.domain.autonomy import Bar

CASES = 30_000
RATIO_GOAL = 1.25
# bar, chance, rate: mean, median, 90 %, ratio of the mean to log(1/chance)/KL
EXPECTED = {
    (0.05, 0.05, 0.005): (99, 74, 174, 1.15),
    (0.05, 0.05, 0.01): (136.5, 131, 249, 1.13),
    (0.05, 0.05, 0.02): (287, 249, 588, 1.17),
    (0.05, 0.05, 0.03): (779, 644, 1_624, 1.27),
    # the design has 3,782 and 1.42, the mean of the 98.3 % that are promoted within 12,000 cases
    (0.05, 0.05, 0.04): (3_956, 3_422, 8_166, 1.49),
    (0.10, 0.05, 0.01): (48, 36, 86, None),
    (0.10, 0.05, 0.03): (94, 86, 188, None),
    (0.10, 0.05, 0.05): (217, 172, 453, None),
    (0.02, 0.01, 0.002): (378, 277, 546, None),
    (0.02, 0.01, 0.005): (625, 546, 1_095, None),
    (0.02, 0.01, 0.01): (1_749, 1_563, 3_221, None),
}
# The mean for an agent at a fifth of the bar on the path to sampled, at this sensitivity bound
SAMPLED = {
    1.0: (56, 146, 550), 0.955: (77, 191, 678), 0.913: (83, 206, 734), 0.80: (106, 263, 935),
}  # fmt: skip
RISKS = {"low": (0.10, 0.10), "normal": (0.05, 0.05), "money": (0.02, 0.01)}


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield labels and ratios; exact, so the arguments change nothing."""
    del runs, seed
    for (error_max, false_grant_max, rate), wanted in EXPECTED.items():
        bar = Bar(error_max=error_max, false_grant_max=false_grant_max)
        found = stops(counters.ours(bar, CASES), rate)
        gap = rate * math.log(rate / error_max)
        gap += (1 - rate) * math.log((1 - rate) / (1 - error_max))
        ratio = found.mean() * gap / -math.log(false_grant_max)
        name = f"bar {1 - error_max:.0%}, {false_grant_max:.0%}, truth {1 - rate:.1%}"
        values = found.mean(), found.quantile(0.5), found.quantile(0.9)
        for at, value, expected in zip(("mean", "median", "90 %"), values, wanted, strict=False):
            yield Row(what=name, at=at, found=value, expected=expected, slack=1, digits=0)
        yield Row(
            what=name,
            at="ratio to the limit",
            found=ratio,
            expected=wanted[3],
            slack=0.006,
            at_most=RATIO_GOAL,
            digits=2,
        )
    yield from sampled()


def sampled() -> Iterator[Row]:
    """Yield the mean on the default path to sampled, an agent at a fifth of the bar."""
    for sensitivity, wanted in SAMPLED.items():
        for (risk, (error_max, chance)), expected in zip(RISKS.items(), wanted, strict=True):
            spent = chance if sensitivity == 1 else chance / 2
            bar = Bar(error_max=error_max * sensitivity, false_grant_max=0.8 * spent)
            seen = error_max / 5
            yield Row(
                what=f"to sampled, reviewers find {sensitivity:.1%}, {risk}",
                at="mean",
                found=stops(counters.ours(bar, CASES), seen).mean(),
                expected=expected,
                slack=1,
                digits=0,
            )
