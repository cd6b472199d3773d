"""Rows of seeded checks: what was put among what waits to measure reviewers, and their answers."""

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
        case_id text not null,
        approval_id text not null,
        origin text not null,
        item text not null,
        stream text not null,
        seq integer not null,
        dealt_us integer not null,
        closed_us integer,
        reviewer text not null,
        verdict text not null,
        bad integer,
        caught integer,
        critical integer not null,
        seconds_open integer
    )""",
    """create table if not exists reviewer_alarms (
        workflow text not null,
        reviewer text not null,
        alarmed_us integer not null,
        cleared_us integer,
        primary key (workflow, reviewer)
    )""",
    "create index if not exists checks_dealt on checks (workflow, dealt_us, check_id)",
    "create index if not exists checks_answered on checks (workflow, reviewer, closed_us)",
    "create unique index if not exists checks_approval on checks (approval_id)",
    "create unique index if not exists checks_case on checks (case_id)",
    "create unique index if not exists checks_item on checks (workflow, item)",
)

TABLES = ("checks", "reviewer_alarms")

FOR_GOOD_US: Final = 2**62
_UNDOUBTED: Final = (
    " and not exists (select 1 from reviewer_alarms as one where one.workflow = checks.workflow"
    " and one.reviewer = checks.reviewer"
    " and (one.cleared_us is null or one.cleared_us >= checks.closed_us))"
)

EVENTS: Final = frozenset(
    {
        "governance:check:dealt", "governance:check:answered", "governance:check:closed",
        "governance:reviewer:alarmed", "governance:reviewer:cleared",
    }
)  # fmt: skip

COLUMNS = (
    "check_id, workflow, action, risk, case_id, approval_id, origin, item, stream, seq, dealt_us,"
    " closed_us, reviewer, verdict, bad, caught, critical, seconds_open"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One seeded check; `reviewer`, `bad` and `caught` are known once it is answered."""

    check_id: str
    workflow: str
    action: str
    risk: str
    case_id: str
    approval_id: str
    origin: str
    item: str  # digest of what is put before people: never twice in a workflow
    stream: str  # where its entry stands, with the truth sealed beside it
    seq: int
    dealt_us: int
    closed_us: int | None
    reviewer: str
    verdict: str
    bad: bool | None
    caught: bool | None
    critical: bool
    seconds_open: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerAlarm:
    """The last alarm of a reviewer, and when it was cleared."""

    alarmed_us: int
    cleared_us: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallied:
    """What the answers of somebody to checks add up to."""

    reviewer: str
    bad: int  # known-bad ones that were answered
    missed: int  # of these
    good: int
    refused: int  # of these
    critical_missed: int


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "governance:check:dealt":
            connection.execute(
                f"insert into checks ({COLUMNS})"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, '', '', null, null, 0, null)",
                (
                    entry.word("check_id"), entry.workflow, entry.word("action"),
                    entry.word("risk"), entry.word("case_id"), entry.word("approval_id"),
                    entry.word("origin"), entry.word("item"), entry.case_id, entry.seq,
                    entry.at_us,
                ),
            )  # fmt: skip
        case "governance:check:answered":
            connection.execute(
                "update checks set closed_us = ?, reviewer = ?, verdict = ?, bad = ?, caught = ?,"
                " critical = ?, seconds_open = ? where check_id = ?",
                (
                    entry.at_us, entry.word("reviewer"), entry.word("verdict"),
                    _flag(entry, "bad"), _flag(entry, "caught"), _flag(entry, "critical"),
                    entry.number("seconds_open"), entry.word("check_id"),
                ),
            )  # fmt: skip
        case "governance:reviewer:alarmed":
            connection.execute(
                "insert into reviewer_alarms (workflow, reviewer, alarmed_us, cleared_us)"
                " values (?, ?, ?, null) on conflict (workflow, reviewer) do update set"
                " alarmed_us = excluded.alarmed_us, cleared_us = null",
                (entry.workflow, entry.word("reviewer"), entry.at_us),
            )
        case "governance:reviewer:cleared":
            connection.execute(
                "update reviewer_alarms set cleared_us = ? where workflow = ? and reviewer = ?",
                (entry.at_us, entry.workflow, entry.word("reviewer")),
            )
        case _:
            connection.execute(
                "update checks set closed_us = ?, verdict = ? where check_id = ?",
                (entry.at_us, entry.word("code"), entry.word("check_id")),
            )


def _flag(entry: Entry, name: str) -> int:
    return int(entry.body.get(name) is True)


def answered_bad(
    connection: Connection, workflow: str, *, risk: str = "", reviewer: str = "", since_us: int = 0
) -> tuple[int, int]:
    """Return (missed, dealt) of the known-bad checks that were answered since then.

    Without a `reviewer` those of somebody whose word is in doubt are left out.
    """
    where = ""
    values: list[str] = []
    if risk:
        where, values = f"{where} and risk = ?", [*values, risk]
    if reviewer:
        where, values = f"{where} and reviewer = ?", [*values, reviewer]
    else:
        where = f"{where}{_UNDOUBTED}"
    row = connection.one(
        "select count(*), coalesce(sum(caught), 0) from checks where workflow = ? and bad = 1"
        f" and closed_us >= ?{where}",
        (workflow, since_us, *values),
    )
    dealt, caught = (0, 0) if row is None else (int(row[0]), int(row[1]))
    return dealt - caught, dealt


