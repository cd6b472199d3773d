"""Rows of what people refused to somebody in all cases, for a while: a projection."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store import authority
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists denials (
        action_id text primary key,
        case_id text not null,
        workflow text not null,
        kind text not null,
        subject text not null,
        person text not null,
        at_us integer not null,
        until_us integer not null
    )""",
)

TABLES = ("denials",)

EVENTS = frozenset({"governance:denial:widened", "governance:denial:lifted"})

COLUMNS = "action_id, case_id, workflow, kind, subject, person, at_us, until_us"


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialRow:
    """A no that holds for a subject in every case of a workflow; times in microseconds."""

    action_id: str  # the proposal that was refused
    case_id: str
    workflow: str
    kind: str  # `group:…` or `action:…`
    subject: str
    person: str
    at_us: int
    until_us: int


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry; whoever decides meanwhile waits, or decides again."""
    authority.moving(connection)
    if entry.event == "governance:denial:widened":
        connection.execute(
            f"insert into denials ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)"
            " on conflict (action_id) do update set person = excluded.person,"
            " at_us = excluded.at_us, until_us = excluded.until_us",
            (
                entry.word("action_id"),
                entry.case_id,
                entry.workflow,
                entry.word("kind"),
                entry.word("subject"),
                entry.actor.ref,
                entry.at_us,
                entry.number("until_us"),
            ),
        )
    else:
        connection.execute("delete from denials where action_id = ?", (entry.word("action_id"),))
    authority.moved(connection)


def every(connection: Connection, *, limit: int = 10_000) -> list[DenialRow]:
    """Return all of them, the newest first."""
    rows = connection.rows(
        f"select {COLUMNS} from denials order by at_us desc, action_id limit ?", (limit,)
    )
    return [
        DenialRow(
            action_id=str(row[0]), case_id=str(row[1]), workflow=str(row[2]), kind=str(row[3]),
            subject=str(row[4]), person=str(row[5]), at_us=int(str(row[6])),
            until_us=int(str(row[7])),
        )
        for row in rows
    ]  # fmt: skip
