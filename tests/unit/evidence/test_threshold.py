"""The threshold of a score: the grid, the rows behind each, the two walks."""

import math

import numpy as np
import pytest

from remit.domain.autonomy import Bar, Outcome
from remit.errors import EvidenceInputError
from remit.evidence import gate, threshold
from remit.evidence.threshold import Grid, ThresholdLedger, TooFew

R, W, P, V = Outcome.RIGHT, Outcome.WRONG, Outcome.PENDING, Outcome.VOID
NORMAL = Bar(error_max=0.05, false_grant_max=0.05)
EVEN = [(i / 200, R) for i in range(1, 201)]  # scores 0.005, 0.010, ... 1


def grid(*thresholds: float, start: int = 0, back: int = 0) -> Grid:
    return Grid(thresholds=thresholds, start=start, back=back, low_mark=thresholds[-1])


def ledger(accepted: str, accepted_back: str, *, start: int = 0, back: int = 0) -> ThresholdLedger:
    count = len(accepted)
    return ThresholdLedger(
        grid=grid(*((9 - i) / 10 for i in range(count)), start=start, back=back),
        n=(0,) * count,
        wrong=(0,) * count,
        accepted=tuple(letter == "y" for letter in accepted),
        accepted_back=tuple(letter == "y" for letter in accepted_back),
    )


def test_the_grid_covers_10_to_100_percent_of_the_sample() -> None:
    made = threshold.calibrate(EVEN, error_max=0.05)
    assert isinstance(made, Grid)
    assert made.thresholds[0] == 181 / 200
    assert made.thresholds[-1] == 1 / 200
    assert len(made.thresholds) == 19
    assert sum(score >= made.thresholds[1] for score, _ in EVEN) == 30
    assert sum(score < made.low_mark for score, _ in EVEN) == 20


def test_the_walk_starts_at_the_most_lenient_with_at_most_half_the_error() -> None:
    made = threshold.calibrate(EVEN, error_max=0.05)
    assert isinstance(made, Grid)
    assert (made.start, made.back) == (18, 9)
    wrong_below = [(score, W if score < 0.5 else R) for score, _ in EVEN]
    made = threshold.calibrate(wrong_below, error_max=0.05)
    assert isinstance(made, Grid)
    # 100 of 110 right at coverage 50 + 5 %: only coverage 50 % (101 rows, none wrong) is clean
    assert made.thresholds[made.start] == 101 / 200
    assert (made.start, made.back) == (8, 4)


def test_a_start_has_at_most_half_of_the_error_that_is_allowed() -> None:
    rows = [(score, W if score <= 0.04 else R) for score, _ in EVEN]  # 8 of 200 at full coverage
    made = threshold.calibrate(rows, error_max=0.05)
    assert isinstance(made, Grid)
    assert made.start == 17
    made = threshold.calibrate(rows, error_max=0.08)
    assert isinstance(made, Grid)
    assert made.start == 18


def test_a_start_has_at_least_20_rows() -> None:
    rows = [(i / 100, W if i <= 90 else R) for i in range(1, 101)]
    made = threshold.calibrate(rows, error_max=0.05, size=100)
    assert isinstance(made, Grid)
    assert made.start == 3  # coverage 25 %, though the 10 rows of coverage 10 % are all right


def test_the_walk_starts_at_a_quarter_where_no_threshold_is_good() -> None:
    made = threshold.calibrate([(score, W) for score, _ in EVEN], error_max=0.05)
    assert isinstance(made, Grid)
    assert made.thresholds[made.start] == 151 / 200
    assert (made.start, made.back) == (3, 1)


def test_equal_scores_make_one_threshold() -> None:
    made = threshold.calibrate([(0.7, R)] * 200, error_max=0.05)
    assert made == grid(0.7)
    done = threshold.fold(made, [(0.7, R)] * 79, bar=NORMAL)
    assert threshold.certified(done) == 0.7
    assert threshold.certified(threshold.fold(made, [(0.7, R)] * 78, bar=NORMAL)) is None


def test_duplicates_among_the_quantiles_are_merged() -> None:
    rows = [(0.9, R)] * 100 + [(0.5, W)] * 90 + [(0.1, W)] * 10
    made = threshold.calibrate(rows, error_max=0.05)
    assert made == Grid(thresholds=(0.9, 0.5, 0.1), start=0, back=0, low_mark=0.5)


def test_too_few_rows_say_how_many_are_missing() -> None:
    assert threshold.calibrate(EVEN[:150], error_max=0.05) == TooFew(missing=50)
    assert threshold.calibrate([], error_max=0.05) == TooFew(missing=200)
    assert threshold.calibrate(EVEN[:30], error_max=0.05, size=40) == TooFew(missing=10)


