"""Rows of what people do about an approval without deciding it: a projection."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists remarks (
        case_id text not null,
        seq integer not null,
        approval_id text not null,
        kind text not null,
        person text not null,
        other text not null,
        at_us integer not null,
        until_us integer,
        primary key (case_id, seq)
    )""",
    "create index if not exists remarks_approval on remarks (approval_id)",
    """create table if not exists snoozes (
        person text not null,
        approval_id text not null,
        case_id text not null,
        until_us integer not null,
        primary key (person, approval_id)
    )""",
)

TABLES = ("remarks", "snoozes")

_KINDS = ("claimed", "freed", "assigned", "commented", "snoozed")
EVENTS = frozenset(f"governance:approval:{kind}" for kind in _KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkRow:
    """What somebody did about an approval; times in microseconds since 1970."""

    case_id: str
    seq: int
    kind: str
    person: str
    other: str  # to whom it was assigned, or who is asked
    at_us: int
    until_us: int | None


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    approval_id, person = entry.word("approval_id"), entry.actor.ref
    kind = entry.event.rpartition(":")[2]
    other, until_us = entry.word("to") or entry.word("asked"), entry.number("until_us")
    connection.later(
        "insert into remarks (case_id, seq, approval_id, kind, person, other, at_us, until_us)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        [(entry.case_id, entry.seq, approval_id, kind, person, other, entry.at_us, until_us)],
    )
    match kind:
        case "claimed" | "freed":
            holder = person if kind == "claimed" else ""
            connection.later(
                "update approvals set claimed_by = ?, claimed_until_us = ?, remarks = remarks + 1"
                " where approval_id = ?",
                [(holder, until_us if holder else 0, approval_id)],
            )
        case "assigned":
            connection.later(
                "update approvals set held_by = ?, remarks = remarks + 1 where approval_id = ?",
                [(f"person:{other}", approval_id)],
            )
        case "commented":  # whoever was asked has answered by saying something
            connection.later(
                "update approvals set comments = comments + 1, remarks = remarks + 1,"
                " asked_of = case when ? <> '' then ? when asked_of = ? then '' else asked_of end"
                " where approval_id = ?",
                [(other, other, person, approval_id)],
            )
        case _:
            connection.later(
                "update approvals set remarks = remarks + 1 where approval_id = ?",
                [(approval_id,)],
            )
            connection.later(
                "insert into snoozes (person, approval_id, case_id, until_us) values (?, ?, ?, ?)"
                " on conflict (person, approval_id) do update set until_us = excluded.until_us",
                [(person, approval_id, entry.case_id, until_us)],
            )


def of_approval(connection: Connection, approval_id: str, *, limit: int = 200) -> list[RemarkRow]:
    """Return what was said and done about an approval, oldest first."""
    rows = connection.rows(
        "select case_id, seq, kind, person, other, at_us, until_us from remarks"
        " where approval_id = ? order by at_us desc, seq desc limit ?",
        (approval_id, limit),
    )
    return [
        RemarkRow(
            case_id=str(row[0]), seq=int(str(row[1])), kind=str(row[2]), person=str(row[3]),
            other=str(row[4]), at_us=int(str(row[5])),
            until_us=None if row[6] is None else int(str(row[6])),
        )
        for row in reversed(rows)
    ]  # fmt: skip


def snoozed_until(connection: Connection, approval_id: str, person: str) -> int:
    """Return until when somebody does not want to see an approval; 0 where they never said."""
    found = connection.value(
        "select until_us from snoozes where person = ? and approval_id = ?", (person, approval_id)
    )
    return int(str(found or 0))
