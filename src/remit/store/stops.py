"""Rows of standing stops: a projection; what people said of them stays sealed in its entry."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists stops (
        scope text primary key,
        hard integer not null,
        drill integer not null,
        set_by text not null,
        set_us integer not null,
        stream text not null,
        seq integer not null,
        asked_by text not null,
        asked_us integer not null,
        asked_seq integer not null
    )""",
)

TABLES = ("stops",)

EVENTS = frozenset({"policy:stop:set", "policy:stop_lift:asked", "policy:stop:lifted"})

_COLUMNS = "scope, hard, drill, set_by, set_us, stream, seq, asked_by, asked_us, asked_seq"


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRow:
    """A standing stop, and who has asked for it to be lifted; times in microseconds since 1970."""

    scope: str
    hard: bool
    drill: bool = False
    set_by: str = ""
    set_us: int = 0
    stream: str = ""  # of the entry that holds its sentence
    seq: int = 0
    asked_by: str = ""
    asked_us: int = 0
    asked_seq: int = 0


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry: the first of a scope stays, and may be made hard."""
    scope = entry.word("scope")
    match entry.event:
        case "policy:stop:set":
            connection.execute(
                f"insert into stops ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, '', 0, 0)"
                " on conflict (scope) do update set"
                " hard = case when excluded.hard = 1 then 1 else stops.hard end,"
                " drill = case when excluded.drill = 0 then 0 else stops.drill end,"
                " asked_by = '', asked_us = 0, asked_seq = 0",
                (
                    scope,
                    int(bool(entry.body.get("hard"))),
                    int(bool(entry.body.get("drill"))),
                    entry.actor.shown,
                    entry.at_us,
                    entry.case_id,
                    entry.seq,
                ),
            )
        case "policy:stop_lift:asked":
            connection.execute(
                "update stops set asked_by = ?, asked_us = ?, asked_seq = ? where scope = ?",
                (entry.actor.ref, entry.at_us, entry.seq, scope),
            )
        case "policy:stop:lifted":
            connection.execute("delete from stops where scope = ?", (scope,))
        case _:
            pass


def standing(connection: Connection) -> tuple[StopRow, ...]:
    """Return the standing stops, the first that was set first."""
    rows = connection.rows(f"select {_COLUMNS} from stops order by set_us, scope")
    return tuple(_row(row) for row in rows)


def find(connection: Connection, scope: str) -> StopRow | None:
    """Return the stop that stands on a scope."""
    row = connection.one(f"select {_COLUMNS} from stops where scope = ?", (scope,))
    return None if row is None else _row(row)


def count(connection: Connection) -> int:
    """Return how many stops stand."""
    return int(str(connection.value("select count(*) from stops")))


def _row(row: tuple[object, ...]) -> StopRow:
    return StopRow(
        scope=str(row[0]),
        hard=bool(row[1]),
        drill=bool(row[2]),
        set_by=str(row[3]),
        set_us=int(str(row[4])),
        stream=str(row[5]),
        seq=int(str(row[6])),
        asked_by=str(row[7]),
        asked_us=int(str(row[8])),
        asked_seq=int(str(row[9])),
    )
