"""What fits, and what is left."""

import pytest

from remit.policy import limits


@pytest.mark.parametrize(
    ("used", "reserved", "demand", "most", "fits"),
    [
        (0, 0, 100, 100, True),
        (40, 50, 10, 100, True),
        (40, 50, 11, 100, False),
        (0, 0, 0, 100, False),
        (0, 0, -1, 100, False),
        (0, 0, None, 100, False),
    ],
)
def test_a_demand_fits_beside_what_is_used_and_reserved(
    used: int, reserved: int, demand: int | None, most: int, fits: bool
) -> None:
    assert limits.fits(used, reserved, demand, most) is fits


def test_what_is_left_is_never_below_zero() -> None:
    assert [limits.left(40, 50, 100), limits.left(90, 20, 100)] == [10, 0]
