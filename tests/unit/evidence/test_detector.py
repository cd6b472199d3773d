"""The detector of demotion: its fixed cases, what it leaves out, what it refuses."""

import math

import pytest

from remit.domain.autonomy import Outcome
from remit.errors import EvidenceInputError
from remit.evidence import detector

R, W, P, V = Outcome.RIGHT, Outcome.WRONG, Outcome.PENDING, Outcome.VOID


def at_5_percent(run_min: float = 10_000) -> detector.Detector:
    return detector.start(rate_max=0.05, run_min=run_min)


def test_four_wrong_in_a_row_fire_from_rest() -> None:
    state, means = at_5_percent(), []
    for _ in range(4):
        assert not state.fires
        state = detector.step(state, wrong=True)
        means.append(state.statistic)
    assert means == pytest.approx([6.5833333333, 83.9583333333, 1249.8541666667, 20533.6979166667])
    assert state.fires
    assert detector.fold(at_5_percent(), [W] * 9)[1] == 4
    assert detector.fold(at_5_percent(1_000), [W] * 9)[1] == 3


def test_a_hundred_right_ones_buy_no_leniency() -> None:
    state, fired = detector.fold(at_5_percent(), [R] * 100)
    assert fired is None
    assert state.statistic == pytest.approx(10.971232894920)
    assert detector.fold(state, [W] * 9)[1] == 4


def test_every_tenth_wrong_fires_at_row_320_and_every_twentieth_not_in_3000() -> None:
    def every(k: int) -> list[Outcome]:
        return [W if row % k == 0 else R for row in range(1, 3_001)]

    assert detector.fold(at_5_percent(), every(10))[1] == 320
    assert detector.fold(at_5_percent(), every(20))[1] is None


def test_pending_counts_as_right_and_void_keeps_its_place_only() -> None:
    assert detector.fold(at_5_percent(), [P] * 7) == detector.fold(at_5_percent(), [R] * 7)
    assert detector.fold(at_5_percent(), [V, W, V, W, W, V, W])[1] == 7


def test_the_fold_stops_at_the_row_that_fires() -> None:
    assert detector.fold(at_5_percent(), [W] * 9) == detector.fold(at_5_percent(), [W] * 4)


def test_alternatives_that_are_the_same_count_once() -> None:
    assert detector.start(rate_max=0.8, run_min=20).alternatives == (0.9,)
    assert detector.start(rate_max=0.3, run_min=20).alternatives == pytest.approx((0.45, 0.6, 0.9))


def test_endless_errors_stay_a_number() -> None:
    state = at_5_percent()
    for _ in range(2_000):
        state = detector.step(state, wrong=True)
    assert state.fires
    assert detector.step(state, wrong=False).fires


@pytest.mark.parametrize("rate_max", [0, 1, 0.81, -0.1, math.nan, True, "0.05", None])
def test_a_rate_outside_its_range_is_refused(rate_max: float) -> None:
    with pytest.raises(EvidenceInputError, match="`rate_max`"):
        detector.start(rate_max=rate_max, run_min=10_000)


@pytest.mark.parametrize("run_min", [19.9, 0, -1, math.nan, math.inf, True, None])
def test_a_run_below_20_is_refused(run_min: float) -> None:
    with pytest.raises(EvidenceInputError, match="`run_min` must be a number of 20 or more"):
        detector.start(rate_max=0.05, run_min=run_min)


def test_what_is_no_outcome_is_refused() -> None:
    with pytest.raises(EvidenceInputError, match="`outcomes`"):
        detector.fold(at_5_percent(), [R, "wrong"])


@pytest.mark.parametrize("wrong", [None, 0, 1, math.nan, "wrong", [], Outcome.WRONG])
def test_a_label_that_is_neither_true_nor_false_is_refused(wrong: bool) -> None:
    with pytest.raises(EvidenceInputError, match="`wrong` must be true or false"):
        detector.step(at_5_percent(), wrong=wrong)
