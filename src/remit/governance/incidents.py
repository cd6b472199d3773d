"""Incidents: declared in one transaction with what holds them, by people and by machines."""

from collections.abc import Mapping
from typing import Final

from remit.domain import actor, clock
from remit.domain.action import Risk
from remit.domain.actor import Actor
from remit.domain.autonomy import Cell, Level
from remit.domain.entry import Draft, Event
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.incident import (
    OPEN,
    IncidentState,
    Scope,
    ScopeKind,
    Seen,
    Severity,
    incident_id,
    scope_of,
    severity_of,
)
from remit.domain.incident_event import IncidentContained, IncidentDeclared, IncidentReported
from remit.domain.value import Json
from remit.errors import IllegalMoveError, NotFoundError
from remit.governance import grants, stops, streams
from remit.store import affected, checks, plans
from remit.store import incidents as rows
from remit.store import stops as stop_rows
from remit.store.affected import FOREVER_US
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.incidents import IncidentRow
from remit.store.unit import UnitOfWork

NAMED_MAX: Final = 2
EFFECTS_MAX: Final = 1_000  # that are shown, taken back or found about at once
GONE: Final = "there is no incident `{}`; `remit incidents` lists them"
LOWERED, STOPPED, UNSENT = "lowered", "stopped", "unsent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What somebody or something says went wrong; times in microseconds since 1970."""

    scope: Scope
    severity: Severity
    seen: Seen
    alone: bool  # it touches only what nobody approved
    since_us: int
    occurred_us: int
    sentence: str = ""  # of a person, masked
    found_on: str = ""


# -- by itself -----------------------------------------------------------------------------------


def began(connection: Connection, cell: Cell, grant: GrantRow | None) -> int:
    """Return since when a cell may have acted alone: since its stream or its level began."""
    if grant is None:
        return 0
    return min(grant.given_us, plans.over(connection, cell, grant.fingerprint).resumes_us)


def seen(uow: UnitOfWork, row: EvidenceRow, *, code: Seen, risk: Risk, since_us: int) -> None:
    """Declare what a detector or a label of harm says of what a cell did alone.

    Nothing is declared where nothing ran alone: there the fall harmed nobody, and is a task.
    INVARIANT: it is the transaction of the label and of the fall (tests/stories/test_incident.py).
    """
    report = Report(
        scope=scope_of(row.cell), severity=severity_of(risk), seen=code, alone=True,
        since_us=min(since_us, row.at_us), occurred_us=row.at_us, found_on=row.action_id,
    )  # fmt: skip
    declare(uow, report, by=actor.service("monitors"))


def seen_in_check(uow: UnitOfWork, approval_id: str) -> None:
    """Declare that a reviewer approved a check that stands for critical harm; nothing was sent."""
    check = checks.by_approval(uow.connection, approval_id)
    if check is None or not (check.critical and check.bad) or check.caught:
        return
    scope = Scope(workflow=check.workflow, kind=ScopeKind.ACTION, action=check.action)
    now_us = clock.microseconds(uow.now)
    report = Report(
        scope=scope, severity=Severity.SEV3, seen=Seen.CHECK, alone=True, since_us=FOREVER_US,
        occurred_us=now_us,
    )  # fmt: skip
    declare(uow, report, by=actor.service("monitors"))


# -- what people and machines do -----------------------------------------------------------------


def declare(uow: UnitOfWork, report: Report, *, by: Actor) -> str:
    """Declare an incident, and that it is contained where that is so; return its id.

    What is open on the same scope is joined: one incident, with both times. Of what a machine
    reports nothing is declared, and the id is empty, where no effect is touched.
    """
    scope, now_us = report.scope, clock.microseconds(uow.now)
    uow.lock(control_stream(scope.workflow))
    known = rows.open_on(uow.connection, scope, unsent=report.seen is Seen.CHECK)
    payloads: dict[str, Json] = {"sentence": report.sentence} if report.sentence else {}
    if known is not None:
        again = IncidentReported(
            incident_id=known.incident_id, severity=report.severity.value,
            code=report.seen.value, alone=report.alone, since_us=report.since_us,
            occurred_us=report.occurred_us, detected_us=now_us,
        )  # fmt: skip
        append(uow, scope.workflow, again, by=by, payloads=payloads)
        contain_if_held(uow, known.incident_id, by=by)
        return known.incident_id
    number = rows.next_number(uow.connection, scope.workflow)
    made = _row_of(report, incident_id(scope.workflow, number), number, now_us)
    occurred_us = report.occurred_us
    if report.seen in {Seen.BREACH, Seen.CRITICAL, Seen.POLICY}:
        if not affected.counts(uow.connection, made).total():
            return ""
        occurred_us = affected.first_wrong(uow.connection, made) or occurred_us
    event = IncidentDeclared(
        incident_id=made.incident_id, number=number, scope=scope.kind.value, action=scope.action,
        segment=scope.segment, case_ref=scope.case_id, severity=report.severity.value,
        code=report.seen.value, alone=report.alone, since_us=report.since_us,
        occurred_us=occurred_us, detected_us=now_us, found_on=report.found_on,
    )  # fmt: skip
    append(uow, scope.workflow, event, by=by, payloads=payloads)
    contain_if_held(uow, made.incident_id, by=by)
    return made.incident_id


