"""Rows of cases: a projection of their entries."""

from remit.domain.case import CaseStatus
from remit.domain.check_event import SEEDED
from remit.domain.frozen import dataclass
from remit.store.among import Workflows, among
from remit.store.connection import Connection, Parameter

SCHEMA = (
    """create table if not exists cases (
        case_id text primary key,
        workflow text not null,
        status text not null,
        reason text not null,
        result text not null,
        channel text not null,
        external text not null,
        content text not null,
        subject text not null,
        version text not null,
        opened_us integer not null,
        changed_us integer not null,
        closed_us integer,
        tenant text not null,
        priority text not null,
        ready_us integer,
        ready_seq integer,
        resumed integer not null,
        faults integer not null,
        asked integer not null,
        closed_by text not null,
        settle_us integer,
        brought_by text not null
    )""",
    "create unique index if not exists cases_external on cases (workflow, external)",
    "create index if not exists cases_status on cases (status, opened_us, case_id)",
    "create index if not exists cases_workflow on cases (workflow, status, opened_us)",
    "create index if not exists cases_opened on cases (opened_us, case_id)",
    """create index if not exists cases_closed on cases (closed_us, case_id)
        where closed_us is not null""",
    "create index if not exists cases_subject on cases (subject) where subject <> ''",
    """create index if not exists cases_ready
        on cases (tenant, workflow, priority, resumed, ready_us, case_id)
        where status = 'ready'""",
    """create table if not exists case_counts (
        workflow text not null,
        status text not null,
        slot integer not null,
        n integer not null,
        primary key (workflow, status, slot)
    )""",
)

TABLES = ("cases", "case_counts")

