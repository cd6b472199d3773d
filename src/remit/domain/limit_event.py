"""Events that tell of limits: which are in force, and that an owner raised one for a time."""

from remit.domain.entry import Event, declared


@declared("policy:limit:raised", "reason")
class LimitRaised(Event):
    """A limit allows more until a time; what waited for it is gated again, oldest first."""

    name: str
    max: int  # whole units, of money minor units
    until_us: int


@declared("policy:limits:loaded")
class LimitsLoaded(Event):
    """Other limits of a workflow were read from the settings and are in force."""

    before: str  # digest of those in force until now
    digest: str
    limits: tuple[str, ...]  # each as JSON
