"""What a label of each kind may do to the detectors of a cell."""

import pytest

from remit.domain.autonomy import Level
from remit.domain.plan import STANDARDS, Standard
from remit.evidence import detector
from remit.governance import alarm

RIGHT_ROWS = 5_000


@pytest.mark.parametrize("share", [1.0, 0.25, 0.1, 0.05])
@pytest.mark.parametrize("standard", STANDARDS.values())
def test_right_rows_alone_never_sound_an_alarm(standard: Standard, share: float) -> None:
    """So a label that is right needs no fold: `monitors.react` rests on this."""
    error_max = standard.error_max_ppm / 1_000_000
    bounds = {error_max, 0.4 * error_max, 0.8 * error_max}
    bounds |= {ppm / 1_000_000 for ppm in alarm.BOUND_PPM.values()}
    for rate_max in bounds:
        for run in (10_000, 3_000):
            run_min = max(20, round(run * share))
            state = detector.start(rate_max=rate_max, run_min=run_min)
            for _ in range(RIGHT_ROWS):
                state = detector.step(state, wrong=False)
                assert not state.fires, (rate_max, run_min)


def test_every_level_below_acting_alone_has_a_bound() -> None:
    assert set(alarm.BOUND_PPM) == {Level.SHADOW, Level.DRAFT, Level.APPROVE_EACH}
