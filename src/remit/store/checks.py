"""Rows of seeded checks: what was put before reviewers to measure them, and what they said."""

from dataclasses import dataclass
from typing import Final

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists checks (
        check_id text primary key,
        workflow text not null,
        action text not null,
        risk text not null,
        reviewer text not null,
        approval_id text not null,
        origin text not null,
        item text not null,
        critical integer not null,
        dealt_us integer not null,
        answered_us integer,
        bad integer,
        caught integer
    )""",
    "create index if not exists checks_reviewer on checks (workflow, reviewer, dealt_us)",
    "create unique index if not exists checks_approval on checks (approval_id)",
)

TABLES = ("checks",)

EVENTS: Final = frozenset({"governance:check:dealt", "governance:check:answered"})

COLUMNS = (
    "check_id, workflow, action, risk, reviewer, approval_id, origin, item, critical, dealt_us,"
    " answered_us, bad, caught"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One seeded check of one reviewer; `bad` and `caught` are known once it is answered."""

    check_id: str
    workflow: str
    action: str
    risk: str
    reviewer: str
    approval_id: str
    origin: str
    item: str  # digest of what was put before them: never twice before one person
    critical: bool
    dealt_us: int
    answered_us: int | None
    bad: bool | None
    caught: bool | None


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    if entry.event == "governance:check:dealt":
        connection.execute(
            f"insert into checks ({COLUMNS})"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, null, null)",
            (
                entry.word("check_id"),
                entry.workflow,
                entry.word("action"),
                entry.word("risk"),
                entry.word("reviewer"),
                entry.word("approval_id"),
                entry.word("origin"),
                entry.word("item"),
                int(entry.body.get("critical") is True),
                entry.at_us,
            ),
        )
        return
    connection.execute(
        "update checks set answered_us = ?, bad = ?, caught = ? where check_id = ?",
        (
            entry.at_us,
            int(entry.body.get("bad") is True),
            int(entry.body.get("caught") is True),
            entry.word("check_id"),
        ),
    )


def answered_bad(
    connection: Connection, workflow: str, *, risk: str = "", reviewer: str = "", since_us: int = 0
) -> tuple[int, int]:
    """Return (missed, dealt) of the known-bad checks that were answered since then."""
    where = ""
    values: list[str] = []
    if risk:
        where, values = f"{where} and risk = ?", [*values, risk]
    if reviewer:
        where, values = f"{where} and reviewer = ?", [*values, reviewer]
    row = connection.one(
        "select count(*), coalesce(sum(caught), 0) from checks where workflow = ? and bad = 1"
        f" and answered_us >= ?{where}",
        (workflow, since_us, *values),
    )
    dealt, caught = (0, 0) if row is None else (int(row[0]), int(row[1]))
    return dealt - caught, dealt


def reviewers(connection: Connection, workflow: str) -> list[str]:
    """Return whom checks were dealt to, by handle."""
    rows = connection.rows(
        "select distinct reviewer from checks where workflow = ? order by reviewer", (workflow,)
    )
    return [str(row[0]) for row in rows]


def by_approval(connection: Connection, approval_id: str) -> CheckRow | None:
    """Return the check behind an approval; `None` where it is a real one."""
    row = connection.one(f"select {COLUMNS} from checks where approval_id = ?", (approval_id,))
    return None if row is None else row_of(row)


def row_of(row: tuple[object, ...]) -> CheckRow:
    """Return a row of these columns."""
    return CheckRow(
        check_id=str(row[0]), workflow=str(row[1]), action=str(row[2]), risk=str(row[3]),
        reviewer=str(row[4]), approval_id=str(row[5]), origin=str(row[6]), item=str(row[7]),
        critical=bool(row[8]), dealt_us=int(str(row[9])),
        answered_us=None if row[10] is None else int(str(row[10])),
        bad=None if row[11] is None else bool(row[11]),
        caught=None if row[12] is None else bool(row[12]),
    )  # fmt: skip
