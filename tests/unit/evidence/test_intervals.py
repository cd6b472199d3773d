"""Intervals that may be read daily: published values, scipy beside them, exact coverage."""

import math

import numpy as np
import pytest
from scipy.special import betaln

from remit.errors import EvidenceInputError
from remit.evidence import intervals


def rate(hits: int, n: int, chance: float = 0.05) -> tuple[float, float]:
    return intervals.rate(hits=hits, n=n, chance=chance)


@pytest.mark.parametrize(("hits", "n", "low", "high"), [
    (0, 74, 0, 0.0744), (1, 131, 0.0000, 0.0658), (5, 284, 0.0022, 0.0594),
    (10, 100, 0.0291, 0.2275), (0, 0, 0, 1), (74, 74, 1 - 0.0744, 1),
])  # fmt: skip
def test_the_interval_of_a_rate(hits: int, n: int, low: float, high: float) -> None:
    assert rate(hits, n) == pytest.approx((low, high), abs=0.00005)


@pytest.mark.parametrize(("hits", "n"), [(1, 1), (3, 17), (0, 1_000_000), (7, 1_000_000)])
@pytest.mark.parametrize("chance", [1e-300, 1e-9, 0.05, 0.99])
def test_its_ends_are_just_outside_by_scipy(hits: int, n: int, chance: float) -> None:
    def nats(p: float) -> float:
        spent = betaln(hits + 0.5, n - hits + 0.5) - math.log(math.pi)
        spent -= hits * math.log(p) if hits else 0
        return float(spent - ((n - hits) * math.log1p(-p) if hits < n else 0))

    low, high = rate(hits, n, chance)
    assert 0 <= low <= hits / n <= high <= 1
    if hits and low > 1e-290:
        assert nats(low * (1 - 1e-6)) > -math.log(chance) > nats(low * (1 + 1e-6))
    if hits < n and high < 1 - 1e-9:
        assert nats(high * (1 + 1e-6)) > -math.log(chance) > nats(high * (1 - 1e-6))


@pytest.mark.parametrize("truth", [0.02, 0.3, 0.5])
def test_the_chance_that_the_rate_is_ever_outside_is_kept_exactly(truth: float) -> None:
    outside, alive = 0.0, {0: 1.0}
    for n in range(1, 301):
        grown: dict[int, float] = {}
        for hits, part in alive.items():
            grown[hits] = grown.get(hits, 0) + part * (1 - truth)
            grown[hits + 1] = grown.get(hits + 1, 0) + part * truth
        alive = {}
        for hits, part in grown.items():
            if part > 1e-12:
                low, high = rate(hits, n, 0.1)
                if low < truth < high:
                    alive[hits] = part
                else:
                    outside += part
    assert 0.01 < outside <= 0.1


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5), (1, -1), (True, 5), (1.0, 5), (0, None)])
def test_counts_that_are_none_are_refused(hits: int, n: int) -> None:
    with pytest.raises(EvidenceInputError, match=r"`(hits|n)` must be a whole number"):
        rate(hits, n)


@pytest.mark.parametrize("chance", [0, 1, math.nan, True, None])
def test_a_chance_that_is_none_is_refused(chance: float) -> None:
    with pytest.raises(EvidenceInputError, match="`chance`"):
        rate(1, 5, chance)
    with pytest.raises(EvidenceInputError, match="`chance`"):
        intervals.quantile([1], part=0.5, chance=chance)
    with pytest.raises(EvidenceInputError, match="`chance`"):
        ratio(chance=chance)


# -- quantiles ------------------------------------------------------------------------------------


def test_the_ranks_of_the_interval_of_a_quantile() -> None:
    values = range(1, 101)
    assert intervals.quantile(values, part=0.5, chance=0.05) == (34, 67)
    assert intervals.quantile(values, part=0.9, chance=0.05) == (79, 99)


def test_an_end_that_is_not_known_is_infinite() -> None:
    assert intervals.quantile([], part=0.5, chance=0.05) == (-math.inf, math.inf)
    assert intervals.quantile([7.0], part=0.5, chance=0.05) == (-math.inf, math.inf)
    at_52, at_53 = (intervals.quantile(range(n), part=0.9, chance=0.05) for n in (52, 53))
    assert at_52[1] == math.inf
    assert at_53[1] == 52


