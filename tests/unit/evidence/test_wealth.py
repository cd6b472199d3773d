"""The wealth of a bettor against a rate, beside exact fractions and SciPy."""

import math
from fractions import Fraction

import pytest
from scipy.special import betainc, betaln

from remit.errors import EvidenceInputError
from remit.evidence.wealth import log_evidence, log_excess

POINTS = [
    (0, 74, 0.05, 3.0100751184881),
    (1, 130, 0.05, 3.0284061175926),
    (5, 279, 0.05, 3.0144344227060),
    (20, 707, 0.05, 3.0041092537775),
    (30, 270, 0.05, -3.5312382878382),
    (250, 0, 0.05, -6.2166061010849),
    (0, 277, 0.02, 4.6172098876025),
]
ALARMS = [
    (5, 5), (6, 6), (6, 7), (7, 8), (7, 9), (7, 10), (8, 12), (9, 15), (11, 20), (15, 30),
    (21, 50), (35, 100),
]  # fmt: skip
COUNTS = [(0, 0), (0, 1), (1, 0), (0, 150), (3, 77), (20, 120), (120, 5)]


@pytest.mark.parametrize(("wrong", "right", "error_max", "expected"), POINTS)
def test_the_evidence_is_that_of_the_design(
    wrong: int, right: int, error_max: float, expected: float
) -> None:
    found = log_evidence(wrong=wrong, right=right, error_max=error_max)
    assert found == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("error_max", [0.005, 0.02, 0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize(("wrong", "right"), COUNTS)
def test_the_evidence_is_the_integral_in_exact_fractions(
    wrong: int, right: int, error_max: float
) -> None:
    rate = Fraction(error_max)
    exact = mixed(Fraction(1, 2), Fraction(2 * wrong + 1, 2), 1 / (1 - rate), right)
    found = log_evidence(wrong=wrong, right=right, error_max=error_max)
    assert found == pytest.approx(exact, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("rate_max", [0.05, 0.2, 0.5])
@pytest.mark.parametrize(("right", "wrong"), COUNTS)
def test_the_excess_is_the_integral_in_exact_fractions(
    wrong: int, right: int, rate_max: float
) -> None:
    exact = mixed(Fraction(2), Fraction(right + 2), 1 / Fraction(rate_max), wrong)
    found = log_excess(wrong=wrong, right=right, rate_max=rate_max)
    assert found == pytest.approx(exact, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("error_max", [0.02, 0.05, 0.1, 0.2])
@pytest.mark.parametrize(("wrong", "right"), [*COUNTS[:6], (0, 500), (60, 1000)])
def test_the_evidence_is_an_incomplete_beta_function_where_that_does_not_underflow(
    wrong: int, right: int, error_max: float
) -> None:
    expected = (
        math.log(betainc(wrong + 0.5, right + 1, error_max))
        + betaln(wrong + 0.5, right + 1)
        - math.log(2 * math.sqrt(error_max))
        - wrong * math.log(error_max)
        - right * math.log1p(-error_max)
    )
    found = log_evidence(wrong=wrong, right=right, error_max=error_max)
    assert found == pytest.approx(expected, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize(("missed", "dealt"), ALARMS)
def test_a_reviewer_who_waves_through_is_flagged_at_so_many_missed(
    missed: int, dealt: int
) -> None:
    bound = math.log(100)
    assert log_excess(wrong=missed, right=dealt - missed, rate_max=0.2) >= bound
    assert log_excess(wrong=missed - 1, right=dealt - missed + 1, rate_max=0.2) < bound


def test_a_million_labels_are_counted() -> None:
    assert log_evidence(wrong=0, right=1_000_000, error_max=0.05) == pytest.approx(51_287.7637158)
    assert log_evidence(wrong=1_000_000, right=0, error_max=0.05) < 0


@pytest.mark.parametrize("error_max", [0, 1, -0.1, math.nan, math.inf, True, "0.05"])
def test_a_rate_outside_its_range_is_refused(error_max: float) -> None:
    with pytest.raises(EvidenceInputError, match="`error_max`"):
        log_evidence(wrong=0, right=10, error_max=error_max)
    with pytest.raises(EvidenceInputError, match="`rate_max`"):
        log_excess(wrong=0, right=10, rate_max=error_max)


@pytest.mark.parametrize(
    ("wrong", "right", "named"),
    [
        (-1, 5, "wrong"),
        (True, 5, "wrong"),
        (0, 1.5, "right"),
        (0, 1_000_001, "right"),
        (500_001, 500_000, "right"),
    ],
)
def test_counts_outside_their_range_are_refused(wrong: int, right: int, named: str) -> None:
    with pytest.raises(EvidenceInputError, match=f"`{named}`"):
        log_evidence(wrong=wrong, right=right, error_max=0.05)


def mixed(weight: Fraction, start: Fraction, ratio: Fraction, times: int) -> float:
    """Return the log of weight * integral of u^(start-1) (u + ratio (1-u) ...)^times, exactly.

    By the binomial theorem on (ratio - (ratio - 1) u)^times, so another way than the recurrence.
    """
    total, term = Fraction(0), ratio**times
    for i in range(times + 1):
        total += term / (start + i)
        term *= -(ratio - 1) * (times - i) / (ratio * (i + 1))
    value = weight * total
    return math.log(value.numerator) - math.log(value.denominator)
