"""Events of incidents: what was seen, what holds it, what was put right, what was found."""

from remit.domain.entry import Event, declared


@declared("governance:incident:declared", "sentence")
class IncidentDeclared(Event):
    """Something went or nearly went wrong; `since_us` and `alone` say which effects it touches."""

    incident_id: str
    number: int  # of the workflow
    scope: str  # cell | case | action | workflow
    action: str
    segment: str
    case_ref: str
    severity: str
    code: str  # person | breach | critical | policy | check
    alone: bool  # only effects that nobody approved
    since_us: int  # from when on effects are to be checked
    occurred_us: int
    detected_us: int
    found_on: str = ""  # action id of what it was seen on


@declared("governance:incident:reported", "sentence")
class IncidentReported(Event):
    """The same was reported again while it was open: it is one incident, with both times."""

    incident_id: str
    severity: str
    code: str
    alone: bool
    since_us: int
    occurred_us: int
    detected_us: int


@declared("governance:incident:contained")
class IncidentContained(Event):
    """A lowered level or a stop holds it; said again where something else does."""

    incident_id: str
    how: str  # lowered | stopped | unsent
    by: str  # the level, or the scope of the stop


@declared("governance:correction:set")
class CorrectionSet(Event):
    """What a person found of effects that an incident touches."""

    incident_id: str
    finding: str  # to_check | no_harm | by_hand | cannot
    actions: tuple[str, ...]


@declared("governance:incident:resolved")
class IncidentResolved(Event):
    """No effect of it is left to check; the counts are what was found."""

    incident_id: str
    no_harm: int
    undone: int
    by_hand: int
    cannot: int


@declared("governance:incident:reviewed", "found")
class IncidentReviewed(Event):
    """What was found is written down: which control let it through, and what limited the harm."""

    incident_id: str


@declared("governance:incident:dismissed", "reason")
class IncidentDismissed(Event):
    """It was none; it stays in the record and counts."""

    incident_id: str
