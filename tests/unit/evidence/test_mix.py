"""Why an aggregate moved: its parts, or how many there are of each."""

import math

import pytest

from remit.errors import EvidenceInputError
from remit.evidence import mix

BEFORE = {"easy": (0.8, 0.10), "hard": (0.2, 0.30)}


def test_better_parts_and_worse_mix_stand_apart() -> None:
    after = {"hard": (0.7, 0.25), "easy": (0.3, 0.08)}
    found = mix.split(BEFORE, after)
    assert found.rate == pytest.approx(0.55 * -0.02 + 0.45 * -0.05)
    assert found.mix == pytest.approx(-0.5 * 0.09 + 0.5 * 0.275)
    assert found.total == pytest.approx((0.7 * 0.25 + 0.3 * 0.08) - (0.8 * 0.1 + 0.2 * 0.3))
    assert found.total > 0 > found.rate


def test_nothing_moved_is_nothing() -> None:
    assert mix.split(BEFORE, BEFORE) == mix.Split(total=0, rate=0, mix=0)
    assert mix.split({"all": (1, -3.5)}, {"all": (1, -3.0)}) == mix.Split(
        total=0.5, rate=0.5, mix=0
    )


def test_strata_that_differ_are_refused() -> None:
    with pytest.raises(EvidenceInputError, match="`before` and `after` must have the same strata"):
        mix.split(BEFORE, {"easy": (1.0, 0.1)})
    with pytest.raises(EvidenceInputError, match="`before` and `after` must have the same strata"):
        mix.split(BEFORE, {"easy": (0.8, 0.1), "odd": (0.2, 0.3)})


@pytest.mark.parametrize("share", [0.2 + 2e-9, 0.19, 0])
def test_shares_that_are_not_a_whole_are_refused(share: float) -> None:
    with pytest.raises(EvidenceInputError, match="`after` must have shares that sum to 1"):
        mix.split(BEFORE, {**BEFORE, "hard": (share, 0.3)})
    with pytest.raises(EvidenceInputError, match="`before` must have shares that sum to 1"):
        mix.split({**BEFORE, "hard": (share, 0.3)}, BEFORE)
    with pytest.raises(EvidenceInputError, match="`before` must have shares that sum to 1"):
        mix.split({}, {})


def test_shares_within_a_billionth_are_accepted() -> None:
    assert mix.split(BEFORE, {**BEFORE, "hard": (0.2 + 5e-10, 0.3)}).rate == 0


@pytest.mark.parametrize("stratum", [
    (-0.2, 0.3), (1.2, 0.3), (math.nan, 0.3), (True, 0.3), (0.2, math.nan), (0.2, math.inf),
    (0.2, None), (0.2, "0.3"), (0.2, 1e13),
])  # fmt: skip
def test_shares_and_rates_that_are_none_are_refused(stratum: tuple[float, float]) -> None:
    with pytest.raises(EvidenceInputError, match=r"`after (share|rate)` must be"):
        mix.split(BEFORE, {**BEFORE, "hard": stratum})
