"""Rows of what may be done now: grants, stops, and the version that every change of them bumps."""

from dataclasses import dataclass

from remit.domain.decision import Stop
from remit.domain.entry import Entry
from remit.store import locks
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
    """create table if not exists stops (
        scope text primary key,
        sentence text not null,
        hard integer not null,
        set_by text not null,
        set_us integer not null
    )""",
    "create table if not exists versions (subject text primary key, n integer not null)",
)

TABLES = ("grants", "stops", "versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """The level in force for one cell."""

    level: str
    fingerprint: str
    signer: str
    expires_us: int


EVENTS = frozenset(
    {
        "governance:grant:given", "governance:grant:lowered", "policy:stop:set",
        "policy:stop:lifted",
    }
)  # fmt: skip


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
        case "policy:stop:set":
            connection.execute(
                "insert into stops (scope, sentence, hard, set_by, set_us) values (?, '', ?, ?, ?)"
                " on conflict (scope) do nothing",
                (
                    entry.word("scope"),
                    int(bool(entry.body.get("hard"))),
                    entry.actor.ref,
                    entry.at_us,
                ),
            )
        case "policy:stop:lifted":
            connection.execute("delete from stops where scope = ?", (entry.word("scope"),))
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


def stops(connection: Connection) -> tuple[Stop, ...]:
    """Return the standing stops."""
    rows = connection.rows("select scope, sentence, hard, set_by from stops order by scope")
    return tuple(
        Stop(scope=str(row[0]), sentence=f"set by {row[3]}", hard=bool(row[2])) for row in rows
    )
