"""What is left to a person, and what a person may say of an effect."""

from enum import StrEnum

from remit.domain.ids import derived


class TaskKind(StrEnum):
    DOUBT = "doubt"  # nobody knows whether it happened, and the other system cannot say
    UNCOMPENSATED = "uncompensated"  # an undo was denied, refused or impossible
    FAULT = "fault"  # code failed again and again
    REVIEW = "review"  # a rule asks for a look afterwards
    NOTICE = "notice"  # a rule asks that somebody is told
    LOWERED = "lowered"  # a cell fell by itself
    REVIEWER = "reviewer"  # somebody approves what is wrong


class Finding(StrEnum):
    HAPPENED = "happened"
    ABSENT = "absent"  # it did not happen
    CORRECTED = "corrected"  # what could not be undone was put right by hand


# What is settled by what becomes of the effect; the others a person closes with a word.
OF_EFFECTS = frozenset({TaskKind.DOUBT, TaskKind.UNCOMPENSATED})

SAYS = {
    TaskKind.DOUBT: "Find out whether it happened, and say so",
    TaskKind.UNCOMPENSATED: "Try the undo again, or put it right by hand and say so",
    TaskKind.FAULT: "Mend what failed, then hand the case back or close it",
    TaskKind.REVIEW: "A rule asks for a look at what was done",
    TaskKind.NOTICE: "A rule asks that you are told of what was done",
    TaskKind.LOWERED: "A level fell by itself: see why on the map, and what it did meanwhile",
    TaskKind.REVIEWER: "Somebody approves what is wrong: see the page Reviewers, and talk to them",
}


def task_id(kind: TaskKind, *parts: str) -> str:
    """Return the id of a task: the same cause is one task."""
    return derived("task", kind.value, *parts)
