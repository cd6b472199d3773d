"""What waits for people, in order and in number: open approvals as pages and counts."""

from collections.abc import Collection

from remit.store.among import Workflows, among
from remit.store.approvals import COLUMNS, MINUTE_US, ApprovalRecord, record
from remit.store.connection import Connection, Parameter

Between = tuple[str, int | None, int | None]  # currency, the least and the most in minor units


def page(  # noqa: PLR0913 - whatever narrows a list comes in by its name
    connection: Connection,
    *,
    workflow: Workflows = None,
    action: str | None = None,
    risks: tuple[str, ...] = (),
    roles: Collection[str] | None = None,
    changed: bool = False,
    code: str | None = None,
    money: Between | None = None,
    due_before_us: int | None = None,
    snoozed: tuple[str, int] | None = None,
    only_snoozed: bool = False,
    after: tuple[int, int, str] | None,
    limit: int,
) -> list[ApprovalRecord]:
    """Return open approvals after a place in their order.

    That is the minute in which they are due, then their turn: risk times money at stake, the most
    first. `code` is that of the first reason, `money` (currency, least, most) in minor units;
    without what somebody snoozed beyond a time, as (person, time); or that only.
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
    if code is not None:
        where.append("code = ?")
        values.append(code)
    if money is not None:
        asks, bounds = _between(money)
        where.append(asks)
        values += bounds
    if due_before_us is not None:
        where.append("due_minute <= ? and due_us < ?")
        values += (due_before_us // MINUTE_US, due_before_us)
    if snoozed is not None:
        where.append(
            f"approval_id {'in' if only_snoozed else 'not in'}"
            " (select approval_id from snoozes where person = ? and until_us > ?)"
        )
        values += snoozed
    if after is not None:
        where.append("(due_minute, turn, approval_id) > (?, ?, ?)")
        values += after
    rows = connection.rows(
        f"select {COLUMNS} from approvals where {' and '.join(where)}"
        " order by due_minute, turn, approval_id limit ?",
        (*values, limit),
    )
    return [record(row) for row in rows]


def _between(money: Between) -> tuple[str, list[Parameter]]:
    """Return a condition on what would move, and its values."""
    currency, least, most = money
    where, values = ["currency = ?", "money_minor is not null"], list[Parameter]([currency])
    if least is not None:
        where.append("money_minor >= ?")
        values.append(least)
    if most is not None:
        where.append("money_minor <= ?")
        values.append(most)
    return " and ".join(where), values


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
    found = (
        "select 1 as one from approvals where state = 'open' and due_minute <= ? and due_us < ?"
        f" and {clause}"
    )
    values: tuple[Parameter, ...] = (now_us // MINUTE_US, now_us, *names)
    if limit is not None:  # time passes without a write, so that no counter could be kept
        found, values = f"{found} limit ?", (*values, limit)
    return int(str(connection.value(f"select count(*) from ({found}) as late", values)))
