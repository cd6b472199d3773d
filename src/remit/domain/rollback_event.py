"""Events of rollbacks: many effects taken back, newest first, and of drills of them."""

from remit.domain.entry import Event, declared


@declared("governance:rollback:started", "reason")
class RollbackStarted(Event):
    """A person has many effects taken back: exactly those of the plan that they were shown."""

    rollback_id: str
    person: str
    planned: int
    plan: str  # digest of the plan
    incident_id: str | None = None  # whose effects it takes back


@declared("governance:rollback:planned")
class RollbackPlanned(Event):
    """Effects of a plan in its order, newest first; large plans tell it in several entries."""

    rollback_id: str
    first: int  # position of the first of them
    actions: tuple[str, ...]


@declared("governance:rollback:settled")
class RollbackSettled(Event):
    """What became of one effect of a plan."""

    rollback_id: str
    action_id: str
    outcome: str  # compensated | uncompensated | not_needed
    code: str = ""


@declared("governance:rollback:finished")
class RollbackFinished(Event):
    """Nothing of the plan was skipped: planned = compensated + uncompensated + not needed."""

    rollback_id: str
    planned: int
    compensated: int
    uncompensated: int
    not_needed: int


@declared("governance:drill:started")
class DrillStarted(Event):
    """An undo is rehearsed on a stand-in that answers like the connector; nothing leaves."""

    action: str
    undo: str
    person: str


@declared("governance:drill:finished")
class DrillFinished(Event):
    """An undo was rehearsed: performed, undone, and the stand-in's world compared."""

    action: str
    undo: str
    passed: bool
    code: str  # empty where the world was as before
    took_ms: int
    person: str
