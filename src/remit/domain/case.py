"""A case: one item of work, and the moves its life allows."""

from enum import StrEnum

from remit.errors import IllegalMoveError


class CaseStatus(StrEnum):
    QUARANTINED = "quarantined"  # its input could not be normalised with certainty
    READY = "ready"  # a run may take it now
    RUNNING = "running"  # a run has it: a hint for people, not a lock
    PARKED = "parked"  # it waits: for a person, a time, an event, an effect
    ESCALATED = "escalated"  # a person has it
    CLOSED = "closed"


class Priority(StrEnum):
    """How soon a case should run; what waits moves up with time."""

    URGENT = "urgent"
    NORMAL = "normal"
    BULK = "bulk"  # shed first when there is too much


OPEN = frozenset({CaseStatus.READY, CaseStatus.RUNNING, CaseStatus.PARKED, CaseStatus.ESCALATED})

# from (None: nothing yet) -> to -> who, when
MOVES: dict[CaseStatus | None, dict[CaseStatus, str]] = {
    None: {
        CaseStatus.READY: "admission: accepted",
        CaseStatus.QUARANTINED: "admission: not normalised with certainty",
    },
    CaseStatus.QUARANTINED: {
        CaseStatus.READY: "person: released with corrected fields",
        CaseStatus.CLOSED: "person: discarded with a reason",
    },
    CaseStatus.READY: {
        CaseStatus.RUNNING: "dispatcher: claimed",
        CaseStatus.PARKED: "engine: a step waits",
        CaseStatus.ESCALATED: "engine: cannot go on",
        CaseStatus.CLOSED: "engine: the function returned; person: cancelled",
    },
    CaseStatus.RUNNING: {
        CaseStatus.READY: "engine: turn used up; supervisor: worker gone",
        CaseStatus.PARKED: "engine: a step waits",
        CaseStatus.ESCALATED: "engine: cannot go on",
        CaseStatus.CLOSED: "engine: the function returned; person: cancelled",
    },
    CaseStatus.PARKED: {
        CaseStatus.READY: "what it waited for has come, or it is cancelled",
        CaseStatus.ESCALATED: "clock: the wait expired and names no other answer",
        CaseStatus.CLOSED: "person: cancelled",
    },
    CaseStatus.ESCALATED: {
        CaseStatus.READY: "person: handed back with a note, or cancelled",
        CaseStatus.CLOSED: "person: done by hand, or cancelled",
    },
    CaseStatus.CLOSED: {},
}


class CaseOutcome(StrEnum):
    """How a closed case ended."""

    COMPLETED = "completed"  # the workflow's function returned
    HANDLED = "handled"  # done by a person, by hand
    DISCARDED = "discarded"  # refused in quarantine, with a reason
    CANCELLED = "cancelled"


def move(current: CaseStatus | None, to: CaseStatus) -> CaseStatus:
    """Return `to`, or raise `IllegalMoveError`."""
    if to not in MOVES[current]:
        raise IllegalMoveError(f"a case cannot move from `{current}` to `{to}`")
    return to
