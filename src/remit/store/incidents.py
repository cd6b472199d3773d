"""Rows of incidents and of what was found of the effects that they touch: a projection."""

from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.incident import IncidentState, Scope, ScopeKind, Severity, move, worse
from remit.store.among import Workflows, among
from remit.store.connection import Connection, Parameter, Row

SCHEMA = (
    """create table if not exists incidents (
        incident_id text primary key,
        workflow text not null,
        number integer not null,
        kind text not null,
        action text not null,
        segment text not null,
        case_ref text not null,
        severity text not null,
        state text not null,
        code text not null,
        alone integer not null,
        since_us integer not null,
        occurred_us integer not null,
        detected_us integer not null,
        declared_us integer not null,
        declared_by text not null,
        contained_us integer,
        how text not null,
        held_by text not null,
        resolved_us integer,
        reviewed_us integer,
        dismissed_us integer,
        reports integer not null,
        reported_us integer not null,
        found_on text not null,
        stream text not null,
        seq integer not null,
        ended_seq integer not null
    )""",
    "create index if not exists incidents_declared on incidents (declared_us, incident_id)",
    "create index if not exists incidents_open on incidents (state, workflow)",
    "create index if not exists incidents_number on incidents (workflow, number)",
    "create index if not exists incidents_found on incidents (found_on) where found_on <> ''",
    """create table if not exists corrections (
        incident_id text not null,
        action_id text not null,
        finding text not null,
        person text not null,
        at_us integer not null,
        primary key (incident_id, action_id)
    )""",
)

TABLES = ("incidents", "corrections")

EVENTS: Final = frozenset(
    {
        "governance:incident:declared", "governance:incident:reported",
        "governance:incident:contained", "governance:incident:resolved",
        "governance:incident:reviewed", "governance:incident:dismissed",
        "governance:correction:set",
    }
)  # fmt: skip

