"""Rows of what retention took: months whose entries are gone, and what was counted of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists prunes (
        month text primary key,
        entries integer not null,
        highest integer not null,
        at_us integer not null
    )""",
)

# Not made anew from entries: what is counted here was in entries that are gone.
CARRIED = (
    """create table if not exists kpi_carried (
        workflow text not null,
        day text not null,
        name text not null,
        n integer not null,
        primary key (workflow, day, name)
    )""",
)

TABLES = ("prunes",)
OF_CASES = (
    "remarks",
    "snoozes",
    "endorsements",
    "denials",
    "approvals",
    "bounds",
    "tasks",
    "attested",
    "proposals",
    "evidence",
    "timers",
    "waits",
    "cases",
)

Count = tuple[str, str, str, int]  # workflow, day, name, number


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneRow:
    """A month that was pruned."""

    month: str
    entries: int
    highest: int
    at_us: int


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    if entry.event == "ledger:range:pruned":
        connection.execute(
            "insert into prunes (month, entries, highest, at_us) values (?, ?, ?, ?)"
            " on conflict (month) do nothing",
            (
                entry.word("month"),
                entry.number("entries"),
                entry.number("highest"),
                entry.at_us,
            ),
        )


def every(connection: Connection) -> list[PruneRow]:
    """Return the months that were pruned, the oldest first."""
    rows = connection.rows("select month, entries, highest, at_us from prunes order by month")
    return [PruneRow(month=row[0], entries=row[1], highest=row[2], at_us=row[3]) for row in rows]


def carry(connection: Connection, counts: Sequence[Count]) -> None:
    """Keep what was counted of entries that are about to go."""
    connection.executemany(
        "insert into kpi_carried (workflow, day, name, n) values (?, ?, ?, ?)"
        " on conflict (workflow, day, name) do update set n = kpi_carried.n + excluded.n",
        counts,
    )


def carried(connection: Connection) -> list[Count]:
    """Return what was counted of entries that are gone."""
    rows = connection.rows("select workflow, day, name, n from kpi_carried")
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def cases_of(connection: Connection, first: str, last: str, limit: int) -> list[tuple[str, str]]:
    """Return (case, workflow) of cases whose ids lie in a range that has no end of its own."""
    rows = connection.rows(
        "select case_id, workflow from cases where case_id >= ? and case_id < ?"
        " order by case_id limit ?",
        (first, last, limit),
    )
    return [(row[0], row[1]) for row in rows]


def open_in(connection: Connection, first: str, last: str) -> tuple[str, str] | None:
    """Return (case, status) of one that is not closed."""
    row = connection.one(
        "select case_id, status from cases where case_id >= ? and case_id < ?"
        " and status <> 'closed' limit 1",
        (first, last),
    )
    return None if row is None else (row[0], row[1])


def forget(connection: Connection, cases: Sequence[tuple[str, str]]) -> None:
    """Delete the rows of closed cases, and what they count for."""
    for case_id, workflow in cases:
        connection.execute(
            "delete from votes where approval_id in"
            " (select approval_id from approvals where case_id = ?)",
            (case_id,),
        )
        connection.execute(
            "delete from limit_uses where action_id in"
            " (select action_id from proposals where case_id = ?)",
            (case_id,),
        )
        for table in OF_CASES:
            connection.execute(f"delete from {table} where case_id = ?", (case_id,))
        connection.execute(
            "insert into case_counts (workflow, status, slot, n) select ?, 'closed', ?, -1"
            " where not exists (select 1 from checks where case_id = ?)"  # never counted
            " on conflict (workflow, status, slot) do update set n = case_counts.n - 1",
            (workflow, connection.slot, case_id),
        )