COLUMNS = (
    "case_id, workflow, status, reason, result, channel, external, content, subject, version,"
    " opened_us, changed_us, closed_us, tenant, priority, resumed, faults, asked, closed_by,"
    " ready_us, ready_seq, settle_us, brought_by"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case at a glance; times in microseconds since 1970."""

    case_id: str
    workflow: str
    status: CaseStatus
    reason: str
    result: str
    channel: str
    external: str
    content: str
    subject: str
    version: str
    opened_us: int
    changed_us: int
    closed_us: int | None
    tenant: str
    priority: str
    resumed: bool  # it has run before
    faults: int  # runs that failed or died since it last got on
    asked: bool  # a person asked to cancel it
    closed_by: str  # whoever closed it
    settle_us: int | None = None  # until when a person should settle it, where it came aside
    brought_by: str = ""  # `person:maria.k`, `token:crm`; empty where a channel brought it

    @property
    def requester(self) -> str:
        """Who brought it in, where that is a person: they do not approve what comes of it."""
        kind, _, handle = self.brought_by.partition(":")
        return handle if kind == "person" else ""


def find(connection: Connection, case_id: str) -> CaseRow | None:
    """Return the row of that case."""
    row = connection.one(f"select {COLUMNS} from cases where case_id = ?", (case_id,))
    return None if row is None else _row(row)


def find_external(connection: Connection, workflow: str, external: str) -> CaseRow | None:
    """Return the case that a sender's own id names."""
    row = connection.one(
        f"select {COLUMNS} from cases where workflow = ? and external = ?", (workflow, external)
    )
    return None if row is None else _row(row)


def known_externals(connection: Connection, workflow: str, externals: list[str]) -> set[str]:
    """Return which of these are already there; at most 500 at a time."""
    marks = ", ".join("?" * len(externals))
    rows = connection.rows(
        f"select external from cases where workflow = ? and external in ({marks})",
        (workflow, *externals),
    )
    return {str(row[0]) for row in rows}


def page(
    connection: Connection,
    *,
    workflow: Workflows,
    status: str | None,
    after: tuple[int, str] | None,
    limit: int,
    settle_before_us: int | None = None,
) -> list[CaseRow]:
    """Return cases, newest first, after a cursor of (opened, id)."""
    clause, names = among(workflow)
    where, values = [clause], list[Parameter](names)
    if status is not None:
        where.append("status = ?")
        values.append(status)
    if settle_before_us is not None:
        where.append("settle_us < ?")
        values.append(settle_before_us)
    if after is not None:
        where.append("(opened_us < ? or (opened_us = ? and case_id < ?))")
        values += [after[0], after[0], after[1]]
    rows = connection.rows(
        f"select {COLUMNS} from cases where {' and '.join(where)}"
        " order by opened_us desc, case_id desc limit ?",
        (*values, limit),
    )
    return [_row(row) for row in rows]


def starting_with(
    connection: Connection, prefix: str, limit: int, *, workflow: Workflows = None
) -> list[CaseRow]:
    """Return cases whose id begins so."""
    clause, names = among(workflow)
    rows = connection.rows(
        f"select {COLUMNS} from cases where case_id >= ? and case_id < ? and {clause}"
        " order by case_id limit ?",
        (prefix, prefix + "g", *names, limit),
    )
    return [_row(row) for row in rows]


def of_subject(connection: Connection, subject: str, *, until_us: int) -> list[CaseRow]:
    """Return a person's cases that were opened until an instant, the oldest first."""
    rows = connection.rows(
        f"select {COLUMNS} from cases where subject = ? and subject <> '' and opened_us <= ?"
        " order by opened_us, case_id",
        (subject, until_us),
    )
    return [_row(row) for row in rows]


def closed_before(
    connection: Connection, workflow: str, *, until_us: int, after: str, limit: int
) -> list[str]:
    """Return cases that were closed before an instant and still have content, in order of id."""
    rows = connection.rows(
        "select case_id from cases c where workflow = ? and status = 'closed' and closed_us < ?"
        " and case_id > ? and exists (select 1 from payloads p where p.case_id = c.case_id"
        " and p.key_id like 'case-%') order by case_id limit ?",
        (workflow, until_us, after, limit),
    )
    return [str(row[0]) for row in rows]


def subjects_starting_with(connection: Connection, prefix: str, limit: int) -> list[str]:
    """Return handles that begin so."""
    rows = connection.rows(
        "select distinct subject from cases where subject <> '' and subject >= ? and subject < ?"
        " order by subject limit ?",
        (prefix, prefix + "g", limit),
    )
    return [str(row[0]) for row in rows]


def counts(connection: Connection, workflow: Workflows = None) -> dict[str, int]:
    """Return the number of cases by status."""
    clause, names = among(workflow)
    rows = connection.rows(
        f"select status, sum(n) from case_counts where {clause} group by status", names
    )
    return {str(row[0]): int(row[1]) for row in rows}


def waiting_for_versions(
    connection: Connection, workflow: str, *, but: str, until_us: int
) -> dict[str, int]:
    """Return how many cases have been ready since then for a version other than this one."""
    rows = connection.rows(
        "select version, count(*) from cases where workflow = ? and status = ? and version <> ?"
        " and changed_us <= ? group by version order by version",
        (workflow, CaseStatus.READY.value, but, until_us),
    )
    return {str(row[0]): int(row[1]) for row in rows}


def closed_after(
    connection: Connection, after: tuple[int, str], limit: int
) -> list[tuple[int, str, str]]:
    """Return (closed, case, workflow) of completed cases after that, the first to close first."""
    rows = connection.rows(
        "select closed_us, case_id, workflow from cases where status = ? and reason = ?"
        " and (closed_us > ? or (closed_us = ? and case_id > ?))"
        " order by closed_us, case_id limit ?",
        (CaseStatus.CLOSED.value, "completed", after[0], after[0], after[1], limit),
    )
    return [(int(row[0]), str(row[1]), str(row[2])) for row in rows]


def ready_of_others(
    connection: Connection, known: tuple[str, ...], until_us: int, limit: int
) -> list[str]:
    """Return cases that have been ready since then and belong to none of these workflows."""
    marks = ", ".join("?" * len(known))
    rows = connection.rows(
        f"select case_id from cases where status = ? and changed_us <= ?"
        f" and workflow not in ({marks}) order by opened_us limit ?",
        (CaseStatus.READY.value, until_us, *known, limit),
    )
    return [str(row[0]) for row in rows]


def count_aside(
    connection: Connection, *, workflow: Workflows, due_before_us: int
) -> tuple[int, int | None]:
    """Return how many messages in quarantine are past their time, and when the oldest came."""
    clause, names = among(workflow)
    row = connection.one(
        "select count(*), min(opened_us) from cases where status = ? and settle_us < ?"
        f" and {clause}",
        (CaseStatus.QUARANTINED.value, due_before_us, *names),
    ) or (0, None)
    return int(row[0]), None if row[1] is None else int(row[1])


def received(connection: Connection, workflow: Workflows = None) -> int:
    """Return how many cases there are but for checks of reviewers, counted row by row."""
    clause, names = among(workflow)
    sql = f"select count(*) from cases where tenant <> '{SEEDED}' and {clause}"
    return int(str(connection.value(sql, names)))


def results(
    connection: Connection, workflow: str | None = None
) -> list[tuple[str, str, str, int]]:
    """Return (status, reason, result, number) of all cases but checks of reviewers."""
    clause = "" if workflow is None else " and workflow = ?"
    rows = connection.rows(
        f"select status, reason, result, count(*) from cases where tenant <> '{SEEDED}'{clause}"
        " group by status, reason, result order by 4 desc",
        () if workflow is None else (workflow,),
    )
    return [(str(row[0]), str(row[1]), str(row[2]), int(row[3])) for row in rows]


def _row(row: tuple[object, ...]) -> CaseRow:
    return CaseRow(
        case_id=str(row[0]),
        workflow=str(row[1]),
        status=CaseStatus(str(row[2])),
        reason=str(row[3]),
        result=str(row[4]),
        channel=str(row[5]),
        external=str(row[6]),
        content=str(row[7]),
        subject=str(row[8]),
        version=str(row[9]),
        opened_us=int(str(row[10])),
        changed_us=int(str(row[11])),
        closed_us=None if row[12] is None else int(str(row[12])),
        tenant=str(row[13]),
        priority=str(row[14]),
        resumed=bool(row[15]),
        faults=int(str(row[16])),
        asked=bool(row[17]),
        closed_by=str(row[18]),
        settle_us=None if row[21] is None else int(str(row[21])),
        brought_by=str(row[22]),
    )
