"""Rows of tasks and of what people said of effects: a projection."""

from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.store.among import Workflows, among
from remit.store.connection import Connection, Parameter

SCHEMA = (
    """create table if not exists tasks (
        task_id text primary key,
        kind text not null,
        case_id text not null,
        workflow text not null,
        action_id text not null,
        owner text not null,
        code text not null,
        opened_us integer not null,
        closed_us integer,
        closed_by text not null,
        how text not null
    )""",
    """create index if not exists tasks_open on tasks (opened_us, task_id)
        where closed_us is null""",
    "create index if not exists tasks_opened on tasks (opened_us, task_id)",
    "create index if not exists tasks_case on tasks (case_id)",
    """create table if not exists attested (
        action_id text not null,
        attempt integer not null,
        person text not null,
        finding text not null,
        reference text not null,
        case_id text not null,
        at_us integer not null,
        primary key (action_id, attempt, person)
    )""",
    "create index if not exists attested_case on attested (case_id)",
)

TABLES = ("tasks", "attested")

COLUMNS = (
    "task_id, kind, case_id, workflow, action_id, owner, code, opened_us, closed_us, closed_by,"
    " how"
)

EVENTS = frozenset(
    {"governance:task:opened", "governance:task:closed", "governance:effect:attested"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task at a glance; times in microseconds since 1970."""

    task_id: str
    kind: str
    case_id: str
    workflow: str
    action_id: str
    owner: str
    code: str
    opened_us: int
    closed_us: int | None
    closed_by: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestedRow:
    """What a person said of an attempt."""

    person: str
    finding: str
    reference: str


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "governance:task:opened":
            connection.later(
                f"insert into tasks ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, null, '', '')"
                " on conflict (task_id) do update set closed_us = null, closed_by = '',"
                " how = '', opened_us = excluded.opened_us, code = excluded.code",
                [
                    (
                        entry.word("task_id"),
                        entry.word("kind"),
                        entry.case_id,
                        entry.workflow,
                        entry.word("action_id"),
                        entry.word("owner"),
                        entry.word("code"),
                        entry.at_us,
                    )
                ],
            )
        case "governance:task:closed":
            connection.later(
                "update tasks set closed_us = ?, closed_by = ?, how = ? where task_id = ?",
                [(entry.at_us, entry.actor.ref, entry.word("how"), entry.word("task_id"))],
            )
        case "governance:effect:attested":
            connection.later(
                "insert into attested (action_id, attempt, person, finding, reference, case_id,"
                " at_us) values (?, ?, ?, ?, ?, ?, ?) on conflict (action_id, attempt, person)"
                " do update set finding = excluded.finding, reference = excluded.reference,"
                " at_us = excluded.at_us",
                [
                    (
                        entry.word("action_id"),
                        entry.number("attempt"),
                        entry.word("person"),
                        entry.word("finding"),
                        entry.word("reference"),
                        entry.case_id,
                        entry.at_us,
                    )
                ],
            )
        case _:
            pass


def find(connection: Connection, task_id: str) -> TaskRow | None:
    """Return the row of that task."""
    row = connection.one(f"select {COLUMNS} from tasks where task_id = ?", (task_id,))
    return None if row is None else _row(row)


def starting_with(connection: Connection, prefix: str, limit: int) -> list[TaskRow]:
    """Return tasks whose id begins so."""
    rows = connection.rows(
        f"select {COLUMNS} from tasks where task_id >= ? and task_id < ? order by task_id limit ?",
        (prefix, prefix + "g", limit),
    )
    return [_row(row) for row in rows]


def page(
    connection: Connection,
    *,
    closed: bool,
    workflow: Workflows,
    after: tuple[int, str] | None,
    limit: int,
) -> list[TaskRow]:
    """Return tasks, the oldest first, after a cursor of (opened, id)."""
    clause, names = among(workflow)
    where = ["closed_us is not null" if closed else "closed_us is null", clause]
    values = list[Parameter](names)
    if after is not None:
        where.append("(opened_us > ? or (opened_us = ? and task_id > ?))")
        values += [after[0], after[0], after[1]]
    rows = connection.rows(
        f"select {COLUMNS} from tasks where {' and '.join(where)}"
        " order by opened_us, task_id limit ?",
        (*values, limit),
    )
    return [_row(row) for row in rows]


def open_of(connection: Connection, case_id: str) -> list[TaskRow]:
    """Return the open tasks of a case."""
    rows = connection.rows(
        f"select {COLUMNS} from tasks where case_id = ? and closed_us is null order by opened_us",
        (case_id,),
    )
    return [_row(row) for row in rows]


def count_open(connection: Connection, workflow: Workflows = None) -> int:
    """Return how many tasks are open."""
    clause, names = among(workflow)
    sql = f"select count(*) from tasks where closed_us is null and {clause}"
    return int(str(connection.value(sql, names)))


def attested(connection: Connection, action_id: str, attempt: int) -> list[AttestedRow]:
    """Return what people said of an attempt, in the order they said it."""
    rows = connection.rows(
        "select person, finding, reference from attested where action_id = ? and attempt = ?"
        " order by at_us, person",
        (action_id, attempt),
    )
    return [
        AttestedRow(person=str(row[0]), finding=str(row[1]), reference=str(row[2])) for row in rows
    ]


def _row(row: tuple[object, ...]) -> TaskRow:
    return TaskRow(
        task_id=str(row[0]),
        kind=str(row[1]),
        case_id=str(row[2]),
        workflow=str(row[3]),
        action_id=str(row[4]),
        owner=str(row[5]),
        code=str(row[6]),
        opened_us=int(str(row[7])),
        closed_us=None if row[8] is None else int(str(row[8])),
        closed_by=str(row[9]),
        how=str(row[10]),
    )
