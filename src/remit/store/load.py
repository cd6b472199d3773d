"""How full the house is, in rows: what waits for a run, for people, for its place in the log."""

from dataclasses import dataclass

from remit.store import workers
from remit.store.connection import Connection

NEVER_US = 0  # before every case


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The numbers by which intake says no; times in microseconds since 1970."""

    ready: int
    ready_late: int  # of these, how many have been ready for longer than asked about
    ready_oldest_us: int | None
    open: dict[str, int]  # cases that are neither closed nor in quarantine, by workflow
    held: dict[str, int]  # approvals that wait for people, by workflow
    unsequenced: int
    unsequenced_oldest_us: int | None


def read(connection: Connection, *, late_before_us: int) -> Load:
    """Return how full it is; cases that run count as ready.

    What was ready before somebody began to work waits from then on: no case is late because of a
    time in which nobody was there.
    """
    began_us = workers.since(connection)
    if began_us is not None and began_us >= late_before_us:
        late_before_us = NEVER_US
    ready = connection.one(
        "select count(*), sum(case when ready_us < ? then 1 else 0 end), min(ready_us)"
        " from cases where status = 'ready'",
        (late_before_us,),
    ) or (0, 0, None)
    held = connection.rows(
        "select workflow, count(*) from approvals where state = 'open' group by workflow"
    )
    still_open = connection.rows(
        "select workflow, sum(n) from case_counts where status in ('ready', 'parked', 'escalated')"
        " group by workflow"
    )
    pending, oldest = _unsequenced(connection)
    return Load(
        ready=int(ready[0]),
        ready_late=int(ready[1] or 0),
        ready_oldest_us=None if ready[2] is None else int(ready[2]),
        open={str(row[0]): int(row[1]) for row in still_open},
        held={str(row[0]): int(row[1]) for row in held},
        unsequenced=pending,
        unsequenced_oldest_us=oldest,
    )


def timers(connection: Connection, now_us: int) -> tuple[int, int | None]:
    """Return how many timers stand, and when the oldest that is due was due."""
    row = connection.one(
        "select count(*), min(case when due_us <= ? then due_us end) from timers", (now_us,)
    ) or (0, None)
    return int(row[0]), None if row[1] is None else int(row[1])


def unsettled(connection: Connection) -> tuple[int, int | None]:
    """Return how many effects have no certain outcome, and since when the oldest."""
    row = connection.one(
        "select count(*), min(changed_us) from proposals"
        " where state in ('intended', 'dispatched', 'ambiguous')"
    ) or (0, None)
    return int(row[0]), None if row[1] is None else int(row[1])


def by_workflow(connection: Connection) -> dict[str, dict[str, int]]:
    """Return cases by workflow and state; `running` are those of the ready that a process has."""
    found: dict[str, dict[str, int]] = {}
    for workflow, status, n in connection.rows(
        "select workflow, status, sum(n) from case_counts group by workflow, status"
        " order by workflow, status"
    ):
        found.setdefault(str(workflow), {})[str(status)] = int(n)
    for workflow, n in connection.rows(
        "select cases.workflow, count(*) from claims join cases on cases.case_id = claims.case_id"
        " where cases.status = 'ready' group by cases.workflow"
    ):
        found.setdefault(str(workflow), {})["running"] = int(n)
    return found


def ambiguous(connection: Connection) -> tuple[int, int | None]:
    """Return of how many effects nobody knows whether they happened, and since when the oldest."""
    row = connection.one(
        "select count(*), min(changed_us) from proposals where state = 'ambiguous'"
    ) or (0, None)
    return int(row[0]), None if row[1] is None else int(row[1])


def tried_later(connection: Connection) -> list[tuple[str, str, int]]:
    """Return (kind of wait, what it is about, cases that wait to try it again)."""
    rows = connection.rows(
        "select kind, ref, count(*) from waits where kind in ('retry', 'breaker', 'place')"
        " group by kind, ref order by kind, ref"
    )
    return [(str(row[0]), str(row[1]), int(row[2])) for row in rows]


def escalated_for(connection: Connection, reason: str) -> int:
    """Return how many cases a person has for that reason."""
    sql = "select count(*) from cases where status = 'escalated' and reason = ?"
    return int(connection.value(sql, (reason,)))


def _unsequenced(connection: Connection) -> tuple[int, int | None]:
    """Return how many entries wait for their place in the log: none where one writer gives it."""
    if connection.dialect == "sqlite":
        return 0, None
    row = connection.one(
        "select count(*), (select e.at_us from pending p join entries e on e.case_id = p.case_id"
        " and e.seq = p.seq order by p.arrival limit 1) from pending"
    ) or (0, None)
    return int(row[0]), None if row[1] is None else int(row[1])
