"""Incidents: something went or nearly went wrong, from the report to the review."""

from enum import StrEnum
from typing import Final

from remit.domain.action import Risk
from remit.domain.autonomy import Cell
from remit.domain.frozen import dataclass
from remit.domain.ids import derived
from remit.errors import IllegalMoveError


class Severity(StrEnum):
    SEV1 = "sev1"  # wrong and not to be undone, data exposed, or it cannot be stopped
    SEV2 = "sev2"  # wrong for several, and can be undone
    SEV3 = "sev3"  # held or slower, nobody was harmed
    SEV4 = "sev4"  # a defect


class IncidentState(StrEnum):
    DECLARED = "declared"
    CONTAINED = "contained"  # a lowered level or a stop holds it
    RESOLVED = "resolved"  # it is known of each effect what is to be done, or was
    REVIEWED = "reviewed"
    DISMISSED = "dismissed"  # it was none; it counts all the same


_S = IncidentState

MOVES: dict[IncidentState | None, dict[IncidentState, str]] = {
    None: {_S.DECLARED: "person, detector, label of harm, missed check: harm was seen"},
    _S.DECLARED: {
        _S.CONTAINED: "machine, person: a level was lowered, or a stop stands",
        _S.DISMISSED: "owner: it was none, with the reason",
    },
    _S.CONTAINED: {
        _S.RESOLVED: "owner: no effect is left to check",
        _S.DISMISSED: "owner: it was none, with the reason",
    },
    _S.RESOLVED: {_S.REVIEWED: "owner: what was found is written down"},
    _S.REVIEWED: {},
    _S.DISMISSED: {},
}

OPEN: Final = frozenset({_S.DECLARED, _S.CONTAINED})


class Correction(StrEnum):
    """What is known of one effect that an incident may have harmed somebody by."""

    TO_CHECK = "to_check"
    NO_HARM = "no_harm"
    UNDONE = "undone"  # by its undo: nobody need say so
    BY_HAND = "by_hand"
    CANNOT = "cannot"  # it cannot be corrected


# What a person may say; an undo says the rest by itself.
SAID: Final = frozenset(Correction) - {Correction.UNDONE}


class ScopeKind(StrEnum):
    CELL = "cell"
    CASE = "case"
    ACTION = "action"
    WORKFLOW = "workflow"


class Seen(StrEnum):
    """How an incident was seen."""

    PERSON = "person"
    BREACH = "breach"
    CRITICAL = "critical"
    POLICY = "policy"
    CHECK = "check"


SAYS: Final = {
    Seen.PERSON: "A person reported it.",
    Seen.BREACH: "A detector fired over what the cell did alone: too much of it was wrong.",
    Seen.CRITICAL: "An effect that nobody had approved was found wrong with critical severity.",
    Seen.POLICY: "An effect that nobody had approved was found to break a rule.",
    Seen.CHECK: "A proposal that is known to do critical harm was put before a reviewer and "
    "approved. It was a check, so nothing was sent; a real one might have been.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What an incident is about."""

    workflow: str
    kind: ScopeKind
    action: str = ""
    segment: str = ""
    case_id: str = ""

    @property
    def name(self) -> str:
        """As people write it, and as a stop of the same is written."""
        match self.kind:
            case ScopeKind.CELL:
                return f"cell:{self.cell.name}"
            case ScopeKind.CASE:
                return f"case:{self.case_id}"
            case ScopeKind.ACTION:
                return f"action:{self.workflow}.{self.action}"
            case ScopeKind.WORKFLOW:
                return f"workflow:{self.workflow}"

    @property
    def cell(self) -> Cell:
        return Cell(workflow=self.workflow, action=self.action, segment=self.segment)


def scope_of(cell: Cell) -> Scope:
    """Return the scope that is one cell."""
    return Scope(
        workflow=cell.workflow, kind=ScopeKind.CELL, action=cell.action, segment=cell.segment
    )


def move(current: IncidentState | None, to: IncidentState) -> IncidentState:
    """Return `to`, or raise `IllegalMoveError`."""
    if to not in MOVES[current]:
        raise IllegalMoveError(f"an incident cannot move from `{current}` to `{to}`")
    return to


def worse(one: Severity, other: Severity) -> Severity:
    """Return the higher of two severities: what is not known counts as that."""
    return min(one, other, key=list(Severity).index)


def severity_of(risk: Risk) -> Severity:
    """Return how severe wrong effects of that risk are, while nobody has looked."""
    return Severity.SEV1 if risk is Risk.IRREVERSIBLE else Severity.SEV2


def incident_id(workflow: str, number: int) -> str:
    """Return the id of an incident: workflows number theirs from one on."""
    return derived("incident", workflow, str(number))
