"""The promotion gate: its acceptance tables, streams of labels, attempts, reviewers, boards."""

import math

import pytest

from remit.domain.autonomy import Bar, Outcome
from remit.errors import EvidenceInputError
from remit.evidence import gate

R, W, P, V = Outcome.RIGHT, Outcome.WRONG, Outcome.PENDING, Outcome.VOID


def bar(error_max: float, false_grant_max: float) -> Bar:
    return Bar(error_max=error_max, false_grant_max=false_grant_max)


LOW, NORMAL, MONEY = bar(0.10, 0.10), bar(0.05, 0.05), bar(0.02, 0.01)
WRONG = (0, 1, 2, 3, 4, 5, 10, 20)
TABLES = [
    (0.20, 0.10, (14, 27, 37, 46, 54, 63, 100, 169)),
    (0.10, 0.10, (29, 55, 76, 95, 112, 129, 206, 344)),
    (0.10, 0.05, (36, 64, 86, 105, 123, 140, 218, 360)),
    (0.05, 0.10, (59, 113, 155, 193, 228, 262, 416, 696)),
    (0.05, 0.05, (74, 131, 174, 213, 249, 284, 442, 727)),
    (0.05, 0.01, (109, 170, 216, 257, 296, 332, 498, 794)),
    (0.02, 0.05, (188, 330, 440, 538, 629, 716, 1114, 1829)),
    (0.02, 0.01, (277, 429, 546, 650, 747, 839, 1256, 2000)),
    (0.01, 0.05, (377, 663, 883, 1079, 1262, 1436, 2234, 3666)),
    (0.01, 0.01, (556, 862, 1097, 1306, 1499, 1683, 2520, 4009)),
]
SAMPLED = [  # what the path to sampled needs: reviewers at that bound, four fifths of the chance
    (None, LOW, (31, 58, 79)), (None, NORMAL, (79, 136, 180)), (None, MONEY, (289, 443, 561)),
    (0.955, LOW, (41, 70, 93)), (0.955, NORMAL, (99, 161, 208)), (0.955, MONEY, (342, 507, 633)),
    (0.913, LOW, (43, 73, 97)), (0.913, NORMAL, (103, 168, 218)), (0.913, MONEY, (358, 530, 662)),
    (0.80, LOW, (49, 84, 111)), (0.80, NORMAL, (118, 192, 249)), (0.80, MONEY, (409, 605, 756)),
]  # fmt: skip


@pytest.mark.parametrize(("error_max", "false_grant_max", "labels"), TABLES)
def test_the_acceptance_table_is_that_of_the_design(
    error_max: float, false_grant_max: float, labels: tuple[int, ...]
) -> None:
    table = gate.acceptance(bar(error_max, false_grant_max), wrong_max=20)
    assert tuple(table[wrong] for wrong in WRONG) == labels
    assert len(table) == 21


@pytest.mark.parametrize(("error_max", "false_grant_max", "labels"), TABLES)
def test_every_entry_of_a_table_is_where_the_evidence_crosses(
    error_max: float, false_grant_max: float, labels: tuple[int, ...]
) -> None:
    one, bound = bar(error_max, false_grant_max), -math.log(false_grant_max)
    for wrong, n in enumerate(gate.acceptance(one, wrong_max=60)):
        reached = gate.log_evidence(wrong=wrong, right=n - wrong, error_max=error_max)
        before = gate.log_evidence(wrong=wrong, right=n - wrong - 1, error_max=error_max)
        assert reached - bound > 1e-6, (wrong, n)
        assert bound - before > 1e-6, (wrong, n)


def test_the_end_of_the_longest_table_is_where_the_evidence_crosses() -> None:
    table = gate.acceptance(NORMAL, wrong_max=gate.WRONG_MAX)
    assert len(table) == 5_001
    bound = -math.log(0.05)
    for wrong in (500, 2_500, 5_000):
        right = table[wrong] - wrong
        assert gate.log_evidence(wrong=wrong, right=right, error_max=0.05) > bound
        assert gate.log_evidence(wrong=wrong, right=right - 1, error_max=0.05) < bound


@pytest.mark.parametrize("false_grant_max", [0.9, 0.999999, 1 - 2**-40, 1e-12, 1e-300])
@pytest.mark.parametrize("error_max", [0.01, 0.3, 0.9])
def test_a_table_of_an_odd_bar_is_where_the_evidence_crosses(
    error_max: float, false_grant_max: float
) -> None:
    bound = -math.log(false_grant_max)
    for wrong, n in enumerate(gate.acceptance(bar(error_max, false_grant_max), wrong_max=12)):
        right = n - wrong
        assert gate.log_evidence(wrong=wrong, right=right, error_max=error_max) >= bound - 1e-11
        before = gate.log_evidence(wrong=wrong, right=right - 1, error_max=error_max)
        assert before < bound + 1e-11


