"""Events of comparisons: a new behaviour run in shadow over cases whose answer is known."""

from remit.domain.entry import Event, declared


@declared("governance:comparison:started")
class ComparisonStarted(Event):
    """A person has a new behaviour compared with what is known of those before it."""

    comparison_id: str
    action: str
    segment: str
    fingerprint: str  # of the behaviour that is run in shadow
    before: tuple[str, ...]  # of those under which the cases were proposed
    plan: str  # version of the plan whose material parameters decide
    cases: int
    asked: int  # answers of models that these cases took before: what it may cost
    person: str


@declared("governance:comparison:compared")
class CaseCompared(Event):
    """What the new behaviour would have proposed in one case, beside what is known of it."""

    comparison_id: str
    position: int
    case_id: str
    action_id: str
    right: bool  # the proposal of before was right first time
    came: str  # same | fixed | broken | differs | still_wrong | incomparable | escalated
    code: str  # why, where that is not plain
    parameters: tuple[str, ...]  # material ones that differ from the proposal of before


@declared("governance:comparison:finished")
class ComparisonFinished(Event):
    """All cases were looked at; a forecast, and no row of evidence."""

    comparison_id: str
    cases: int
    same: int
    fixed: int
    broken: int
    differs: int
    still_wrong: int
    incomparable: int
    escalated: int
    results: str  # digest of what came of each case, in order


@declared("governance:comparison:abandoned")
class ComparisonAbandoned(Event):
    """It came to no end: nothing of it is told."""

    comparison_id: str
    code: str  # cancelled | time | stopped | closed | failed | changed
    done: int  # cases that had been looked at
