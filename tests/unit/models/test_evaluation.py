"""Evaluation: coverage, calibration and accuracy, worked by hand."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.models import evaluation
from remit.models.choice import Choice, ranked, unscored
from remit.models.evaluation import Result
from remit.models.examples import Split


def test_coverage_is_the_longest_prefix_within_the_error() -> None:
    results = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.5, False)]

    assert evaluation.coverage_at(results, error=0.0, total=5) == 2 / 5
    assert evaluation.coverage_at(results, error=0.25, total=5) == 4 / 5
    assert evaluation.coverage_at(results, error=0.4, total=5) == 1


def test_equal_confidence_stands_or_falls_together() -> None:
    results = [(0.9, True), (0.9, False), (0.8, True)]

    assert evaluation.coverage_at(results, error=0.0, total=3) == 0
    assert evaluation.coverage_at(results, error=0.34, total=3) == 1


def test_cases_without_confidence_count_as_not_covered() -> None:
    assert evaluation.coverage_at([(0.9, True)], error=0.0, total=4) == 1 / 4
    assert evaluation.coverage_at([], error=0.05, total=0) == 0


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), st.booleans())))
def test_coverage_never_falls_with_the_allowed_error(results: list[Result]) -> None:
    shares = [
        evaluation.coverage_at(results, error=error, total=len(results))
        for error in (0.0, 0.01, 0.1, 0.5, 1.0)
    ]

    assert shares == sorted(shares)


def test_the_calibration_table_compares_claim_and_truth() -> None:
    results = [(0.95, True), (0.95, False), (1.0, True), (0.05, False)]

    table = evaluation.calibration(results)

    assert [row.cases for row in table] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 3]
    assert table[9].confidence == pytest.approx(2.9 / 3)
    assert table[9].right == pytest.approx(2 / 3)
    assert evaluation.calibration_error(table) == pytest.approx((0.05 + 0.9) / 4)


class Fixed:
    classes = ("a", "b")
    fingerprint = "f"

    def choose(self, text: str) -> Choice:
        return (
            unscored()
            if text == "?"
            else ranked({"a": 0.75, "b": 0.25}, kind="classifier", nearness=1.0)
        )

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def test_an_evaluation_counts_every_held_out_row() -> None:
    parts = Split(
        training=(("w", "a"),), held_out=(("x", "a"), ("y", "b"), ("z", "a"), ("?", "a"))
    )

    result = evaluation.evaluate(Fixed(), parts)

    assert (result.training, result.held_out, result.unscored) == (1, 4, 1)
    assert result.accuracy == 0.5
    assert result.coverage == ((10_000, 0.0), (20_000, 0.0), (50_000, 0.0))
    assert result.calibration[7].cases == 3
