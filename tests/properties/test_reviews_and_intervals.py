"""Laws of coin, reviewers, intervals and mix: what more of one thing may do to another."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from remit.evidence import audit, intervals, mix, reviewers

CHANCES = st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.5])
COUNTS = st.integers(0, 200)
SHARES = st.floats(0.05, 1)
KEYS = st.binary(min_size=32, max_size=32)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
LOSSES = st.floats(0, 1)
ROWS = st.lists(st.tuples(LOSSES, st.floats(0.1, 1), st.booleans()), max_size=30)
VALUES = st.lists(st.floats(-1e6, 1e6), max_size=60).map(sorted)


@given(KEYS, IDS, SHARES, SHARES)
def test_what_a_small_share_draws_a_larger_one_draws_too(
    key: bytes, name: str, one: float, other: float
) -> None:
    low, high = (audit.coin(key, name, share=share) for share in sorted((one, other)))
    assert low.draw == high.draw
    assert 0 <= low.draw < 1
    assert high.drawn or not low.drawn


@given(KEYS, st.sampled_from([0.05, 0.1, 0.25, 0.5]))
def test_of_many_proposals_about_the_share_is_drawn(key: bytes, share: float) -> None:
    drawn = sum(audit.coin(key, f"case-{i}:0", share=share).drawn for i in range(1_000))
    low, high = binom.ppf([1e-9, 1 - 1e-9], 1_000, share)
    assert low <= drawn <= high


@given(st.lists(SHARES, max_size=50), SHARES)
def test_each_proposal_adds_its_share_to_what_is_due(shares: list[float], more: float) -> None:
    assert audit.due([*shares, more]) == pytest.approx(audit.due(shares) + more)


@given(ROWS, LOSSES, st.floats(0.1, 1), st.floats(0.01, 0.9))
def test_weighted_evidence_is_a_fair_game_at_the_bar(
    rows: list[tuple[float, float, bool]], loss: float, share: float, spread: float
) -> None:
    """A loss that comes with such a chance that its mean is the bar neither wins nor loses."""
    bar = max(0.001, spread * loss)
    if loss < bar:
        return
    wrong = bar / loss

    def nats(*more: tuple[float, float, bool]) -> float:
        return audit.log_evidence_weighted([*rows, *more], error_max=bar, share_min=0.1)

    held = nats()
    mean = share * wrong * math.exp(nats((loss, share, True)) - held)
    mean += share * (1 - wrong) * math.exp(nats((0.0, share, True)) - held)
    mean += (1 - share) * math.exp(nats((loss, share, False)) - held)
    assert mean == pytest.approx(1, rel=1e-9)


@given(ROWS, LOSSES, LOSSES, st.floats(0.1, 1))
def test_a_larger_loss_is_never_better(
    rows: list[tuple[float, float, bool]], one: float, other: float, share: float
) -> None:
    low, high = sorted((one, other))
    better, worse = (
        audit.log_evidence_weighted([*rows, (loss, share, True)], error_max=0.05, share_min=0.1)
        for loss in (low, high)
    )
    assert better >= worse - 1e-12


@given(COUNTS, COUNTS, CHANCES)
def test_sensitivity_rises_with_what_is_caught_and_falls_with_what_is_missed(
    missed: int, caught: int, chance: float
) -> None:
    def found(missed: int, caught: int) -> float:
        return reviewers.sensitivity_min(missed=missed, dealt=missed + caught, chance=chance)

    bound = found(missed, caught)
    assert found(missed, caught + 1) >= bound >= found(missed + 1, caught)
    assert bound == 0 or bound < caught / (missed + caught)


@given(COUNTS, COUNTS, CHANCES, CHANCES)
def test_more_chance_to_be_wrong_never_lowers_a_sensitivity(
    missed: int, caught: int, one: float, other: float
) -> None:
    strict, loose = (
        reviewers.sensitivity_min(missed=missed, dealt=missed + caught, chance=chance)
        for chance in sorted((one, other))
    )
    assert strict <= loose


@given(COUNTS, COUNTS)
def test_an_alarm_is_not_lifted_by_a_further_miss_nor_raised_by_a_catch(
    missed: int, caught: int
) -> None:
    def fires(missed: int, caught: int) -> bool:
        return reviewers.rubber_stamp(missed=missed, dealt=missed + caught)

    assert fires(missed + 1, caught) >= fires(missed, caught) >= fires(missed, caught + 1)
    assert not (fires(missed, caught) and 5 * missed < missed + caught)


@given(COUNTS, COUNTS, CHANCES, CHANCES)
def test_an_interval_of_a_rate_holds_those_of_a_larger_chance(
    hits: int, misses: int, one: float, other: float
) -> None:
    n = hits + misses
    wide, narrow = (
        intervals.rate(hits=hits, n=n, chance=chance) for chance in sorted((one, other))
    )
    assert 0 <= wide[0] <= narrow[0] <= (hits / n if n else 0.5) <= narrow[1] <= wide[1] <= 1


@given(COUNTS, COUNTS, CHANCES)
def test_the_interval_of_the_misses_is_that_of_the_hits_turned(
    hits: int, misses: int, chance: float
) -> None:
    low, high = intervals.rate(hits=hits, n=hits + misses, chance=chance)
    turned = intervals.rate(hits=misses, n=hits + misses, chance=chance)
    assert turned == pytest.approx((1 - high, 1 - low), abs=1e-12)


@given(COUNTS, COUNTS, CHANCES)
def test_one_more_hit_moves_both_ends_up(hits: int, misses: int, chance: float) -> None:
    n = hits + misses + 1
    fewer, more = (intervals.rate(hits=h, n=n, chance=chance) for h in (hits, hits + 1))
    assert fewer[0] <= more[0]
    assert fewer[1] <= more[1]


@given(VALUES, st.floats(0.01, 0.99), CHANCES, CHANCES)
def test_an_interval_of_a_quantile_holds_those_of_a_larger_chance(
    values: list[float], part: float, one: float, other: float
) -> None:
    wide, narrow = (
        intervals.quantile(values, part=part, chance=chance) for chance in sorted((one, other))
    )
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


@given(VALUES, st.floats(0.01, 0.49), st.floats(0.5, 0.99), CHANCES)
def test_a_higher_quantile_lies_no_lower(
    values: list[float], part: float, higher: float, chance: float
) -> None:
    low, high = (intervals.quantile(values, part=p, chance=chance) for p in (part, higher))
    assert low[0] <= high[0]
    assert low[1] <= high[1]


@given(VALUES, st.floats(0.01, 0.99), CHANCES)
def test_a_quantile_follows_any_change_of_unit(
    values: list[float], part: float, chance: float
) -> None:
    low, high = intervals.quantile(values, part=part, chance=chance)
    doubled = intervals.quantile([2 * value for value in values], part=part, chance=chance)
    assert doubled == (2 * low, 2 * high)


@given(st.integers(60, 100_000), st.floats(-5, 5), st.floats(0, 10), CHANCES, CHANCES)
def test_a_ratio_is_narrower_by_more_cases_and_by_more_chance(
    n: int, mean: float, variance: float, one: float, other: float
) -> None:
    def half(n: int, chance: float) -> float:
        found = intervals.log_ratio(
            mean_before=0, mean_after=mean, variance_before=variance, variance_after=1,
            n=n, chance=chance,
        )  # fmt: skip
        assert found is not None
        assert (found[0] + found[1]) / 2 == pytest.approx(mean, abs=1e-12)
        return (found[1] - found[0]) / 2

    strict, loose = sorted((one, other))
    assert half(n, strict) >= half(n, loose) - 1e-12
    assert half(n + 1, strict) <= half(n, strict)


STRATA = st.lists(
    st.tuples(st.floats(0.01, 1), st.floats(-50, 50), st.floats(0.01, 1), st.floats(-50, 50)),
    min_size=1,
    max_size=8,
)


@given(STRATA)
def test_a_split_adds_up_and_turns_with_time(
    strata: list[tuple[float, float, float, float]],
) -> None:
    whole = [math.fsum(one[i] for one in strata) for i in (0, 2)]
    before = {i: (one[0] / whole[0], one[1]) for i, one in enumerate(strata)}
    after = {i: (one[2] / whole[1], one[3]) for i, one in enumerate(strata)}
    found = mix.split(before, after)
    assert found.rate + found.mix == found.total
    sums = [math.fsum(share * rate for share, rate in side.values()) for side in (before, after)]
    assert found.total == pytest.approx(sums[1] - sums[0], abs=1e-9)
    back = mix.split(after, before)
    assert (back.rate, back.mix) == pytest.approx((-found.rate, -found.mix), abs=1e-12)
    same = mix.split(before, {i: (before[i][0], after[i][1]) for i in after})
    assert same.mix == 0