COLUMNS = (
    "incident_id, workflow, number, kind, action, segment, case_ref, severity, state, code, alone,"
    " since_us, occurred_us, detected_us, declared_us, declared_by, contained_us, how, held_by,"
    " resolved_us, reviewed_us, dismissed_us, reports, reported_us, found_on, stream, seq,"
    " ended_seq"
)
_ENDS: Final = {
    "governance:incident:resolved": (IncidentState.RESOLVED, "resolved_us"),
    "governance:incident:reviewed": (IncidentState.REVIEWED, "reviewed_us"),
    "governance:incident:dismissed": (IncidentState.DISMISSED, "dismissed_us"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident at a glance; times in microseconds since 1970."""

    incident_id: str
    number: int
    scope: Scope
    severity: Severity
    state: IncidentState
    code: str
    alone: bool  # it touches only what nobody approved
    since_us: int  # it touches effects from then on
    occurred_us: int
    detected_us: int
    declared_us: int
    declared_by: str
    contained_us: int | None
    how: str
    held_by: str
    resolved_us: int | None
    reviewed_us: int | None
    dismissed_us: int | None
    reports: int  # how often it was reported
    reported_us: int  # when last
    found_on: str
    stream: str  # of its entries, and the numbers of the first and of that which ended it
    seq: int
    ended_seq: int


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry; raises `IllegalMoveError` for a move that is not listed."""
    incident_id = entry.word("incident_id")
    match entry.event:
        case "governance:incident:declared":
            _declared(connection, entry)
        case "governance:incident:reported":
            row = find(connection, incident_id)
            if row is not None:
                severity = worse(row.severity, Severity(entry.word("severity")))
                connection.execute(
                    "update incidents set severity = ?, alone = ?, since_us = ?, occurred_us = ?,"
                    " reports = reports + 1, reported_us = ? where incident_id = ?",
                    (
                        severity.value,
                        int(row.alone and entry.body.get("alone") is True),
                        min(row.since_us, entry.number("since_us") or 0),
                        min(row.occurred_us, entry.number("occurred_us") or 0),
                        entry.at_us,
                        incident_id,
                    ),
                )
        case "governance:incident:contained":
            row = find(connection, incident_id)
            if row is not None and row.state is not IncidentState.CONTAINED:
                _moved(connection, incident_id, IncidentState.CONTAINED)
            connection.execute(
                "update incidents set contained_us = coalesce(contained_us, ?), how = ?,"
                " held_by = ? where incident_id = ?",
                (entry.at_us, entry.word("how"), entry.word("by"), incident_id),
            )
        case "governance:correction:set":
            connection.later(
                "insert into corrections (incident_id, action_id, finding, person, at_us)"
                " values (?, ?, ?, ?, ?) on conflict (incident_id, action_id) do update set"
                " finding = excluded.finding, person = excluded.person, at_us = excluded.at_us",
                [
                    (incident_id, action_id, entry.word("finding"), entry.actor.ref, entry.at_us)
                    for action_id in entry.words("actions")
                ],
            )
        case event if event in _ENDS:
            state, column = _ENDS[event]
            _moved(connection, incident_id, state)
            connection.execute(
                f"update incidents set {column} = ?, ended_seq = ? where incident_id = ?",
                (entry.at_us, entry.seq, incident_id),
            )
        case _:
            pass


def _declared(connection: Connection, entry: Entry) -> None:
    known = find(connection, entry.word("incident_id"))
    move(None if known is None else known.state, IncidentState.DECLARED)
    connection.execute(
        f"insert into incidents ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, 'declared', ?, ?, ?,"
        " ?, ?, ?, ?, null, '', '', null, null, null, 1, ?, ?, ?, ?, 0)",
        (
            entry.word("incident_id"),
            entry.workflow,
            entry.number("number"),
            entry.word("scope"),
            entry.word("action"),
            entry.word("segment"),
            entry.word("case_ref"),
            entry.word("severity"),
            entry.word("code"),
            int(entry.body.get("alone") is True),
            entry.number("since_us"),
            entry.number("occurred_us"),
            entry.number("detected_us"),
            entry.at_us,
            entry.actor.ref,
            entry.at_us,
            entry.word("found_on"),
            entry.case_id,
            entry.seq,
        ),
    )


def _moved(connection: Connection, incident_id: str, to: IncidentState) -> None:
    row = find(connection, incident_id)
    if row is not None:
        move(row.state, to)
        connection.execute(
            "update incidents set state = ? where incident_id = ?", (to.value, incident_id)
        )


# -- what is looked for --------------------------------------------------------------------------


def find(connection: Connection, incident_id: str) -> IncidentRow | None:
    """Return the row of that incident."""
    row = connection.one(f"select {COLUMNS} from incidents where incident_id = ?", (incident_id,))
    return None if row is None else _row(row)


def starting_with(connection: Connection, prefix: str, limit: int) -> list[IncidentRow]:
    """Return incidents whose id begins so."""
    rows = connection.rows(
        f"select {COLUMNS} from incidents where incident_id >= ? and incident_id < ?"
        " order by incident_id limit ?",
        (prefix, prefix + "g", limit),
    )
    return [_row(row) for row in rows]


def next_number(connection: Connection, workflow: str) -> int:
    """Return the number of the next incident; whoever asks holds the workflow's stream."""
    value = connection.value(
        "select coalesce(max(number), 0) + 1 from incidents where workflow = ?", (workflow,)
    )
    return int(str(value))


def open_on(connection: Connection, scope: Scope, *, unsent: bool) -> IncidentRow | None:
    """Return the incident that is not resolved on exactly that scope.

    What was never sent, a check, is another incident than what was.
    """
    row = connection.one(
        f"select {COLUMNS} from incidents where workflow = ? and kind = ? and action = ?"
        " and segment = ? and case_ref = ? and state in ('declared', 'contained')"
        f" and code {'=' if unsent else '<>'} 'check'"
        " order by number limit 1",
        (scope.workflow, scope.kind.value, scope.action, scope.segment, scope.case_id),
    )
    return None if row is None else _row(row)


def blocking(connection: Connection, cell: Cell) -> list[IncidentRow]:
    """Return what keeps a cell from being raised: not resolved, or a SEV1 that nobody reviewed.

    A case is in no cell, so of cases only a SEV1 counts, and for each cell of its workflow.
    """
    rows = connection.rows(
        f"select {COLUMNS} from incidents where workflow = ?"
        " and (state in ('declared', 'contained') or (state = 'resolved' and severity = 'sev1'))"
        " and (kind = 'workflow' or (kind = 'action' and action = ?)"
        " or (kind = 'cell' and action = ? and segment = ?)"
        " or (kind = 'case' and severity = 'sev1')) order by number",
        (cell.workflow, cell.action, cell.action, cell.segment),
    )
    return [_row(row) for row in rows]


def found_on(connection: Connection, action_id: str) -> str:
    """Return the id of the incident that was seen on a proposal; empty where there is none."""
    value = connection.value(
        "select incident_id from incidents where found_on = ? order by declared_us desc limit 1",
        (action_id,),
    )
    return "" if value is None else str(value)


def page(
    connection: Connection,
    *,
    closed: bool,
    workflow: Workflows,
    after: tuple[int, str] | None,
    limit: int,
) -> list[IncidentRow]:
    """Return incidents, the newest first, after a cursor of (declared, id)."""
    clause, names = among(workflow)
    ended = "in ('reviewed', 'dismissed')"
    where = [f"state {ended}" if closed else f"state not {ended}", clause]
    values = list[Parameter](names)
    if after is not None:
        where.append("(declared_us < ? or (declared_us = ? and incident_id < ?))")
        values += [after[0], after[0], after[1]]
    rows = connection.rows(
        f"select {COLUMNS} from incidents where {' and '.join(where)}"
        " order by declared_us desc, incident_id desc limit ?",
        (*values, limit),
    )
    return [_row(row) for row in rows]


def count_open(connection: Connection, workflow: Workflows = None) -> int:
    """Return how many incidents are not resolved."""
    clause, names = among(workflow)
    sql = f"select count(*) from incidents where state in ('declared', 'contained') and {clause}"
    return int(str(connection.value(sql, names)))


def _row(row: Row) -> IncidentRow:
    return IncidentRow(
        incident_id=row[0], number=row[2],
        scope=Scope(
            workflow=row[1], kind=ScopeKind(row[3]), action=row[4], segment=row[5],
            case_id=row[6],
        ),
        severity=Severity(row[7]), state=IncidentState(row[8]), code=row[9], alone=bool(row[10]),
        since_us=row[11], occurred_us=row[12], detected_us=row[13], declared_us=row[14],
        declared_by=row[15], contained_us=row[16], how=row[17], held_by=row[18],
        resolved_us=row[19], reviewed_us=row[20], dismissed_us=row[21], reports=row[22],
        reported_us=row[23], found_on=row[24], stream=row[25], seq=row[26], ended_seq=row[27],
    )  # fmt: skip