def contain_if_held(uow: UnitOfWork, wanted: str, *, by: Actor) -> None:
    """Record what holds an incident by now, where the record does not say it yet."""
    row = rows.find(uow.connection, wanted)
    held = None if row is None or row.state not in OPEN else holding(uow.connection, row)
    if row is not None and held is not None and held != (row.how, row.held_by):
        _note_held(uow, row, held, by=by)


def contain(uow: UnitOfWork, wanted: str, *, person: str) -> None:
    """Hold an incident: a cell is lowered, so that nothing of it runs alone; else a stop is set.

    One person is enough. Doing it twice does it once. Raises `IllegalMoveError` where it is over.
    """
    row = demand(uow.connection, wanted)
    scope, by = row.scope, actor.person(person)
    if scope.kind is ScopeKind.CELL:
        streams.hold(uow, scope.cell)  # before its control stream, as in a label
    uow.lock(control_stream(scope.workflow))
    row = demand(uow.connection, row.incident_id)
    if row.state not in OPEN:
        raise IllegalMoveError(f"incident {row.number} is {row.state.value} already")
    held = holding(uow.connection, row)
    if held is None or held[0] == UNSENT:
        _hold(uow, row, by=by)
        held = holding(uow.connection, row)
    if held is not None and held != (row.how, row.held_by):
        _note_held(uow, row, held, by=by)


def holding(connection: Connection, row: IncidentRow) -> tuple[str, str] | None:
    """Return how an incident is contained now, and by what; `None` where nothing holds it.

    A stop may be lifted, and a level raised, after it was recorded that it is contained.
    """
    scope = row.scope
    if scope.kind is ScopeKind.CELL:
        grant = grants.of_cell(connection, scope.cell)
        if grant is None or Level(grant.level).rank <= Level.APPROVE_EACH.rank:
            return LOWERED, "" if grant is None else grant.level
    wide = {scope.name, "everything", f"workflow:{scope.workflow}"}
    if scope.action:
        wide |= {f"action:{scope.workflow}.{scope.action}", f"action:{scope.action}"}
    for one in stop_rows.standing(connection):
        if one.scope in wide and not one.drill:
            return STOPPED, one.scope
    return (UNSENT, scope.name) if row.code == Seen.CHECK else None


def demand(connection: Connection, wanted: str) -> IncidentRow:
    """Return the incident whose id begins so; raises `NotFoundError`."""
    found = rows.starting_with(connection, wanted, NAMED_MAX) if wanted else []
    if not found:
        raise NotFoundError(GONE.format(wanted[:64]))
    if len(found) > 1:
        raise NotFoundError(f"more than one incident begins with `{wanted}`; write more of it")
    return found[0]


def append(
    uow: UnitOfWork,
    workflow: str,
    event: Event,
    *,
    by: Actor,
    payloads: Mapping[str, Json] | None = None,
) -> None:
    """Record something about an incident in the stream of its workflow."""
    uow.append(
        Draft(
            event=event, case_id=control_stream(workflow), workflow=workflow, actor=by,
            payloads=payloads or {},
        )
    )  # fmt: skip


# -- parts ---------------------------------------------------------------------------------------


def _hold(uow: UnitOfWork, row: IncidentRow, *, by: Actor) -> None:
    """Lower the cell of an incident, or stop its scope."""
    scope, said = row.scope, f"incident {row.number} of {row.scope.workflow}"
    grant = grants.of_cell(uow.connection, scope.cell) if scope.kind is ScopeKind.CELL else None
    if grant is None:
        uow.lock(stops.STREAM)  # before what may be done is moved, as whoever sets a stop
        stops.set_stop(uow, scope=scope.name, sentence=said, by=by)
        return
    grants.lower(
        uow, scope.cell, level=Level.APPROVE_EACH, code="by_hand",
        fingerprint=grant.fingerprint, before=grant.level, by=by, reason=said,
    )  # fmt: skip
    streams.close(uow, scope.cell, grant.fingerprint, code="demoted.by_hand")


def _note_held(uow: UnitOfWork, row: IncidentRow, held: tuple[str, str], *, by: Actor) -> None:
    event = IncidentContained(incident_id=row.incident_id, how=held[0], by=held[1])
    append(uow, row.scope.workflow, event, by=by)


def _row_of(report: Report, made: str, number: int, now_us: int) -> IncidentRow:
    """Return the row as it is about to be, to ask what it touches."""
    return IncidentRow(
        incident_id=made, number=number, scope=report.scope, severity=report.severity,
        state=IncidentState.DECLARED, code=report.seen.value, alone=report.alone,
        since_us=report.since_us, occurred_us=report.occurred_us, detected_us=now_us,
        declared_us=now_us, declared_by="", contained_us=None, how="", held_by="",
        resolved_us=None, reviewed_us=None, dismissed_us=None, reports=1, reported_us=now_us,
        found_on=report.found_on, stream="", seq=0, ended_seq=0,
    )  # fmt: skip
