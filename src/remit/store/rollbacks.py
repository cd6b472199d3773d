"""Rows of rollbacks and of what they take back: a projection."""

from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists rollbacks (
        rollback_id text primary key,
        workflow text not null,
        person text not null,
        planned integer not null,
        started_us integer not null,
        finished_us integer,
        incident_id text not null
    )""",
    """create index if not exists rollbacks_incident on rollbacks (incident_id)
        where incident_id <> ''""",
    """create index if not exists rollbacks_open on rollbacks (started_us, rollback_id)
        where finished_us is null""",
    """create table if not exists rollback_items (
        rollback_id text not null,
        position integer not null,
        action_id text not null,
        outcome text not null,
        code text not null,
        primary key (rollback_id, position)
    )""",
    "create index if not exists rollback_items_action on rollback_items (rollback_id, action_id)",
    """create table if not exists drills (
        workflow text not null,
        action text not null,
        passed integer not null,
        code text not null,
        took_ms integer not null,
        at_us integer not null,
        person text not null,
        primary key (workflow, action)
    )""",
)

TABLES = ("rollbacks", "rollback_items", "drills")

EVENTS = frozenset(
    {
        "governance:rollback:started",
        "governance:rollback:planned",
        "governance:rollback:settled",
        "governance:rollback:finished",
        "governance:drill:finished",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackRow:
    """A rollback at a glance; times in microseconds since 1970."""

    rollback_id: str
    workflow: str
    person: str
    planned: int
    started_us: int
    finished_us: int | None
    incident_id: str  # whose effects it takes back; empty: of none


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One effect of a plan; without an outcome while it is not settled."""

    position: int
    action_id: str
    outcome: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRow:
    """The last rehearsal of an action's undo."""

    workflow: str
    action: str
    passed: bool
    code: str
    took_ms: int
    at_us: int
    person: str


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    rollback_id = entry.word("rollback_id")
    match entry.event:
        case "governance:rollback:started":
            connection.later(
                "insert into rollbacks (rollback_id, workflow, person, planned, started_us,"
                " finished_us, incident_id) values (?, ?, ?, ?, ?, null, ?)",
                [
                    (
                        rollback_id,
                        entry.workflow,
                        entry.word("person"),
                        entry.number("planned"),
                        entry.at_us,
                        entry.word("incident_id"),
                    )
                ],
            )
        case "governance:rollback:planned":
            first = entry.number("first") or 0
            connection.later(
                "insert into rollback_items (rollback_id, position, action_id, outcome, code)"
                " values (?, ?, ?, '', '')",
                [
                    (rollback_id, first + number, action_id)
                    for number, action_id in enumerate(entry.words("actions"))
                ],
            )
        case "governance:rollback:settled":
            connection.later(
                "update rollback_items set outcome = ?, code = ?"
                " where rollback_id = ? and action_id = ?",
                [
                    (
                        entry.word("outcome"),
                        entry.word("code"),
                        rollback_id,
                        entry.word("action_id"),
                    )
                ],
            )
        case "governance:rollback:finished":
            connection.later(
                "update rollbacks set finished_us = ? where rollback_id = ?",
                [(entry.at_us, rollback_id)],
            )
        case "governance:drill:finished":
            _drilled(connection, entry)
        case _:
            pass


def _drilled(connection: Connection, entry: Entry) -> None:
    connection.later(
        "insert into drills (workflow, action, passed, code, took_ms, at_us, person)"
        " values (?, ?, ?, ?, ?, ?, ?) on conflict (workflow, action) do update set"
        " passed = excluded.passed, code = excluded.code, took_ms = excluded.took_ms,"
        " at_us = excluded.at_us, person = excluded.person",
        [
            (
                entry.workflow,
                entry.word("action"),
                int(entry.body.get("passed") is True),
                entry.word("code"),
                entry.number("took_ms"),
                entry.at_us,
                entry.word("person"),
            )
        ],
    )


def find(connection: Connection, rollback_id: str) -> RollbackRow | None:
    """Return the row of that rollback."""
    rows = _rows(connection, "where rollback_id = ?", rollback_id)
    return rows[0] if rows else None


def unfinished(connection: Connection, limit: int) -> list[RollbackRow]:
    """Return rollbacks that go on, the oldest first."""
    return _rows(
        connection, "where finished_us is null order by started_us, rollback_id limit ?", limit
    )


def newest(connection: Connection, limit: int) -> list[RollbackRow]:
    """Return rollbacks, the newest first."""
    return _rows(connection, "order by started_us desc, rollback_id desc limit ?", limit)


def of_incident(connection: Connection, incident_id: str, limit: int) -> list[str]:
    """Return the ids of rollbacks that take back what an incident did, the newest first."""
    rows = connection.rows(
        "select rollback_id from rollbacks where incident_id = ? and incident_id <> ''"
        " order by started_us desc, rollback_id desc limit ?",
        (incident_id, limit),
    )
    return [str(row[0]) for row in rows]


def items(connection: Connection, rollback_id: str) -> list[ItemRow]:
    """Return what a rollback takes back, in its order."""
    rows = connection.rows(
        "select position, action_id, outcome, code from rollback_items where rollback_id = ?"
        " order by position",
        (rollback_id,),
    )
    return [
        ItemRow(
            position=int(str(row[0])), action_id=str(row[1]), outcome=str(row[2]), code=str(row[3])
        )
        for row in rows
    ]


def drills(connection: Connection) -> list[DrillRow]:
    """Return the last drill of each action."""
    rows = connection.rows(
        "select workflow, action, passed, code, took_ms, at_us, person from drills"
        " order by workflow, action"
    )
    return [
        DrillRow(
            workflow=str(row[0]), action=str(row[1]), passed=bool(row[2]), code=str(row[3]),
            took_ms=int(str(row[4])), at_us=int(str(row[5])), person=str(row[6]),
        )
        for row in rows
    ]  # fmt: skip


def _rows(connection: Connection, where: str, value: str | int) -> list[RollbackRow]:
    rows = connection.rows(
        "select rollback_id, workflow, person, planned, started_us, finished_us, incident_id"
        f" from rollbacks {where}",
        (value,),
    )
    return [
        RollbackRow(
            rollback_id=str(row[0]),
            workflow=str(row[1]),
            person=str(row[2]),
            planned=int(str(row[3])),
            started_us=int(str(row[4])),
            finished_us=None if row[5] is None else int(str(row[5])),
            incident_id=str(row[6]),
        )
        for row in rows
    ]
