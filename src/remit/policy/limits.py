"""Does what is asked still fit? The arithmetic that the gate, the desk and the rows share."""


def fits(used: int, reserved: int, demand: int | None, max_: int) -> bool:
    """Is there room for this demand beside what is used and reserved?

    A demand that cannot be counted (`None`), or that is not above zero, never fits.
    """
    return demand is not None and demand > 0 and used + reserved + demand <= max_


def left(used: int, reserved: int, max_: int) -> int:
    """Return what may still be asked for, never below zero."""
    return max(0, max_ - used - reserved)
