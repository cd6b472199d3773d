"""Rows of what parked cases wait for: a projection, and the timers of the keeper."""

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists waits (
        case_id text not null,
        path text not null,
        kind text not null,
        ref text not null,
        expires_us integer,
        primary key (case_id, path)
    )""",
    "create index if not exists waits_due on waits (expires_us) where expires_us is not null",
)

TABLES = ("waits",)


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "orchestration:wait:started":
            connection.execute(
                "insert into waits (case_id, path, kind, ref, expires_us) values (?, ?, ?, ?, ?)"
                " on conflict (case_id, path) do update set"
                " kind = excluded.kind, ref = excluded.ref, expires_us = excluded.expires_us",
                (
                    entry.case_id,
                    entry.path or "",
                    entry.word("kind"),
                    entry.word("ref"),
                    entry.number("expires_us"),
                ),
            )
        case "orchestration:wait:ended":
            connection.execute(
                "delete from waits where case_id = ? and path = ?",
                (entry.case_id, entry.path or ""),
            )
        case "governance:approval:decided":
            connection.execute(
                "delete from waits where case_id = ? and ref = ?",
                (entry.case_id, entry.word("approval_id")),
            )
        case "orchestration:case:closed" | "orchestration:case:escalated":
            connection.execute("delete from waits where case_id = ?", (entry.case_id,))
        case _:
            pass


def due(connection: Connection, now_us: int, limit: int) -> list[tuple[str, str, str, str]]:
    """Return (case, path, kind, ref) of waits whose time has come, oldest first."""
    rows = connection.rows(
        "select case_id, path, kind, ref from waits where expires_us is not null"
        " and expires_us <= ? order by expires_us limit ?",
        (now_us, limit),
    )
    return [(str(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in rows]


def standing(connection: Connection, case_id: str, path: str) -> tuple[str, str] | None:
    """Return (kind, ref) of what that step waits for."""
    row = connection.one(
        "select kind, ref from waits where case_id = ? and path = ?", (case_id, path)
    )
    return None if row is None else (str(row[0]), str(row[1]))
