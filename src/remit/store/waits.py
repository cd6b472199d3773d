"""Rows of what parked cases wait for: a projection."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists waits (
        case_id text not null,
        path text not null,
        kind text not null,
        ref text not null,
        expires_us integer,
        since_us integer not null,
        primary key (case_id, path)
    )""",
    "create index if not exists waits_lift on waits (ref, since_us) where kind = 'lift'",
)

TABLES = ("waits",)

LIFT = "lift"  # of what no person answers: it goes on when something happens

FIRST_RUN = 2  # a run bears the number of the entry that it could write first


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftRow:
    """A step that goes on when something happens."""

    case_id: str
    path: str
    since_us: int


EVENTS = frozenset(
    {
        "governance:approval:decided",
        "orchestration:cancel:asked",
        "orchestration:case:closed",
        "orchestration:case:escalated",
        "orchestration:wait:ended",
        "orchestration:wait:started",
    }
)


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "orchestration:wait:started":
            connection.later(
                "insert into waits (case_id, path, kind, ref, expires_us, since_us)"
                " values (?, ?, ?, ?, ?, ?)"
                " on conflict (case_id, path) do update set"
                " since_us = case when waits.kind = excluded.kind and waits.ref = excluded.ref"
                " then waits.since_us else excluded.since_us end,"
                " kind = excluded.kind, ref = excluded.ref, expires_us = excluded.expires_us",
                [
                    (
                        entry.case_id,
                        entry.path or "",
                        entry.word("kind"),
                        entry.word("ref"),
                        entry.number("expires_us"),
                        entry.at_us,
                    )
                ],
            )
        case "orchestration:wait:ended":
            connection.later(
                "delete from waits where case_id = ? and path = ?",
                [(entry.case_id, entry.path or "")],
            )
        case "governance:approval:decided":
            connection.later(
                "delete from waits where case_id = ? and ref = ?",
                [(entry.case_id, entry.word("approval_id"))],
            )
        case "orchestration:case:closed" if entry.run == FIRST_RUN:
            pass  # nothing was waited for before it, and a run that waits has ended
        case (
            "orchestration:case:closed"
            | "orchestration:case:escalated"
            | "orchestration:cancel:asked"
        ):
            connection.later(
                "delete from waits where case_id = ?",
                [(entry.case_id,)],
            )
        case _:
            pass


def of_case(connection: Connection, case_id: str) -> list[tuple[str, str, str]]:
    """Return (path, kind, ref) of what a case waits for."""
    rows = connection.rows(
        "select path, kind, ref from waits where case_id = ? order by path", (case_id,)
    )
    return [(str(row[0]), str(row[1]), str(row[2])) for row in rows]


def lost(connection: Connection, after: str, limit: int) -> tuple[list[str], str]:
    """Return parked cases that wait for nothing among the next `limit`, and up to which it looked.

    An empty mark means that it has looked at all.
    """
    rows = connection.rows(
        "select case_id, exists (select 1 from waits where waits.case_id = page.case_id) from"
        " (select case_id from cases where status = 'parked' and case_id > ?"
        " order by case_id limit ?) as page order by case_id",
        (after, limit),
    )
    last = str(rows[-1][0]) if len(rows) == limit else ""
    return [str(row[0]) for row in rows if not row[1]], last


def standing(connection: Connection, case_id: str, path: str) -> tuple[str, str] | None:
    """Return (kind, ref) of what that step waits for."""
    row = connection.one(
        "select kind, ref from waits where case_id = ? and path = ?", (case_id, path)
    )
    return None if row is None else (str(row[0]), str(row[1]))


def lifted_by(connection: Connection, ref: str, *, limit: int) -> list[LiftRow]:
    """Return what waits for that to happen, oldest first."""
    rows = connection.rows(
        "select case_id, path, since_us from waits where kind = 'lift' and ref = ?"
        " order by since_us, case_id, path limit ?",
        (ref, limit),
    )
    return [
        LiftRow(case_id=str(row[0]), path=str(row[1]), since_us=int(str(row[2]))) for row in rows
    ]


def lifted_by_count(connection: Connection, ref: str) -> int:
    """Return how many steps wait for that to happen."""
    found = connection.value("select count(*) from waits where kind = 'lift' and ref = ?", (ref,))
    return int(str(found))
