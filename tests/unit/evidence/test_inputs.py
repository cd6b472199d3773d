"""What is refused before a number is worked with."""

import math

import pytest

from remit.errors import EvidenceInputError
from remit.evidence import inputs


@pytest.mark.parametrize("value", [-1, 1_000_001, 1.0, True, "7", None, math.nan])
def test_a_count_is_a_whole_number_in_its_range(value: object) -> None:
    with pytest.raises(EvidenceInputError, match="`wrong` must be a whole number of 0 to"):
        inputs.count("wrong", value)


@pytest.mark.parametrize(
    "value", [0, 1, -0.1, 1.1, math.nan, math.inf, True, "0.05", None, 10**400, -(10**400)]
)
def test_a_chance_is_strictly_between_0_and_1(value: object) -> None:
    with pytest.raises(EvidenceInputError, match="`error_max` must be a number above 0"):
        inputs.chance("error_max", value)


@pytest.mark.parametrize("value", [-0.001, 1.1, math.nan, math.inf, False, "1", 10**400])
def test_a_score_is_a_number_of_0_to_1(value: object) -> None:
    with pytest.raises(EvidenceInputError, match="`score` must be a number of 0 to 1"):
        inputs.score("score", value)


def test_what_is_accepted_comes_back_as_it_is() -> None:
    assert inputs.count("n", inputs.LABELS_MAX) == 1_000_000
    assert inputs.chance("error_max", 0.05) == 0.05
    assert inputs.score("score", 1.0000005) == 1.0000005
    assert inputs.text("task", "é") == b"\xc3\xa9"
