"""What waits for people, in order and in number: open approvals as pages and counts."""

from collections.abc import Collection

from remit.store.among import Workflows, among
from remit.store.approvals import COLUMNS, ApprovalRecord, record
from remit.store.connection import Connection, Parameter


def page(
    connection: Connection,
    *,
    workflow: Workflows,
    action: str | None = None,
    risks: tuple[str, ...] = (),
    roles: Collection[str] | None = None,
    changed: bool = False,
    due_before_us: int | None = None,
    snoozed: tuple[str, int] | None = None,
    only_snoozed: bool = False,
    after: tuple[int, str] | None,
    limit: int,
) -> list[ApprovalRecord]:
    """Return open approvals, the next due first, after a cursor of (due, id).

    Without what somebody snoozed beyond a time, as (person, time); or that only.
    """
    clause, names = among(workflow)
    where, values = ["state = 'open'", clause], list[Parameter](names)
    if action is not None:
        where.append("action = ?")
        values.append(action)
    if risks:
        where.append(f"risk in ({', '.join('?' * len(risks))})")
        values += risks
    if roles is not None:  # those that ask for one of these roles
        asked = ["';' || requirements || ';' like ?" for _ in roles]
        where.append(f"({' or '.join(asked)})" if asked else "1 = 0")
        values += [f"% {role};%" for role in sorted(roles)]
    if changed:
        where.append("again = 1")
    if due_before_us is not None:
        where.append("due_us < ?")
        values.append(due_before_us)
    if snoozed is not None:
        where.append(
            f"approval_id {'in' if only_snoozed else 'not in'}"
            " (select approval_id from snoozes where person = ? and until_us > ?)"
        )
        values += snoozed
    if after is not None:
        where.append("(due_us, approval_id) > (?, ?)")
        values += after
    rows = connection.rows(
        f"select {COLUMNS} from approvals where {' and '.join(where)}"
        " order by due_us, approval_id limit ?",
        (*values, limit),
    )
    return [record(row) for row in rows]


def kinds(connection: Connection, workflow: Workflows = None) -> list[tuple[str, str, int]]:
    """Return (workflow, action, number) of what is open, the most first, from the counters."""
    clause, names = among(workflow)
    rows = connection.rows(
        f"select workflow, action, sum(n) from open_counts where {clause}"
        " group by workflow, action having sum(n) > 0 order by 3 desc, workflow, action",
        names,
    )
    return [(str(row[0]), str(row[1]), int(str(row[2]))) for row in rows]


def count(connection: Connection, workflow: Workflows = None) -> int:
    """Return how many approvals are open, from the counters."""
    clause, names = among(workflow)
    sql = f"select coalesce(sum(n), 0) from open_counts where {clause}"
    return int(str(connection.value(sql, names)))


def count_overdue(
    connection: Connection, *, now_us: int, workflow: Workflows = None, limit: int | None = None
) -> int:
    """Return how many open approvals are past their due time, counted up to a limit."""
    clause, names = among(workflow)
    found = f"select 1 as one from approvals where state = 'open' and due_us < ? and {clause}"
    values: tuple[Parameter, ...] = (now_us, *names)
    if limit is not None:  # time passes without a write, so that no counter could be kept
        found, values = f"{found} limit ?", (*values, limit)
    return int(str(connection.value(f"select count(*) from ({found}) as late", values)))
