"""What fits, and what is left."""

from dataclasses import replace

import pytest

from remit.domain.approval import Requirement
from remit.domain.decision import Check, LiftKind, LimitFact
from remit.policy import gate, limits
from tests.gating import ALLOWED


@pytest.mark.parametrize(
    ("used", "reserved", "demand", "most", "fits"),
    [
        (0, 0, 100, 100, True),
        (40, 50, 10, 100, True),
        (40, 50, 11, 100, False),
        (0, 0, 1, 100, True),
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


EUROS = LimitFact(
    name="euros", used=3_000, reserved=1_000, demand=None, max=10_000, unknown=True, currency="EUR"
)
DOLLARS = replace(EUROS, name="dollars", currency="USD", counts_all=True)


def test_what_no_limit_counts_is_held_with_one_reason_that_names_every_currency() -> None:
    """Approving lifts it, unless one of the limits is on what is approved too."""
    for several, lift in (((EUROS,), LiftKind.APPROVE), ((EUROS, DOLLARS), LiftKind.OWNER)):
        reasons = gate.decide(replace(ALLOWED, limits=several)).reasons
        counted = ", ".join(sorted(one.currency for one in several))

        assert [(one.code, one.lift.kind) for one in reasons] == [("limits.unknown", lift)]
        assert (reasons[0].check, reasons[0].lift.requirement) == (
            Check.LIMITS,
            Requirement(people=1, role="owner" if lift is LiftKind.OWNER else "approver"),
        )
        assert reasons[0].sentence == (
            f"no limit counts what this moves; its limits count {counted}"
        )
        assert reasons[0].refs == tuple(one.name for one in several)


def test_an_all_limit_is_not_lifted_by_approving() -> None:
    """What nobody can count is for its owner; what does not fit waits for room."""
    uncounted = replace(EUROS, currency="", counts_all=True)
    above = replace(DOLLARS, unknown=False, demand=6_001)
    lifts = [
        [one.lift for one in gate.decide(replace(ALLOWED, limits=(limit,))).reasons]
        for limit in (uncounted, above)
    ]

    assert [[one.kind for one in several] for several in lifts] == [
        [LiftKind.OWNER],
        [LiftKind.EVENT],
    ]
    assert lifts[1][0].event == "the limit dollars is raised"


def test_a_limit_is_told_in_its_own_unit() -> None:
    rows = replace(EUROS, currency="", demand=1_500, unknown=False)

    assert limits.told(EUROS) == (
        "40.00 EUR of 100.00 EUR taken, 60.00 EUR left, nobody knows how much asked for"
    )
    assert limits.told(rows) == "4,000 of 10,000 taken, 6,000 left, 1,500 asked for"