@pytest.mark.parametrize("part", [0.01, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("n", [1, 2, 9, 30, 211])
def test_the_kept_ranks_are_those_of_the_definition(part: float, n: int) -> None:
    kept = [
        k
        for k in range(n + 1)
        if betaln(k + 0.5, n - k + 0.5)
        - math.log(math.pi)
        - k * math.log(part)
        - (n - k) * math.log1p(-part)
        < math.log(20)
    ]
    assert kept == list(range(kept[0], kept[-1] + 1))
    values = [-math.inf, *range(1, n + 1), math.inf]
    found = intervals.quantile(range(1, n + 1), part=part, chance=0.05)
    assert found == (values[kept[0]], values[kept[-1] + 1])


def test_a_median_of_ties_is_the_tie() -> None:
    assert intervals.quantile([3.0] * 200, part=0.5, chance=0.05) == (3.0, 3.0)


@pytest.mark.parametrize("values", [
    [2, 1], [1, 2, 1.999], [1, math.nan], [math.nan], [1, math.inf], [-math.inf], [True], ["1"],
    [10**400],
])  # fmt: skip
def test_values_that_cannot_be_used_are_refused(values: list[float]) -> None:
    with pytest.raises(EvidenceInputError, match="`values` must be"):
        intervals.quantile(values, part=0.5, chance=0.05)


@pytest.mark.parametrize("part", [0, 1, -1, math.nan, None])
def test_a_part_that_is_none_is_refused(part: float) -> None:
    with pytest.raises(EvidenceInputError, match="`part`"):
        intervals.quantile([1, 2], part=part, chance=0.05)


# -- ratios ---------------------------------------------------------------------------------------


def ratio(**given: float) -> tuple[float, float] | None:
    usual = {
        "mean_before": 2.0, "mean_after": 1.5, "variance_before": 0.5, "variance_after": 0.5,
        "n": 200, "chance": 0.05,
    }  # fmt: skip
    return intervals.log_ratio(**{**usual, **given})  # type: ignore[arg-type]  # n is a whole one


@pytest.mark.parametrize(("n", "half"), [(60, 0.4281), (200, 0.2153), (800, 0.1094)])
def test_the_half_width_of_a_ratio(n: int, half: float) -> None:
    assert ratio(n=n) == pytest.approx((-0.5 - half, -0.5 + half), abs=0.00005)
    doubled = ratio(n=n, variance_before=1.5, variance_after=2.5)
    assert doubled == pytest.approx((-0.5 - 2 * half, -0.5 + 2 * half), abs=0.0001)


def test_under_60_cases_there_is_no_ratio() -> None:
    assert ratio(n=59) is None
    assert ratio(n=0) is None


def test_no_variance_is_a_point() -> None:
    assert ratio(variance_before=0, variance_after=0) == (-0.5, -0.5)


def test_an_arm_of_another_size_is_n_over_m_times_its_variance() -> None:
    n, m, tau2 = 300, 1_200, 0.01
    r = (-2 * math.log(0.05) + math.log(-2 * math.log(0.05)) + 1) / 300
    spread = 0.4 / n + 0.6 / m + tau2  # the variance of the difference, in operations
    half = math.sqrt(spread * 2 * (n * r + 1) / (n * r) * math.log(math.sqrt(n * r + 1) / 0.05))
    found = ratio(n=n, variance_after=0.4, variance_before=0.6 * n / m + n * tau2)
    assert found == pytest.approx((-0.5 - half, -0.5 + half), rel=1e-12)


@pytest.mark.parametrize("given", [
    {"variance_before": -1e-9}, {"variance_after": math.nan}, {"variance_after": 1e13},
    {"mean_before": math.inf}, {"mean_after": None}, {"mean_after": -2e6}, {"mean_before": True},
    {"n": -1}, {"n": 60.0}, {"n": True}, {"chance": 0.51}, {"n": 1_000_001},
])  # fmt: skip
def test_what_makes_no_ratio_is_refused(given: dict[str, float]) -> None:
    with pytest.raises(EvidenceInputError, match=f"`{next(iter(given))}` must be"):
        ratio(**given)


def test_a_ratio_read_daily_from_60_cases_is_seldom_off() -> None:
    dice = np.random.default_rng(5)
    off = 0
    for _ in range(400):
        logs = dice.normal(0, 0.8, (2, 1_000))
        for n in range(60, 1_001, 20):
            (before, after) = logs[:, :n]
            found = ratio(
                mean_before=float(before.mean()), mean_after=float(after.mean()),
                variance_before=float(before.var(ddof=1)),
                variance_after=float(after.var(ddof=1)), n=n,
            )  # fmt: skip
            assert found is not None
            if not found[0] < 0 < found[1]:
                off += 1
                break
    assert off <= 400 * 0.05