def test_a_row_counts_for_every_threshold_at_or_below_its_score() -> None:
    rows = [(0.9, R), (0.89, W), (0.5, P), (0.2, V), (0.1, R), (0.05, W)]
    done = threshold.fold(grid(0.9, 0.5, 0.1), rows, bar=NORMAL)
    assert done.n == (1, 3, 4)
    assert done.wrong == (0, 2, 2)
    assert done.accepted == done.accepted_back == (False, False, False)


def test_a_wrong_row_counts_at_every_threshold_that_it_passes() -> None:
    rows = [
        ("a", 0.95, W), ("a", 0.3, R), ("b", 0.3, W), ("b", 0.95, R),
        ("c", 0.95, V), ("c", 0.4, R), ("d", 0.7, V),
    ]  # fmt: skip
    alone = threshold.clusters(rows)
    assert alone == ((0.95, W), (0.95, W), (0.4, R), (0.0, V))
    assert threshold.fold(grid(0.9, 0.2), alone, bar=NORMAL).wrong == (2, 2)
    with pytest.raises(EvidenceInputError, match="`score`"):
        threshold.clusters([("a", math.nan, R)])


def test_each_walk_has_its_level() -> None:
    # four fifths of 5 % take 79 clean labels, one fifth takes 109 (the table of 5 % at 1 %)
    done = threshold.fold(grid(0.9), [(1.0, R)] * 108, bar=NORMAL)
    assert (done.accepted, done.accepted_back) == ((True,), (False,))
    done = threshold.fold(grid(0.9), [(1.0, R)] * 109, bar=NORMAL)
    assert (done.accepted, done.accepted_back) == ((True,), (True,))


def test_acceptance_is_kept_until_a_label_turns_wrong() -> None:
    rows = [(1.0, R)] * 79 + [(1.0, W)] * 5
    assert threshold.fold(grid(0.9), rows, bar=NORMAL).accepted == (True,)
    rows[3] = (1.0, W)
    assert threshold.fold(grid(0.9), rows, bar=NORMAL).accepted == (False,)


def test_a_walk_stops_at_the_first_threshold_that_is_not_accepted() -> None:
    assert threshold.certified(ledger("yyny", "nnnn")) == 0.8
    assert threshold.certified(ledger("nyyy", "nnnn")) is None
    assert threshold.certified(ledger("nnyyn", "nnnnn", start=2)) == 0.6


def test_the_fallback_certifies_where_the_main_walk_has_not_begun() -> None:
    assert threshold.certified(ledger("yynnn", "yynnn", start=3, back=1)) == 0.8
    assert threshold.certified(ledger("yyyyn", "nnnnn", start=3, back=1)) == 0.6
    assert threshold.certified(ledger("yyyyn", "nyyyy", start=3, back=1)) == 0.5
    assert threshold.certified(ledger("yyyyn", "yynnn", start=3, back=1)) == 0.6


def test_thresholds_below_the_low_mark_are_closed() -> None:
    done = ledger("yyyy", "nnnn")
    assert threshold.certified(done, low_mark=0.7) == 0.7
    assert threshold.certified(done, low_mark=0.95) is None


def test_no_rows_certify_nothing() -> None:
    assert threshold.certified(threshold.fold(grid(0.9, 0.5), [], bar=NORMAL)) is None


@pytest.mark.slow
def test_a_million_rows_are_folded() -> None:
    rows = [(i % 100 / 100, W if i % 100 < 30 else R) for i in range(1_000_000)]
    done = threshold.fold(grid(0.9, 0.6, 0.3, 0.1), rows, bar=NORMAL)
    assert done.n == (100_000, 400_000, 700_000, 900_000)
    assert threshold.certified(done) == 0.3


@pytest.mark.parametrize("outcome", [P, V])
def test_a_calibration_row_without_verdict_is_refused(outcome: Outcome) -> None:
    with pytest.raises(EvidenceInputError, match="`rows` must have a verdict each"):
        threshold.calibrate([(0.5, outcome)], error_max=0.05)


@pytest.mark.parametrize("thresholds", [(), (0.5, 0.9), (0.5, 0.5), (0.9, math.nan), (0.9, True)])
def test_a_grid_that_does_not_descend_is_refused(thresholds: tuple[float, ...]) -> None:
    with pytest.raises(EvidenceInputError, match="`grid`"):
        threshold.fold(Grid(thresholds=thresholds, start=0, back=0, low_mark=0.1), [], bar=NORMAL)


