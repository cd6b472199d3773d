"""Does what is asked still fit? The arithmetic that the gate, the desk and the rows share."""

from remit.domain.decision import LimitFact
from remit.domain.money import Money


def fits(used: int, reserved: int, demand: int | None, max_: int) -> bool:
    """Is there room for this demand beside what is used and reserved?

    A demand that cannot be counted (`None`), or that is not above zero, never fits.
    """
    return demand is not None and demand > 0 and used + reserved + demand <= max_


def left(used: int, reserved: int, max_: int) -> int:
    """Return what may still be asked for, never below zero."""
    return max(0, max_ - used - reserved)


def amount(limit: LimitFact, quantity: int) -> str:
    """Return a quantity of what a limit counts, in words."""
    return str(Money.of_minor(quantity, limit.currency)) if limit.currency else f"{quantity:,}"


def told(limit: LimitFact) -> str:
    """Return what is taken of a limit, what is asked and what is left, for a card."""
    asked = "nobody knows how much" if limit.demand is None else amount(limit, limit.demand)
    rest = left(limit.used, limit.reserved, limit.max)
    return (
        f"{amount(limit, limit.used + limit.reserved)} of {amount(limit, limit.max)} taken, "
        f"{amount(limit, rest)} left, {asked} asked for"
    )
