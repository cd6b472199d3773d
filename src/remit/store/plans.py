"""Rows of how cells are judged: plans, attempts, grids, keys of days, what detectors said."""

import json
from dataclasses import dataclass
from typing import Final

from remit.domain.autonomy import TIES, Cell
from remit.domain.entry import Entry
from remit.domain.plan import Plan, plan_of
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists plans (
        workflow text not null,
        action text not null,
        version text not null,
        form text not null,
        set_us integer not null,
        primary key (workflow, action)
    )""",
    """create table if not exists attempts (
        workflow text not null,
        action text not null,
        segment text not null,
        fingerprint text not null,
        attempt integer not null,
        closed_us integer not null,
        resumes_us integer not null,
        code text not null,
        primary key (workflow, action, segment, fingerprint, attempt)
    )""",
    """create table if not exists grids (
        workflow text not null,
        action text not null,
        segment text not null,
        fingerprint text not null,
        attempt integer not null,
        thresholds text not null,
        begins integer not null,
        back integer not null,
        low_mark_ppm integer not null,
        first text not null,
        last text not null,
        fixed_us integer not null,
        primary key (workflow, action, segment, fingerprint, attempt)
    )""",
    """create table if not exists day_keys (
        day text primary key,
        digest text not null,
        committed_us integer not null,
        revealed text not null
    )""",
    """create table if not exists alarms (
        workflow text not null,
        action text not null,
        segment text not null,
        detector text not null,
        fingerprint text not null,
        last_row text not null,
        rows integer not null,
        at_us integer not null,
        primary key (workflow, action, segment, detector, last_row)
    )""",
)

SCALE: Final = 10**12  # of a score that is kept as a whole number

TABLES = ("plans", "attempts", "grids", "day_keys", "alarms")

EVENTS: Final = frozenset(
    {
        "governance:plan:set", "governance:evidence_stream:closed", "governance:grid:fixed",
        "governance:day_key:committed", "governance:day_key:revealed",
        "governance:detector:fired",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """The last attempt of a cell and fingerprint that is over; none yet: number -1."""

    attempt: int = -1
    closed_us: int = 0
    resumes_us: int = 0  # rows decided before that count in no attempt
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """Which scores of a stream are tried as thresholds, strict to lenient, in 10^-12."""

    thresholds: tuple[int, ...]
    begins: int
    back: int
    low_mark_ppm: int
    first: str
    last: str
    fixed_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """A detector that fired, at a row."""

    detector: str
    fingerprint: str
    row: str
    rows: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayKeyRow:
    """The key of a day: its digest before the first toss, itself when the day is over."""

    day: str
    digest: str
    committed_us: int
    revealed: str  # in hexadecimal; empty while the day goes on


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    cell = (entry.workflow, entry.word("action"), entry.word("segment"))
    match entry.event:
        case "governance:plan:set":
            connection.execute(
                "insert into plans (workflow, action, version, form, set_us)"
                " values (?, ?, ?, ?, ?) on conflict (workflow, action) do update set"
                " version = excluded.version, form = excluded.form, set_us = excluded.set_us",
                (
                    entry.workflow, entry.word("action"), entry.word("version"),
                    json.dumps({**entry.body}, sort_keys=True), entry.at_us,
                ),
            )  # fmt: skip
        case "governance:evidence_stream:closed":
            connection.execute(
                "insert into attempts (workflow, action, segment, fingerprint, attempt, closed_us,"
                " resumes_us, code) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                (
                    *cell, entry.word("fingerprint"), entry.number("attempt"), entry.at_us,
                    entry.number("resumes_us"), entry.word("code"),
                ),
            )  # fmt: skip
        case "governance:grid:fixed":
            connection.execute(
                "insert into grids (workflow, action, segment, fingerprint, attempt, thresholds,"
                " begins, back, low_mark_ppm, first, last, fixed_us)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                (
                    *cell, entry.word("fingerprint"), entry.number("attempt"),
                    " ".join(entry.words("thresholds")), entry.number("begins"),
                    entry.number("back"), entry.number("low_mark_ppm"), entry.word("first"),
                    entry.word("last"), entry.at_us,
                ),
            )  # fmt: skip
        case "governance:detector:fired":
            connection.execute(
                "insert into alarms (workflow, action, segment, detector, fingerprint, last_row,"
                " rows, at_us) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                (
                    *cell, entry.word("detector"), entry.word("fingerprint"), entry.word("row"),
                    entry.number("rows"), entry.at_us,
                ),
            )  # fmt: skip
        case "governance:day_key:committed":
            connection.execute(
                "insert into day_keys (day, digest, committed_us, revealed)"
                " values (?, ?, ?, '') on conflict (day) do nothing",
                (entry.word("day"), entry.word("digest"), entry.at_us),
            )
        case _:
            connection.execute(
                "update day_keys set revealed = ? where day = ?",
                (entry.word("key"), entry.word("day")),
            )


def version(connection: Connection, *, workflow: str, action: str) -> str:
    """Return the version of the plan in force; empty where none was set."""
    value = connection.value(
        "select version from plans where workflow = ? and action = ?", (workflow, action)
    )
    return "" if value is None else str(value)


def find(connection: Connection, *, workflow: str, action: str) -> Plan | None:
    """Return the plan in force; `None` where none was set."""
    value = connection.value(
        "select form from plans where workflow = ? and action = ?", (workflow, action)
    )
    return None if value is None else plan_of(workflow, json.loads(str(value)))


def every(connection: Connection) -> list[Plan]:
    """Return the plans in force of all workflows."""
    rows = connection.rows("select workflow, form from plans order by workflow, action")
    return [plan_of(str(row[0]), json.loads(str(row[1]))) for row in rows]


def actions(connection: Connection, workflow: str) -> list[str]:
    """Return the actions of a workflow that have a plan, by name."""
    rows = connection.rows(
        "select action from plans where workflow = ? order by action", (workflow,)
    )
    return [str(row[0]) for row in rows]


def over(connection: Connection, cell: Cell, fingerprint: str) -> AttemptRow:
    """Return the last attempt of a cell and fingerprint that is over."""
    row = connection.one(
        "select attempt, closed_us, resumes_us, code from attempts where workflow = ?"
        " and action = ? and segment = ? and fingerprint = ? order by attempt desc limit 1",
        (cell.workflow, cell.action, cell.segment, fingerprint),
    )
    if row is None:
        return AttemptRow()
    return AttemptRow(
        attempt=int(row[0]), closed_us=int(row[1]), resumes_us=int(row[2]), code=str(row[3])
    )


def grid(connection: Connection, cell: Cell, fingerprint: str, attempt: int) -> GridRow | None:
    """Return the grid of a stream; `None` while its calibration sample grows."""
    row = connection.one(
        "select thresholds, begins, back, low_mark_ppm, first, last, fixed_us from grids"
        " where workflow = ? and action = ? and segment = ? and fingerprint = ? and attempt = ?",
        (cell.workflow, cell.action, cell.segment, fingerprint, attempt),
    )
    if row is None:
        return None
    return GridRow(
        thresholds=tuple(map(_score, str(row[0]).split())), begins=int(row[1]), back=int(row[2]),
        low_mark_ppm=int(row[3]), first=str(row[4]), last=str(row[5]), fixed_us=int(row[6]),
    )  # fmt: skip


def _score(written: str) -> int:
    ppm, _, rest = written.partition(".")
    return int(ppm) * TIES + int(rest)


def written(score: int) -> str:
    """Return a score as an entry says it: ppm, and its tie-break behind the point."""
    return f"{score // TIES}.{score % TIES:06d}"


def alarms(connection: Connection, cell: Cell, *, since_us: int = 0) -> list[AlarmRow]:
    """Return what fired in a cell since then, the oldest first."""
    rows = connection.rows(
        "select detector, fingerprint, last_row, rows, at_us from alarms where workflow = ?"
        " and action = ? and segment = ? and at_us > ? order by at_us, detector",
        (cell.workflow, cell.action, cell.segment, since_us),
    )
    return [
        AlarmRow(
            detector=str(row[0]), fingerprint=str(row[1]), row=str(row[2]), rows=int(row[3]),
            at_us=int(row[4]),
        )
        for row in rows
    ]  # fmt: skip


def day_key(connection: Connection, day: str) -> DayKeyRow | None:
    """Return what is known of the key of that day."""
    row = connection.one(f"{_DAYS} where day = ?", (day,))
    return None if row is None else _day(row)


def newest_day(connection: Connection) -> str:
    """Return the last day whose key is fixed; empty before the first."""
    return str(connection.value("select coalesce(max(day), '') from day_keys"))


def unrevealed(connection: Connection, *, before: str) -> list[DayKeyRow]:
    """Return the days before that one whose key is still secret, the oldest first."""
    rows = connection.rows(f"{_DAYS} where revealed = '' and day < ? order by day", (before,))
    return [_day(row) for row in rows]


_DAYS = "select day, digest, committed_us, revealed from day_keys"


def _day(row: tuple[object, ...]) -> DayKeyRow:
    return DayKeyRow(
        day=str(row[0]), digest=str(row[1]), committed_us=int(str(row[2])), revealed=str(row[3])
    )
