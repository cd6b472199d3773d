"""How many errors reviewers find at the least, and when one of them waves things through."""

import pytest

from remit.errors import EvidenceInputError
from remit.evidence import reviewers


@pytest.mark.parametrize(
    ("chance", "bounds"),
    [
        (0.05, {10: 0.638, 20: 0.797, 21: 0.806, 30: 0.859, 50: 0.913, 100: 0.955, 200: 0.977}),
        (0.01, {10: 0.537, 20: 0.731, 21: 0.741, 30: 0.811, 50: 0.881, 100: 0.939, 200: 0.969}),
    ],
)
def test_who_caught_all_finds_so_much_at_the_least(
    chance: float, bounds: dict[int, float]
) -> None:
    """The design's table is rounded; the bound itself is rounded down, so never above it."""
    for dealt, bound in bounds.items():
        found = reviewers.sensitivity_min(missed=0, dealt=dealt, chance=chance)
        assert bound - 0.001 <= found <= bound, dealt


@pytest.mark.parametrize(
    ("chance", "seeds"), [(0.05, (21, 35, 45)), (0.01, (29, 43, 55)), (0.1, (17, 31, 41))]
)
def test_so_many_seeds_show_that_80_percent_are_found(
    chance: float, seeds: tuple[int, ...]
) -> None:
    for missed, dealt in enumerate(seeds):
        assert reviewers.sensitivity_min(missed=missed, dealt=dealt, chance=chance) >= 0.8
        assert reviewers.sensitivity_min(missed=missed, dealt=dealt - 1, chance=chance) < 0.8


def test_nothing_dealt_and_nothing_caught_show_nothing() -> None:
    assert reviewers.sensitivity_min(missed=0, dealt=0, chance=0.05) == 0
    assert reviewers.sensitivity_min(missed=7, dealt=7, chance=0.05) == 0


@pytest.mark.parametrize(
    ("missed", "dealt"),
    [(5, 5), (6, 6), (6, 7), (7, 8), (7, 10), (8, 12), (9, 15), (11, 20), (15, 30), (21, 50),
     (35, 100)],
)  # fmt: skip
def test_the_alarm_goes_at_so_many_missed(missed: int, dealt: int) -> None:
    assert reviewers.rubber_stamp(missed=missed, dealt=dealt)
    assert not reviewers.rubber_stamp(missed=missed - 1, dealt=dealt)


def test_more_missed_than_dealt_is_refused() -> None:
    with pytest.raises(EvidenceInputError, match="missed"):
        reviewers.sensitivity_min(missed=3, dealt=2, chance=0.05)
    with pytest.raises(EvidenceInputError, match="missed"):
        reviewers.rubber_stamp(missed=3, dealt=2)
