"""Rows of schedules: when each job is due next; made from settings, moved by what ran."""

from dataclasses import dataclass

from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists schedules (
        name text primary key,
        cron text not null,
        zone text not null,
        next_us integer not null,
        last_us integer
    )""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A job and when it is due."""

    name: str
    cron: str
    zone: str
    next_us: int
    last_us: int | None


def put(connection: Connection, name: str, *, cron: str, zone: str, next_us: int) -> None:
    """Set a schedule up; one whose line and zone stay keeps its next time."""
    connection.execute(
        "insert into schedules (name, cron, zone, next_us) values (?, ?, ?, ?)"
        " on conflict (name) do update set cron = excluded.cron, zone = excluded.zone,"
        " next_us = excluded.next_us"
        " where schedules.cron <> excluded.cron or schedules.zone <> excluded.zone",
        (name, cron, zone, next_us),
    )


def due(connection: Connection, now_us: int) -> list[Schedule]:
    """Return schedules whose time has come, the oldest first."""
    rows = connection.rows(
        "select name, cron, zone, next_us, last_us from schedules where next_us <= ?"
        " order by next_us, name",
        (now_us,),
    )
    return [
        Schedule(
            name=str(row[0]),
            cron=str(row[1]),
            zone=str(row[2]),
            next_us=int(row[3]),
            last_us=None if row[4] is None else int(row[4]),
        )
        for row in rows
    ]


def move(connection: Connection, name: str, *, due_us: int, next_us: int) -> bool:
    """Move a schedule on from one due time; false where somebody did before."""
    changed = connection.execute(
        "update schedules set last_us = ?, next_us = ? where name = ? and next_us = ?",
        (due_us, next_us, name, due_us),
    )
    return changed == 1