@pytest.mark.parametrize(("sensitivity_min", "one", "labels"), SAMPLED)
def test_the_path_to_sampled_needs_what_the_design_says(
    sensitivity_min: float | None, one: Bar, labels: tuple[int, ...]
) -> None:
    fed = one if sensitivity_min is None else gate.adjusted(one, sensitivity_min=sensitivity_min)
    assert fed is not None
    split = bar(fed.error_max, 0.8 * fed.false_grant_max)
    assert gate.acceptance(split, wrong_max=2) == labels


def test_a_further_attempt_needs_more_labels() -> None:
    found = [gate.needed(gate.attempt(NORMAL, number=k), wrong=0) for k in range(5)]
    assert found == [74, 85, 115, 132, 144]


def test_all_attempts_together_spend_at_most_twice_the_chance() -> None:
    spent = math.fsum(gate.attempt(NORMAL, number=k).false_grant_max for k in range(20_000))
    assert 2 * 0.05 - 1e-5 < spent < 2 * 0.05


def test_a_table_ends_where_a_million_labels_are_not_enough() -> None:
    strict = bar(1e-7, 0.05)
    assert gate.acceptance(strict, wrong_max=20) == ()
    assert gate.needed(strict, wrong=0) is None
    assert gate.labels_missing(wrong=0, right=5, bar=strict) is None
    assert gate.accepted_at([R] * 50, bar=strict, since=0) is None
    assert len(gate.acceptance(bar(0.001, 0.05), wrong_max=5_000)) == 891


def test_a_stream_is_accepted_at_its_first_prefix_in_the_last_cycle() -> None:
    assert gate.accepted_at([R] * 73, bar=NORMAL, since=0) is None
    assert gate.accepted_at([R] * 100, bar=NORMAL, since=0) == 74
    assert gate.accepted_at([R] * 100, bar=NORMAL, since=90) == 90
    assert gate.accepted_at([R] * 50 + [W] + [R] * 100, bar=NORMAL, since=0) == 131


def test_an_old_crossing_is_no_merit() -> None:
    rows = [R] * 74 + [W] * 3 + [R] * 20
    assert gate.accepted_at(rows, bar=NORMAL, since=0) == 74
    assert gate.accepted_at(rows, bar=NORMAL, since=77) is None


def test_a_label_that_turns_wrong_takes_acceptance_back() -> None:
    rows = [R] * 74
    assert gate.accepted_at(rows, bar=NORMAL, since=0) == 74
    rows[10] = W
    assert gate.accepted_at(rows, bar=NORMAL, since=0) is None


def test_a_pending_label_counts_as_wrong_and_a_void_one_is_left_out() -> None:
    assert gate.accepted_at([P] + [R] * 129, bar=NORMAL, since=0) is None
    assert gate.accepted_at([P] + [R] * 130, bar=NORMAL, since=0) == 131
    assert gate.accepted_at([V] * 9 + [R] * 73, bar=NORMAL, since=0) is None
    assert gate.accepted_at([V] * 9 + [R] * 74, bar=NORMAL, since=0) == 83


def test_rows_of_one_cluster_count_once_and_are_wrong_if_any_is() -> None:
    rows = [("a", R), ("b", R), ("a", W), ("c", V), ("d", P), ("b", V), ("a", R), ("d", R)]
    assert gate.clusters(rows) == (W, R, V, P)
    assert gate.clusters([]) == ()


def test_no_rows_are_no_evidence() -> None:
    assert gate.log_evidence(wrong=0, right=0, error_max=0.05) == 0
    assert gate.accepted_at([], bar=NORMAL, since=0) is None
    assert gate.labels_missing(wrong=0, right=0, bar=NORMAL) == 74


def test_what_is_missing_is_counted_in_right_labels_in_a_row() -> None:
    assert gate.labels_missing(wrong=1, right=100, bar=NORMAL) == 30
    assert gate.labels_missing(wrong=1, right=130, bar=NORMAL) == 0
    assert gate.labels_missing(wrong=5, right=10, bar=MONEY) == 824


