"""Events that tell of limits: an owner raised one for a time."""

from remit.domain.entry import Event, declared


@declared("policy:limit:raised", "reason")
class LimitRaised(Event):
    """A limit allows more until a time; what waited for it is gated again, oldest first."""

    name: str
    max: int  # whole units, of money minor units
    until_us: int
