"""How often a rule ever accepts an agent at or above the bar: ours beside those of other tools."""

from collections.abc import Iterator

from bench.autonomy import counters
from bench.autonomy.counters import Limits
from bench.autonomy.exact import in_a_row, of_the_last, stops
from bench.autonomy.part import Row
from remit.domain.autonomy import Bar

CASES = 3_000
SLACK = 0.0005
TRUTHS = {0.05: (0.05, 0.06, 0.07, 0.10), 0.10: (0.10, 0.12, 0.15)}
EXPECTED = {
    "8 of the last 10 right": (1, 1, 1, 1, 1, 1, 1),
    "5 right in a row": (1, 1, 1, 1, 1, 1, 1),
    "20 right in a row": (1, 1, 1, 1, 1, 1, 1),
    "share >= bar, from 20 cases": (0.976, 0.858, 0.734, 0.450, 0.975, 0.787, 0.527),
    "share >= bar, from 100 cases": (0.943, 0.670, 0.418, 0.072, 0.942, 0.531, 0.143),
    "Wilson bound, z = 1.645, from 20": (0.331, 0.094, 0.040, 0.005, 0.373, 0.094, 0.026),
    "Wilson bound, z = 1.96, from 20": (0.180, 0.032, 0.010, 0.001, 0.213, 0.032, 0.006),
    "Clopper-Pearson 95 %, each case": (0.299, 0.072, 0.027, 0.003, 0.337, 0.068, 0.015),
    "Clopper-Pearson, every 20 from 40": (0.268, 0.057, 0.021, 0.002, 0.272, 0.031, 0.003),
    "ours, 5 %": (0.044, 0.013, 0.005, 0.000, 0.045, 0.013, 0.003),
}


def run(*, runs: int, seed: int) -> Iterator[Row]:
    """Yield the chance of every rule for every truth; exact, so the arguments change nothing."""
    del runs, seed
    for rule, expected in EXPECTED.items():
        found = [
            (error_max, rate, chance(rule, error_max, rate))
            for error_max, rates in TRUTHS.items()
            for rate in rates
        ]
        for (error_max, rate, value), wanted in zip(found, expected, strict=True):
            yield Row(
                what=rule,
                at=f"bar {1 - error_max:.0%}, truth {1 - rate:.0%}",
                found=value,
                expected=wanted,
                slack=SLACK,
                at_most=0.05 if rule.startswith("ours") else None,
            )


def chance(rule: str, error_max: float, rate: float) -> float:
    """Return the chance that a rule ever accepts."""
    match rule:
        case "8 of the last 10 right":
            return of_the_last(8, 10, rate, CASES)
        case "5 right in a row":
            return in_a_row(5, rate, CASES)
        case "20 right in a row":
            return in_a_row(20, rate, CASES)
    return stops(limits(rule, error_max), rate).within(CASES)


def limits(rule: str, error_max: float) -> Limits:
    """Return the limits of a rule that only counts."""
    match rule:
        case "share >= bar, from 20 cases":
            return counters.share(error_max, CASES, since=20)
        case "share >= bar, from 100 cases":
            return counters.share(error_max, CASES, since=100)
        case "Wilson bound, z = 1.645, from 20":
            return counters.wilson(error_max, CASES, z=1.645, since=20)
        case "Wilson bound, z = 1.96, from 20":
            return counters.wilson(error_max, CASES, z=1.96, since=20)
        case "Clopper-Pearson 95 %, each case":
            return counters.clopper_pearson(error_max, CASES)
        case "Clopper-Pearson, every 20 from 40":
            return counters.clopper_pearson(error_max, CASES, since=40, every=20)
    return counters.ours(Bar(error_max=error_max, false_grant_max=0.05), CASES)