def test_the_labels_expected_are_a_fifth_above_the_limit_of_wald() -> None:
    limit = math.log(20) / (0.01 * math.log(0.01 / 0.05) + 0.99 * math.log(0.99 / 0.95))
    assert gate.labels_expected(rate=0.01, bar=NORMAL) == pytest.approx(1.2 * limit, rel=1e-12)
    assert gate.labels_expected(rate=0.05, bar=NORMAL) is None
    assert gate.labels_expected(rate=0.2, bar=NORMAL) is None
    never_wrong = 1.2 * math.log(20) / -math.log1p(-0.05)
    for rate in (1e-16, 1e-18, 1e-300, 5e-324):
        assert gate.labels_expected(rate=rate, bar=NORMAL) == pytest.approx(never_wrong, rel=1e-9)
    close = 1.2 * math.log(20) * 2 * 0.05 * 0.95 / 1e-9**2
    assert gate.labels_expected(rate=0.05 - 1e-9, bar=NORMAL) == pytest.approx(close, rel=1e-6)
    for i in range(1, 100):
        expected = gate.labels_expected(rate=math.nextafter(i / 100, 0), bar=bar(i / 100, 0.05))
        assert expected is not None
        assert close < expected < 1e40


def test_reviewers_who_find_nothing_leave_no_bar() -> None:
    assert gate.adjusted(NORMAL, sensitivity_min=0) is None
    assert gate.adjusted(NORMAL, sensitivity_min=0.8) == bar(0.8 * 0.05, 0.025)


def test_a_board_offers_the_cells_that_stand_out_among_all() -> None:
    found = {"a": 5.0, "b": 3.7, "c": 2.9, "d": -1.0}  # bounds 3.69, 3.00, 2.59, 2.30
    assert gate.discoveries(found, false_share_max=0.1) == {"a", "b", "c"}
    assert gate.discoveries(found | {"c": 2.5}, false_share_max=0.1) == {"a", "b"}
    assert gate.discoveries({"a": 3.6, "d": 0.0, "e": 0.0, "f": 0.0}, false_share_max=0.1) == set()
    assert gate.discoveries({}, false_share_max=0.1) == set()
    assert gate.discoveries({"a": 2.4, "b": 2.4}, false_share_max=0.1) == {"a", "b"}
    assert gate.discoveries({"a": math.log(1 / 0.1)}, false_share_max=0.1) == {"a"}


def test_a_million_labels_are_folded() -> None:
    assert gate.accepted_at([R, W] * 500_000, bar=NORMAL, since=0) is None
    assert gate.accepted_at([R] * 1_000_000, bar=NORMAL, since=1_000_000) == 1_000_000


@pytest.mark.parametrize("chance", [0, 1, 0.0, 1.0, -0.05, math.nan, math.inf, True, "0.05", None])
def test_a_bar_of_0_or_1_or_of_no_number_is_refused(chance: float) -> None:
    for broken, named in (
        (bar(chance, 0.05), "error_max"),
        (bar(0.05, chance), "false_grant_max"),
    ):
        for refuse in (
            lambda broken=broken: gate.acceptance(broken, wrong_max=0),
            lambda broken=broken: gate.accepted_at([], bar=broken, since=0),
            lambda broken=broken: gate.labels_missing(wrong=0, right=0, bar=broken),
            lambda broken=broken: gate.labels_expected(rate=0.01, bar=broken),
            lambda broken=broken: gate.attempt(broken, number=1),
            lambda broken=broken: gate.adjusted(broken, sensitivity_min=0.5),
        ):
            with pytest.raises(EvidenceInputError, match=f"`{named}`"):
                refuse()


def test_what_is_no_count_no_share_and_no_outcome_is_refused() -> None:
    for refuse, named in (
        (lambda: gate.acceptance(NORMAL, wrong_max=5_001), "wrong_max"),
        (lambda: gate.acceptance(NORMAL, wrong_max=True), "wrong_max"),
        (lambda: gate.accepted_at([R], bar=NORMAL, since=2), "since"),
        (lambda: gate.accepted_at([R], bar=NORMAL, since=-1), "since"),
        (lambda: gate.accepted_at(["right"], bar=NORMAL, since=0), "outcomes"),
        (lambda: gate.clusters([("a", None)]), "outcome"),
        (lambda: gate.labels_missing(wrong=-1, right=0, bar=NORMAL), "wrong"),
        (lambda: gate.labels_missing(wrong=1, right=1_000_000, bar=NORMAL), "right"),
        (lambda: gate.labels_expected(rate=0, bar=NORMAL), "rate"),
        (lambda: gate.attempt(NORMAL, number=-1), "number"),
        (lambda: gate.adjusted(NORMAL, sensitivity_min=1.1), "sensitivity_min"),
        (lambda: gate.adjusted(NORMAL, sensitivity_min=math.nan), "sensitivity_min"),
        (lambda: gate.discoveries({"a": math.nan}, false_share_max=0.1), "evidence"),
        (lambda: gate.discoveries({"a": 1.0}, false_share_max=1), "false_share_max"),
    ):
        with pytest.raises(EvidenceInputError, match=f"`{named}`"):
            refuse()
