"""How reviewers stand: what they found of what was put before them, and who is under alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from remit.domain import actor, clock
from remit.domain.autonomy import Level
from remit.domain.check_event import ReviewerAlarmed, ReviewerCleared
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.plan import DAY_US, PPM
from remit.domain.task import TaskKind, task_id
from remit.domain.task_event import TaskOpened
from remit.evidence import intervals
from remit.evidence import reviewers as measure
from remit.governance import grants, monitors, streams
from remit.governance.reviewers import BAD_MIN, CLEARED_AFTER
from remit.store import checks, evidence, plans
from remit.store.checks import Tallied
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork

SINCE_US: Final = 90 * DAY_US
CHANCE: Final = 0.05  # that a bound or an interval shown here is ever wrong
TIMES_MAX: Final = 1_000  # of the last answers, for the median
TWICE_MAX: Final = 500  # of the last proposals that two people judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What one reviewer's answers of the last 90 days to checks of a workflow add up to."""

    reviewer: str
    bad: int  # known-bad proposals that they answered
    missed: int  # of these
    good: int  # known-good ones
    refused: int  # of these
    found_min_ppm: int  # of errors, at the least
    found_ppm: int | None  # as seen; none: no bad one was answered
    found_from_ppm: int  # interval of that, both sides
    found_to_ppm: int
    seconds: int | None  # a check was open, as the median; none: not known
    agreed_ppm: int | None  # chance of the answer that several agree on; none: too few overlap
    alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """What all reviewers of one risk together found: this is what the gate uses."""

    risk: str
    bad: int
    missed: int
    found_min_ppm: int
    bad_min: int  # that were to be answered by now


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """The reviewers of a workflow."""

    workflow: str
    whole: bool  # whether all are shown, or whoever asks alone
    rows: tuple[Standing, ...]
    pools: tuple[Pool, ...]
    alarmed: tuple[str, ...]  # of those that are shown


def of_workflow(
    connection: Connection, workflow: str, *, person: str | None, now_us: int, risks: Sequence[str]
) -> Reviewing:
    """Return how the reviewers of a workflow stand; one `person` alone, where one is named."""
    since_us = now_us - SINCE_US
    alarmed = checks.alarmed(connection, workflow)
    right = _rights(connection, workflow)
    rows = tuple(
        _standing(connection, workflow, one, alarm=one.reviewer in alarmed,
                  right=right.get(one.reviewer))
        for one in checks.tallied(connection, workflow, since_us=since_us)
        if person in {None, one.reviewer}
    )  # fmt: skip
    return Reviewing(
        workflow=workflow, whole=person is None, rows=rows,
        pools=tuple(
            _pool(connection, workflow, risk, since_us=since_us) for risk in risks
        )
        if person is None
        else (),
        alarmed=tuple(sorted(one.reviewer for one in rows if one.alarm)),
    )  # fmt: skip


def judge(uow: UnitOfWork, workflow: str, reviewer: str) -> None:
    """Raise or clear the alarm of a reviewer after an answer, with what follows at once.

    Under alarm what they call right is pending until somebody else has judged it, and a cell that
    rests on it falls. Cleared by ten fresh checks in a row, bad and good ones, answered rightly.
    """
    alarm = checks.alarm_of(uow.connection, workflow, reviewer)
    if alarm is not None and alarm.cleared_us is None:
        last = checks.last(
            uow.connection, workflow, reviewer, since_us=alarm.alarmed_us, limit=CLEARED_AFTER
        )
        if len(last) == CLEARED_AFTER and all(last):
            _append(uow, workflow, ReviewerCleared(reviewer=reviewer, answers=CLEARED_AFTER))
        return
    since_us = 0 if alarm is None else alarm.cleared_us or 0
    missed, dealt = checks.answered_bad(
        uow.connection, workflow, reviewer=reviewer, since_us=since_us
    )
    if not dealt or not measure.rubber_stamp(missed=missed, dealt=dealt):
        return
    for cell in evidence.cells(uow.connection, workflow):  # before the control stream, as labels
        streams.hold(uow, cell)
    _append(uow, workflow, ReviewerAlarmed(reviewer=reviewer, missed=missed, dealt=dealt))
    at = str(clock.microseconds(uow.now))
    _append(
        uow,
        workflow,
        TaskOpened(
            task_id=task_id(TaskKind.REVIEWER, workflow, reviewer, at),
            kind=TaskKind.REVIEWER.value, owner="role:owner", code="reviewer.alarm",
        ),
    )  # fmt: skip
    _lower_what_rests_on(uow, workflow)


def _lower_what_rests_on(uow: UnitOfWork, workflow: str) -> None:
    """Lower each cell whose grant falls without what people under alarm called right."""
    now_us = clock.microseconds(uow.now)
    for cell in evidence.cells(uow.connection, workflow):
        grant = grants.of_cell(uow.connection, cell)
        plan = plans.find(uow.connection, workflow=workflow, action=cell.action)
        if grant is None or plan is None or Level(grant.level).rank <= Level.APPROVE_EACH.rank:
            continue
        stream = streams.read(uow.connection, plan, cell, grant.fingerprint)
        if grants.lapsed(uow.connection, stream, grant, now_us=now_us):
            monitors.record_lowering(
                uow, cell, grant.fingerprint, Level(grant.level), Level.APPROVE_EACH,
                "unsupported",
            )  # fmt: skip


def _standing(
    connection: Connection, workflow: str, one: Tallied, *, alarm: bool, right: float | None
) -> Standing:
    caught = one.bad - one.missed
    low, high = intervals.rate(hits=caught, n=one.bad, chance=CHANCE)
    times = checks.seconds(connection, workflow, one.reviewer, limit=TIMES_MAX)
    least = measure.sensitivity_min(missed=one.missed, dealt=one.bad, chance=CHANCE)
    return Standing(
        reviewer=one.reviewer, bad=one.bad, missed=one.missed, good=one.good, refused=one.refused,
        found_min_ppm=round(least * PPM),
        found_ppm=None if not one.bad else caught * PPM // one.bad,
        found_from_ppm=round(low * PPM), found_to_ppm=round(high * PPM),
        seconds=times[len(times) // 2] if times else None,
        agreed_ppm=None if right is None else round(right * PPM), alarm=alarm,
    )  # fmt: skip


def _pool(connection: Connection, workflow: str, risk: str, *, since_us: int) -> Pool:
    missed, bad = checks.answered_bad(connection, workflow, risk=risk, since_us=since_us)
    least = measure.sensitivity_min(missed=missed, dealt=bad, chance=CHANCE)
    return Pool(
        risk=risk, bad=bad, missed=missed, found_min_ppm=round(least * PPM), bad_min=BAD_MIN
    )


def _rights(connection: Connection, workflow: str) -> Mapping[str, float]:
    """Return each reviewer's chance of the answer that several agree on; empty under three.

    Of what two of them judged blind: a forecast for people, never for the gate.
    """
    found = measure.agreement(
        answer
        for task, first, said, second, again in evidence.judged_twice(
            connection, workflow, limit=TWICE_MAX
        )
        for answer in ((task, first, said), (task, second, again))
    )
    return {} if found is None else found.right


def _append(
    uow: UnitOfWork, workflow: str, event: ReviewerAlarmed | ReviewerCleared | TaskOpened
) -> None:
    uow.append(
        Draft(
            event=event, case_id=control_stream(workflow), workflow=workflow,
            actor=actor.service("monitors"),
        )
    )  # fmt: skip
