"""Rows of what may be done now: grants, stops, and the version that every change of them bumps."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store import locks, stops
from remit.store.connection import Connection

AUTHORITY = "authority"  # held by who changes a grant or stop, shared by who acts on them

SCHEMA = (
    """create table if not exists grants (
        workflow text not null,
        action text not null,
        segment text not null,
        level text not null,
        fingerprint text not null,
        signer text not null,
        expires_us integer not null,
        primary key (workflow, action, segment)
    )""",
    *stops.SCHEMA,
    "create table if not exists versions (subject text primary key, n integer not null)",
)

TABLES = ("grants", *stops.TABLES, "versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """The level in force for one cell."""

    level: str
    fingerprint: str
    signer: str
    expires_us: int


EVENTS = frozenset(
    {"governance:grant:given", "governance:grant:lowered", "policy:limit:raised", *stops.EVENTS}
)
MOVING = EVENTS - {"policy:stop_lift:asked"}  # what changes what may be done


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    if entry.event not in EVENTS:
        return
    moving(connection)
    match entry.event:
        case "governance:grant:given":
            connection.execute(
                "insert into grants"
                " (workflow, action, segment, level, fingerprint, signer, expires_us)"
                " values (?, ?, ?, ?, ?, ?, ?)"
                " on conflict (workflow, action, segment) do update set"
                " level = excluded.level, fingerprint = excluded.fingerprint,"
                " signer = excluded.signer, expires_us = excluded.expires_us",
                (
                    entry.workflow,
                    entry.word("action"),
                    entry.word("segment"),
                    entry.word("level"),
                    entry.word("fingerprint"),
                    entry.word("signer"),
                    entry.number("expires_us"),
                ),
            )
        case "governance:grant:lowered":
            connection.execute(
                "update grants set level = ? where workflow = ? and action = ? and segment = ?",
                (entry.word("level"), entry.workflow, entry.word("action"), entry.word("segment")),
            )
        case _:
            stops.project(connection, entry)
    if entry.event in MOVING:
        moved(connection)


def moving(connection: Connection) -> None:
    """Wait until nobody decides on what may be done now, and keep others from it until the end."""
    locks.hold(connection, AUTHORITY)


def moved(connection: Connection) -> None:
    """Raise the version of what may be done: whoever has read the one before decides again."""
    connection.execute(
        "insert into versions (subject, n) values ('authority', 1)"
        " on conflict (subject) do update set n = versions.n + 1"
    )


def keep(connection: Connection) -> None:
    """Keep grants and stops as they are until this transaction ends; whoever comes later waits."""
    locks.share(connection, AUTHORITY)


def keep_before(connection: Connection) -> None:
    """Keep them as they are from before the next statement is run."""
    locks.share_before(connection, AUTHORITY)


def version(connection: Connection) -> int:
    """Return the number that every change of a grant or stop raises."""
    value = connection.value("select n from versions where subject = 'authority'")
    return 0 if value is None else int(str(value))


def grant(
    connection: Connection, *, workflow: str, action: str, segment: str = "all"
) -> GrantRow | None:
    """Return the grant in force for that cell."""
    row = connection.one(
        "select level, fingerprint, signer, expires_us from grants"
        " where workflow = ? and action = ? and segment = ?",
        (workflow, action, segment),
    )
    if row is None:
        return None
    return GrantRow(
        level=str(row[0]), fingerprint=str(row[1]), signer=str(row[2]), expires_us=int(str(row[3]))
    )
