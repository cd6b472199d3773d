"""Laws of the evidence: what more right or more wrong labels, orders and flips may change."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.autonomy import counters
from bench.autonomy.exact import stops
from remit.domain.autonomy import Bar, Outcome
from remit.evidence import detector, gate, threshold
from remit.evidence.wealth import log_evidence, log_excess

RATES = st.floats(0.001, 0.9)
COUNTS = st.integers(0, 400)
BARS = st.builds(
    lambda error, chance: Bar(error_max=error, false_grant_max=chance),
    st.sampled_from([0.02, 0.05, 0.1, 0.2, 0.4]),
    st.sampled_from([0.01, 0.05, 0.1, 0.5]),
)
OUTCOMES = st.lists(st.sampled_from(Outcome), max_size=120)
MOSTLY_RIGHT = st.lists(
    st.sampled_from([Outcome.RIGHT] * 9 + [Outcome.WRONG, Outcome.PENDING, Outcome.VOID]),
    max_size=120,
)
SCORES = st.floats(0, 1)


@given(RATES)
def test_no_labels_are_no_evidence(rate: float) -> None:
    assert log_evidence(wrong=0, right=0, error_max=rate) == pytest.approx(0, abs=1e-15)
    assert log_excess(wrong=0, right=0, rate_max=rate) == pytest.approx(0, abs=1e-15)


@given(COUNTS, COUNTS, RATES)
def test_evidence_rises_with_right_and_falls_with_wrong(
    wrong: int, right: int, rate: float
) -> None:
    found = log_evidence(wrong=wrong, right=right, error_max=rate)
    assert log_evidence(wrong=wrong, right=right + 1, error_max=rate) > found
    assert log_evidence(wrong=wrong + 1, right=right, error_max=rate) < found


@given(COUNTS, COUNTS, RATES, RATES)
def test_evidence_rises_with_the_rate_that_is_allowed(
    wrong: int, right: int, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    strict = log_evidence(wrong=wrong, right=right, error_max=low)
    assert log_evidence(wrong=wrong, right=right, error_max=high) >= strict - 1e-10


@given(COUNTS, COUNTS, RATES)
def test_a_fair_game_at_the_bar(wrong: int, right: int, rate: float) -> None:
    held = log_evidence(wrong=wrong, right=right, error_max=rate)
    lost = log_evidence(wrong=wrong + 1, right=right, error_max=rate) - held
    won = log_evidence(wrong=wrong, right=right + 1, error_max=rate) - held
    assert rate * math.exp(lost) + (1 - rate) * math.exp(won) == pytest.approx(1, rel=1e-10)


@given(COUNTS, COUNTS, RATES)
def test_a_fair_game_at_the_rate_of_the_alarm(wrong: int, right: int, rate: float) -> None:
    held = log_excess(wrong=wrong, right=right, rate_max=rate)
    won = log_excess(wrong=wrong + 1, right=right, rate_max=rate) - held
    lost = log_excess(wrong=wrong, right=right + 1, rate_max=rate) - held
    assert rate * math.exp(won) + (1 - rate) * math.exp(lost) == pytest.approx(1, rel=1e-10)


@given(BARS, st.integers(0, 60), st.integers(0, 1_500))
def test_the_table_and_the_evidence_say_the_same(bar: Bar, wrong: int, right: int) -> None:
    nats = log_evidence(wrong=wrong, right=right, error_max=bar.error_max)
    wanted = gate.needed(bar, wrong=wrong)
    assert wanted is not None
    assert (wrong + right >= wanted) == (nats >= -math.log(bar.false_grant_max))
    assert gate.labels_missing(wrong=wrong, right=right, bar=bar) == max(0, wanted - wrong - right)


@given(BARS)
def test_a_further_wrong_label_always_costs_more_labels(bar: Bar) -> None:
    table = gate.acceptance(bar, wrong_max=300)
    assert all(after >= before + 2 for before, after in pairwise(table))


@given(BARS, st.integers(0, 5), st.integers(0, 20))
def test_whoever_is_at_the_bar_or_above_is_hardly_ever_accepted(
    bar: Bar, attempt: int, worse: int
) -> None:
    tried = gate.attempt(bar, number=attempt)
    rate = bar.error_max + worse / 100
    ever = stops(counters.ours(tried, 400), rate).within(400)
    assert ever <= tried.false_grant_max


@given(MOSTLY_RIGHT, BARS, st.data())
def test_looking_at_every_row_finds_what_one_look_finds(
    outcomes: list[Outcome], bar: Bar, data: st.DataObject
) -> None:
    since = data.draw(st.integers(0, len(outcomes)))
    found = gate.accepted_at(outcomes, bar=bar, since=since)
    looks = [
        gate.accepted_at(outcomes[:length], bar=bar, since=since)
        for length in range(since, len(outcomes) + 1)
    ]
    assert next((look for look in looks if look is not None), None) == found


@given(MOSTLY_RIGHT, BARS, st.data())
def test_a_label_that_turns_wrong_never_brings_acceptance(
    outcomes: list[Outcome], bar: Bar, data: st.DataObject
) -> None:
    found = gate.accepted_at(outcomes, bar=bar, since=0)
    turned = list(outcomes)
    for place in data.draw(st.sets(st.integers(0, max(0, len(outcomes) - 1)))):
        if outcomes and turned[place] is Outcome.RIGHT:
            turned[place] = Outcome.WRONG
    later = gate.accepted_at(turned, bar=bar, since=0)
    assert later is None or (found is not None and later >= found)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(Outcome)), max_size=30))
def test_rows_in_clusters_of_their_own_are_themselves(rows: list[tuple[int, Outcome]]) -> None:
    outcomes = tuple(outcome for _, outcome in rows)
    assert gate.clusters(list(enumerate(outcomes))) == outcomes
    together = gate.clusters(rows)
    assert len(together) == len({cluster for cluster, _ in rows})
    assert (Outcome.WRONG in together) == (Outcome.WRONG in outcomes)


@given(st.dictionaries(st.integers(0, 30), st.floats(-20, 20), max_size=20))
def test_more_evidence_never_takes_a_cell_off_the_board(evidence: dict[int, float]) -> None:
    offered = gate.discoveries(evidence, false_share_max=0.1)
    stronger = {cell: nats + 1 for cell, nats in evidence.items()}
    assert offered <= gate.discoveries(stronger, false_share_max=0.1)
    out = [nats for cell, nats in evidence.items() if cell not in offered]
    assert all(evidence[cell] > max(out, default=-math.inf) for cell in offered)


@given(OUTCOMES, st.floats(0.001, 0.8), st.data())
def test_a_right_label_that_turns_wrong_never_delays_an_alarm(
    outcomes: list[Outcome], rate: float, data: st.DataObject
) -> None:
    _, fired = detector.fold(detector.start(rate_max=rate, run_min=100), outcomes)
    turned = list(outcomes)
    for place in data.draw(st.sets(st.integers(0, max(0, len(outcomes) - 1)))):
        if outcomes and turned[place] is not Outcome.VOID:
            turned[place] = Outcome.WRONG
    _, sooner = detector.fold(detector.start(rate_max=rate, run_min=100), turned)
    assert fired is None or (sooner is not None and sooner <= fired)


@given(OUTCOMES, st.integers(0, 120), st.floats(0.001, 0.8))
def test_a_detector_goes_on_where_it_was(outcomes: list[Outcome], cut: int, rate: float) -> None:
    begun = detector.start(rate_max=rate, run_min=1e9)
    half, fired = detector.fold(begun, outcomes[:cut])
    if fired is None:
        assert detector.fold(half, outcomes[cut:])[0] == detector.fold(begun, outcomes)[0]


@given(st.floats(0.001, 0.8), st.lists(st.booleans(), max_size=60))
def test_a_detector_at_its_rate_gains_no_more_than_a_unit_a_label(
    rate: float, wrong: list[bool]
) -> None:
    state = detector.start(rate_max=rate, run_min=20)
    for one in wrong:
        state = detector.step(state, wrong=one)
    mean = rate * detector.step(state, wrong=True).statistic
    mean += (1 - rate) * detector.step(state, wrong=False).statistic
    assert mean == pytest.approx(state.statistic + 1, rel=1e-9)


@given(st.lists(st.tuples(SCORES, st.sampled_from(Outcome)), max_size=80), st.randoms())
def test_counts_behind_thresholds_do_not_hang_on_the_order(
    rows: list[tuple[float, Outcome]], shuffle: object
) -> None:
    grid = threshold.Grid(thresholds=(0.9, 0.6, 0.2), start=1, back=0, low_mark=0.2)
    bar = Bar(error_max=0.2, false_grant_max=0.1)
    mixed = list(rows)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = (threshold.fold(grid, order, bar=bar) for order in (rows, mixed))
    assert (one.n, one.wrong) == (other.n, other.wrong)
    assert list(one.n) == [
        sum(s >= t and o is not Outcome.VOID for s, o in rows) for t in grid.thresholds
    ]


@given(st.lists(st.tuples(SCORES, st.sampled_from([Outcome.RIGHT] * 9 + [Outcome.WRONG]))))
def test_scores_of_one_place_in_the_grid_fold_alike(rows: list[tuple[float, Outcome]]) -> None:
    grid = threshold.Grid(thresholds=(0.9, 0.6, 0.2), start=1, back=0, low_mark=0.2)
    bar = Bar(error_max=0.4, false_grant_max=0.5)
    floors = [
        (max((t for t in grid.thresholds if t <= score), default=0.0), outcome)
        for score, outcome in rows
    ]
    assert threshold.fold(grid, rows, bar=bar) == threshold.fold(grid, floors, bar=bar)


@given(
    st.lists(st.tuples(SCORES, st.sampled_from([Outcome.RIGHT] * 15 + [Outcome.WRONG]))),
    st.data(),
)
def test_a_label_that_turns_wrong_never_makes_a_threshold_more_lenient(
    rows: list[tuple[float, Outcome]], data: st.DataObject
) -> None:
    grid = threshold.Grid(thresholds=(0.9, 0.6, 0.2), start=1, back=0, low_mark=0.2)
    bar = Bar(error_max=0.4, false_grant_max=0.5)
    turned = [
        (score, data.draw(st.sampled_from([outcome, Outcome.WRONG]))) for score, outcome in rows
    ]
    before, after = (
        threshold.certified(threshold.fold(grid, some, bar=bar)) for some in (rows, turned)
    )
    assert after is None or (before is not None and before <= after)


@given(st.lists(st.sampled_from([Outcome.RIGHT] * 12 + [Outcome.WRONG]), max_size=200), BARS)
def test_one_threshold_is_the_gate_at_four_fifths(outcomes: list[Outcome], bar: Bar) -> None:
    grid = threshold.Grid(thresholds=(0.5,), start=0, back=0, low_mark=0.5)
    done = threshold.fold(grid, [(0.5, outcome) for outcome in outcomes], bar=bar)
    split = Bar(error_max=bar.error_max, false_grant_max=0.8 * bar.false_grant_max)
    accepted = gate.accepted_at(outcomes, bar=split, since=0) is not None
    assert (threshold.certified(done) == 0.5) == accepted


@given(st.lists(st.tuples(SCORES, st.booleans()), min_size=200, max_size=200))
def test_a_grid_descends_and_begins_inside_itself(rows: list[tuple[float, bool]]) -> None:
    sample = [(score, Outcome.WRONG if wrong else Outcome.RIGHT) for score, wrong in rows]
    grid = threshold.calibrate(sample, error_max=0.05)
    assert isinstance(grid, threshold.Grid)
    assert list(grid.thresholds) == sorted(set(grid.thresholds), reverse=True)
    assert 0 <= grid.back <= grid.start < len(grid.thresholds)
    assert grid.thresholds[-1] == min(score for score, _ in rows)
    assert sum(score < grid.low_mark for score, _ in rows) <= 20
    assert threshold.fold(grid, [], bar=Bar(error_max=0.05, false_grant_max=0.05)).grid == grid
