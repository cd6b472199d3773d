"""Rates drawn towards siblings: as the fit by moments in NumPy, and as the posterior in SciPy."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from remit.errors import EvidenceInputError
from remit.evidence import shrunken

CELLS = {"a": (1, 120), "b": (14, 160), "c": (0, 40), "d": (30, 200), "e": (0, 0)}


def fitted(counts: dict[Any, tuple[int, int]]) -> tuple[float, float]:
    """Return mean and sum of the parameters, as Kleinman has them with weights n."""
    wrong, n = (np.array(part, float) for part in zip(*counts.values(), strict=True))
    keep = n > 0
    wrong, n = wrong[keep], n[keep]
    w = n / n.sum()
    p = wrong / n
    mean = float(np.sum(w * p))
    spread = float(np.sum(w * (p - mean) ** 2))
    chance = float(np.sum(w * (1 - w) / n))
    room = float(np.sum(w * (1 - w)))
    correlation = (spread - mean * (1 - mean) * chance) / (mean * (1 - mean) * (room - chance))
    return float((wrong.sum() + 0.5) / (n.sum() + 1)), 1 / correlation - 1


def test_each_rate_is_the_mean_of_what_its_labels_leave_of_the_fitted_beta() -> None:
    mean, alike = fitted(CELLS)
    found = shrunken.rates(CELLS)
    for name, (wrong, labels) in CELLS.items():
        after = stats.beta(alike * mean + wrong, alike * (1 - mean) + labels - wrong)
        assert found[name] == pytest.approx(after.mean(), rel=1e-12)
    assert found["e"] == pytest.approx(mean)
    assert 1 / 120 < found["a"] < mean < found["b"] < 14 / 160 or found["b"] > mean


def test_a_thin_cell_is_drawn_further_than_a_thick_one_of_the_same_rate() -> None:
    found = shrunken.rates({"thin": (0, 5), "thick": (0, 500), "bad": (60, 300)})
    assert found["thick"] < found["thin"] < found["bad"]


def test_cells_that_differ_by_chance_alone_get_the_rate_of_all() -> None:
    found = shrunken.rates({"a": (5, 100), "b": (5, 100), "c": (6, 100)})
    assert set(found.values()) == {(16 + 0.5) / 301}


def test_the_fit_finds_the_spread_that_cells_were_drawn_with() -> None:
    random = np.random.default_rng(7)
    n = random.integers(40, 400, size=3_000)
    counts = {i: (int(random.binomial(m, random.beta(2, 38))), int(m)) for i, m in enumerate(n)}
    _, alike = fitted(counts)
    assert alike == pytest.approx(40, rel=0.1)
    found = shrunken.rates(counts)
    own = [(w + 0.5) / (m + 1) for w, m in counts.values()]
    truth_error = [abs(found[i] - 0.05) for i in counts]
    assert np.mean(truth_error) < np.mean([abs(one - 0.05) for one in own])


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=8))
def test_every_rate_lies_between_its_own_and_that_of_all(pairs: list[tuple[int, int]]) -> None:
    counts = {i: (min(w, n), n) for i, (w, n) in enumerate(pairs)}
    found = shrunken.rates(counts)
    total = sum(n for _, n in counts.values())
    assert set(found) == (set(counts) if total else set())
    mean = (sum(w for w, _ in counts.values()) + 0.5) / (total + 1)
    for name, rate in found.items():
        wrong, n = counts[name]
        own = wrong / n if n else mean
        assert min(own, mean) - 1e-12 <= rate <= max(own, mean) + 1e-12
        assert math.isfinite(rate)


@pytest.mark.parametrize("broken", [{"a": (2, 1)}, {"a": (-1, 3)}, {"a": (1, 2.5)}])
def test_what_is_no_count_is_refused(broken: Any) -> None:
    with pytest.raises(EvidenceInputError):
        shrunken.rates(broken)
