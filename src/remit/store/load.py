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
    pending, oldest = _unsequenced(connection)
    return Load(
        ready=int(ready[0]),
        ready_late=int(ready[1] or 0),
        ready_oldest_us=None if ready[2] is None else int(ready[2]),
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


def _unsequenced(connection: Connection) -> tuple[int, int | None]:
    """Return how many entries wait for their place in the log: none where one writer gives it."""
    if connection.dialect == "sqlite":
        return 0, None
    row = connection.one(
        "select count(*), (select e.at_us from pending p join entries e on e.case_id = p.case_id"
        " and e.seq = p.seq order by p.arrival limit 1) from pending"
    ) or (0, None)
    return int(row[0]), None if row[1] is None else int(row[1])