def tallied(connection: Connection, workflow: str, *, since_us: int = 0) -> list[Tallied]:
    """Return what each reviewer's answers since then add up to, by handle."""
    rows = connection.rows(
        "select reviewer, sum(bad), sum(bad * (1 - caught)), sum(1 - bad),"
        " sum((1 - bad) * (1 - caught)), sum(critical * (1 - caught)) from checks"
        " where workflow = ? and reviewer <> '' and closed_us >= ? group by reviewer order by 1",
        (workflow, since_us),
    )
    return [
        Tallied(
            reviewer=str(row[0]), bad=int(row[1]), missed=int(row[2]), good=int(row[3]),
            refused=int(row[4]), critical_missed=int(row[5]),
        )
        for row in rows
    ]  # fmt: skip


def seconds(connection: Connection, workflow: str, reviewer: str, *, limit: int) -> list[int]:
    """Return how long the last checks of somebody were open, where that is known, sorted."""
    rows = connection.rows(
        "select seconds_open from checks where workflow = ? and reviewer = ?"
        " and seconds_open is not null order by closed_us desc limit ?",
        (workflow, reviewer, limit),
    )
    return sorted(int(row[0]) for row in rows)


def last(
    connection: Connection, workflow: str, reviewer: str, *, since_us: int, limit: int
) -> list[bool]:
    """Return whether each of the last checks since then was answered rightly, newest first."""
    rows = connection.rows(
        "select caught from checks where workflow = ? and reviewer = ? and closed_us > ?"
        " order by closed_us desc, check_id limit ?",
        (workflow, reviewer, since_us, limit),
    )
    return [bool(row[0]) for row in rows]


def alarm_of(connection: Connection, workflow: str, reviewer: str) -> ReviewerAlarm | None:
    """Return the last alarm of a reviewer; `None` where there was none."""
    row = connection.one(
        "select alarmed_us, cleared_us from reviewer_alarms where workflow = ? and reviewer = ?",
        (workflow, reviewer),
    )
    if row is None:
        return None
    return ReviewerAlarm(alarmed_us=int(row[0]), cleared_us=_whole(row[1]))


def alarmed(connection: Connection, workflow: str) -> frozenset[str]:
    """Return who is under alarm, by handle."""
    rows = connection.rows(
        "select reviewer from reviewer_alarms where workflow = ? and cleared_us is null",
        (workflow,),
    )
    return frozenset(str(row[0]) for row in rows)


def doubted(connection: Connection, workflow: str) -> dict[str, int]:
    """Return until when what somebody said is in doubt, by handle: for good under alarm."""
    rows = connection.rows(
        "select reviewer, cleared_us from reviewer_alarms where workflow = ?", (workflow,)
    )
    return {str(row[0]): FOR_GOOD_US if row[1] is None else int(row[1]) for row in rows}


def dealt(
    connection: Connection, workflow: str, *, since_us: int
) -> list[tuple[str, str, str, int, int]]:
    """Return (action, risk, origin, answered as known-bad, number) of what was dealt since then.

    Of what waits nobody is told whether it is bad.
    """
    rows = connection.rows(
        "select action, risk, origin, sum(coalesce(bad, 0)), count(*) from checks"
        " where workflow = ? and dealt_us >= ? group by action, risk, origin order by 1, 2, 3",
        (workflow, since_us),
    )
    return [(str(row[0]), str(row[1]), str(row[2]), int(row[3]), int(row[4])) for row in rows]


def used(connection: Connection, workflow: str, item: str) -> bool:
    """Was this put before people of a workflow already?"""
    value = connection.value(
        "select 1 from checks where workflow = ? and item = ?", (workflow, item)
    )
    return value is not None


def by_approval(connection: Connection, approval_id: str) -> CheckRow | None:
    """Return the check behind an approval; `None` where it is a real one."""
    row = connection.one(f"select {COLUMNS} from checks where approval_id = ?", (approval_id,))
    return None if row is None else row_of(row)


def by_case(connection: Connection, case_id: str) -> CheckRow | None:
    """Return the check behind a case; `None` where it is a real one."""
    row = connection.one(f"select {COLUMNS} from checks where case_id = ?", (case_id,))
    return None if row is None else row_of(row)


def row_of(row: tuple[object, ...]) -> CheckRow:
    """Return a row of these columns."""
    return CheckRow(
        check_id=str(row[0]), workflow=str(row[1]), action=str(row[2]), risk=str(row[3]),
        case_id=str(row[4]), approval_id=str(row[5]), origin=str(row[6]), item=str(row[7]),
        stream=str(row[8]), seq=int(str(row[9])), dealt_us=int(str(row[10])),
        closed_us=_whole(row[11]), reviewer=str(row[12]), verdict=str(row[13]),
        bad=None if row[14] is None else bool(row[14]),
        caught=None if row[15] is None else bool(row[15]),
        critical=bool(row[16]), seconds_open=_whole(row[17]),
    )  # fmt: skip


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