def test_what_is_no_score_no_outcome_and_no_place_is_refused() -> None:
    for refuse, named in (
        (lambda: threshold.calibrate([(math.nan, R)], error_max=0.05), "score"),
        (lambda: threshold.calibrate([(1.1, R)], error_max=0.05), "score"),
        (lambda: threshold.calibrate([(0.5, "right")], error_max=0.05), "outcome"),
        (lambda: threshold.calibrate([(0.5, R)] * 201, error_max=0.05), "rows"),
        (lambda: threshold.calibrate([], error_max=0), "error_max"),
        (lambda: threshold.calibrate([], error_max=0.05, size=19), "size"),
        (lambda: threshold.fold(grid(0.9), [(math.inf, R)], bar=NORMAL), "score"),
        (lambda: threshold.fold(grid(0.9), [(True, R)], bar=NORMAL), "score"),
        (lambda: threshold.fold(grid(0.9), [(0.5, None)], bar=NORMAL), "outcome"),
        (lambda: threshold.fold(grid(0.9, start=1), [], bar=NORMAL), "start"),
        (lambda: threshold.fold(grid(0.9, 0.5, start=0, back=1), [], bar=NORMAL), "back"),
        (lambda: threshold.fold(grid(0.9), [], bar=Bar(error_max=1, false_grant_max=0.05)),
         "error_max"),
    ):  # fmt: skip
        with pytest.raises(EvidenceInputError, match=f"`{named}`"):
            refuse()


@pytest.mark.parametrize("low_mark", [math.nan, True, "0.5", -0.1, 1.1, math.inf])
def test_a_low_mark_that_is_no_score_is_refused(low_mark: float) -> None:
    done = threshold.fold(grid(0.9, 0.5), [], bar=NORMAL)
    with pytest.raises(EvidenceInputError, match="`low_mark` must be a number of 0 to 1"):
        threshold.certified(done, low_mark=low_mark)
    broken = Grid(thresholds=(0.9, 0.5), start=0, back=0, low_mark=low_mark)
    with pytest.raises(EvidenceInputError, match="`low_mark` must be a number of 0 to 1"):
        threshold.fold(broken, [], bar=NORMAL)


def test_what_a_board_uses_of_a_threshold_is_the_weakest_on_the_way_to_it() -> None:
    steps = Grid(thresholds=(0.9, 0.8, 0.7, 0.6), start=2, back=1, low_mark=0.5)
    made = ThresholdLedger(
        grid=steps, n=(10, 60, 150, 200), wrong=(0, 0, 1, 1),
        accepted=(False,) * 4, accepted_back=(False,) * 4,
    )  # fmt: skip

    def nats(place: int) -> float:
        wrong = made.wrong[place]
        return gate.log_evidence(wrong=wrong, right=made.n[place] - wrong, error_max=0.05)

    def walked(place: int) -> float:
        return threshold.walked(made, place=place, error_max=0.05)

    assert walked(0) == -math.inf  # no walk goes there
    assert walked(1) == math.log(0.2) + nats(1)  # the fallback alone
    assert walked(2) == math.log(0.8) + nats(2)
    assert nats(3) > nats(2)
    assert walked(3) == math.log(0.8) + nats(2)  # not more than what it stands on
    with pytest.raises(EvidenceInputError):
        walked(4)


def test_a_threshold_that_was_chosen_and_is_bad_has_no_more_evidence_than_a_bet_may_win() -> None:
    """However the most lenient good-looking one is picked, its mean wealth stays at most 1."""
    random = np.random.default_rng(11)
    steps = Grid(thresholds=(0.9, 0.8, 0.7, 0.6), start=1, back=0, low_mark=0.5)
    chance, shares = 0.3, (0.1, 0.3, 0.5, 1.0)
    wins: list[float] = []
    naive: list[float] = []
    for _ in range(4_000):
        scores, wrong = random.random(40), random.random(40) < chance
        n = [int(np.sum(scores < share)) for share in shares]
        bad = [int(np.sum(wrong & (scores < share))) for share in shares]
        made = ThresholdLedger(
            grid=steps, n=tuple(n), wrong=tuple(bad), accepted=(False,) * 4,
            accepted_back=(False,) * 4,
        )  # fmt: skip
        found = [threshold.walked(made, place=place, error_max=chance) for place in range(4)]
        wins.append(math.exp(max(found)))  # the best of all: worse than any choice
        each = [
            gate.log_evidence(wrong=b, right=m - b, error_max=chance)
            for m, b in zip(n, bad, strict=True)
        ]
        naive.append(math.exp(max(each)))
    assert np.mean(wins) < 1 + 3 * np.std(wins) / math.sqrt(len(wins))
    assert np.mean(naive) > 1.3  # which is why the evidence of the chosen one is not taken
