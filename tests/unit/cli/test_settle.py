"""A process of Remit's own sets aside what it has loaded."""

import gc

from remit.opening import GARBAGE, settle


def test_what_is_there_is_not_looked_through_again() -> None:
    before = gc.get_threshold()
    held = [[n] for n in range(1_000)]
    try:
        settle()

        assert gc.get_threshold() == GARBAGE
        assert gc.get_freeze_count() > len(held)
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
