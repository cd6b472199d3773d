"""Events that tell of stops: set, asked to be lifted, lifted, and drilled."""

from remit.domain.entry import Event, declared


@declared("policy:stop:set", "sentence")
class StopSet(Event):
    """Effects in a scope are halted from this commit on; a second one may only make it hard."""

    scope: str  # everything | workflow:… | action:… | connector:… | case:…
    hard: bool = False  # holds what undoes an effect too
    drill: bool = False  # a rehearsal, which ends by itself
    under_way: int = 0  # effects in the scope that were intended and had no outcome yet
    finishing: tuple[str, ...] = ()  # the first of these, by action id


@declared("policy:stop_lift:asked", "reason")
class StopLiftAsked(Event):
    """One of the two people who are needed says that a stop may be lifted."""

    scope: str


@declared("policy:stop:lifted", "reason")
class StopLifted(Event):
    """Effects in a scope go on; what waited for it is gated again, oldest first."""

    scope: str
    asked_by: str = ""  # who asked for it before, where two are needed


@declared("policy:stop:drilled")
class StopDrilled(Event):
    """A stop was rehearsed under the load of the moment."""

    scope: str
    under_way: int  # effects that had begun and were not ended
    intended_after: int  # effects intended in the scope after its commit: 0, or it does not hold
    unfinished: int  # of those under way, that had no outcome when the drill ended
    stop_ms: int  # from its commit to the last outcome
