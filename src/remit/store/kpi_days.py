"""Rows of what happened on each day in each workflow: a projection that pages and reports add up.

A day is that of UTC, by ledger time. A row counts one thing; a writer counts in a slot of its own,
so that writers on PostgreSQL do not wait for each other.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from remit.domain import clock
from remit.domain.check_event import SEEDED
from remit.domain.entry import Entry
from remit.store.connection import Connection
from remit.store.tally import Tally

SCHEMA = (
    """create table if not exists kpi_days (
        workflow text not null,
        day text not null,
        name text not null,
        slot integer not null,
        n integer not null,
        primary key (workflow, day, name, slot)
    )""",
)

TABLES = ("kpi_days",)

# event -> what it counts as; with a member of the body behind it where that says more
COUNTED: Final = {
    "intake:case:received": ("received", None),
    "intake:case:quarantined": ("quarantined", None),
    "intake:case:released": ("released", None),
    "orchestration:case:escalated": ("escalated", None),
    "orchestration:case:diverged": ("diverged", None),
    "orchestration:case:closed": ("closed", "outcome"),
    "policy:action:decided": ("gate", "state"),
    "governance:approval:decided": ("verdict", "verdict"),
    "orchestration:effect:confirmed": ("effect", "confirmed"),
    "orchestration:effect:failed": ("effect", "failed"),
    "orchestration:effect:ambiguous": ("effect", "ambiguous"),
    "orchestration:effect:compensated": ("effect", "compensated"),
}
CARRIED_SLOT: Final = -1  # no writer counts there
_MICROSECONDS_A_DAY: Final = 86_400_000_000
_EFFECTS: Final = "orchestration:effect:"


def project(tally: Tally, entry: Entry) -> None:
    """Count an entry on its day; what measures reviewers is no work."""
    counted = COUNTED.get(entry.event)
    if counted is None or entry.tenant == SEEDED:
        return
    name, member = counted
    if member is not None:
        said = member if entry.event.startswith(_EFFECTS) else entry.word(member)
        name = f"{name}.{said}"
    tally.day(entry.workflow, day_of(entry.at_us), name)


def day_of(at_us: int) -> str:
    """Return the UTC day of an instant: `2026-11-24`."""
    return _day(at_us // _MICROSECONDS_A_DAY)


@lru_cache(maxsize=1_024)
def _day(number: int) -> str:
    return f"{clock.instant(number * _MICROSECONDS_A_DAY):%Y-%m-%d}"


def of_workflow(
    connection: Connection, workflow: str | None = None, *, since: str = "", until: str = "9999"
) -> dict[str, dict[str, int]]:
    """Return what was counted by day and name, days of `since` up to and with `until`."""
    clause = "" if workflow is None else " and workflow = ?"
    rows = connection.rows(
        f"select day, name, sum(n) from kpi_days where day >= ? and day <= ?{clause}"
        " group by day, name order by day, name",
        (since, until, *(() if workflow is None else (workflow,))),
    )
    found: dict[str, dict[str, int]] = {}
    for day, name, n in rows:
        found.setdefault(str(day), {})[str(name)] = int(n)
    return found


def seed(connection: Connection, counts: Sequence[tuple[str, str, str, int]]) -> None:
    """Begin with what was counted of entries that are gone."""
    connection.executemany(
        "insert into kpi_days (workflow, day, name, slot, n) values (?, ?, ?, ?, ?)",
        [(workflow, day, name, CARRIED_SLOT, n) for workflow, day, name, n in counts],
    )


def sums(connection: Connection) -> list[tuple[str, str, str, int]]:
    """Return (workflow, day, name, number) of all that was counted."""
    rows = connection.rows(
        "select workflow, day, name, sum(n) from kpi_days group by workflow, day, name"
        " order by workflow, day, name"
    )
    return [(row[0], row[1], row[2], int(row[3])) for row in rows]
