"""Rows of evidence as pages show them: the newest first, bounded, and what they come to."""

from dataclasses import dataclass
from typing import Final

from remit.domain.autonomy import Cell
from remit.store.connection import Connection, Parameter
from remit.store.evidence import COLUMNS, EvidenceRow, row_of

_CELL: Final = "workflow = ? and action = ? and segment = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRow:
    """A fingerprint under which a cell has rows; times in microseconds since 1970."""

    fingerprint: str
    first_us: int
    last_us: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedRow:
    """A row of evidence with what its proposal would have moved, and what looking at it took."""

    row: EvidenceRow
    money_minor: int | None
    currency: str
    asked_us: int | None  # when people were first asked, and when they had answered
    answered_us: int | None
    seconds_open: int  # for which it lay open before those who said yes


def newest(
    connection: Connection,
    cell: Cell,
    *,
    limit: int,
    before: tuple[int, str] | None = None,
    fingerprint: str | None = None,
    since_us: int = 0,
    drawn: bool = False,
) -> list[EvidenceRow]:
    """Return the newest rows of a cell, the newest first; `before` goes on from a page."""
    where = f"{_CELL} and at_us >= ?"
    values: list[Parameter] = [cell.workflow, cell.action, cell.segment, since_us]
    if before is not None:
        where, values = f"{where} and (at_us, action_id) < (?, ?)", [*values, *before]
    if fingerprint is not None:
        where, values = f"{where} and fingerprint = ?", [*values, fingerprint]
    if drawn:
        where = f"{where} and drawn = 1 and eligible = 1"
    rows = connection.rows(
        f"select {COLUMNS} from evidence where {where}"
        " order by at_us desc, action_id desc limit ?",
        (*values, limit),
    )
    return [row_of(row) for row in rows]


def tried(connection: Connection, cell: Cell, *, since_us: int) -> list[TriedRow]:
    """Return the fingerprints under which a cell has rows since then, the oldest first."""
    rows = connection.rows(
        "select fingerprint, min(at_us), max(at_us), count(*) from evidence"
        f" where {_CELL} and at_us >= ? and fingerprint <> '' group by fingerprint order by 2, 1",
        (cell.workflow, cell.action, cell.segment, since_us),
    )
    return [
        TriedRow(
            fingerprint=str(row[0]), first_us=int(row[1]), last_us=int(row[2]), rows=int(row[3])
        )
        for row in rows
    ]


def weighed(
    connection: Connection,
    cell: Cell,
    *,
    fingerprint: str,
    since_us: int,
    score_min: int | None,
    limit: int,
) -> list[WeighedRow]:
    """Return the newest eligible rows whose score is enough, each with money, wait and review."""
    where = (
        " from evidence where workflow = ? and action = ? and segment = ? and at_us >= ?"
        " and fingerprint = ? and eligible = 1 and (score is null or score >= ?)"
        " and (gone = 0 or outcome = 'wrong')"
        " order by at_us desc, action_id desc limit ?"
    )
    values = (
        cell.workflow, cell.action, cell.segment, since_us, fingerprint, score_min or 0, limit,
    )  # fmt: skip
    moved = {
        str(row[0]): (row[1], str(row[2]))
        for row in connection.rows(
            "select action_id, money_minor, currency from proposals where action_id in"
            f" (select action_id from (select action_id, at_us{where}) as looked)",
            values,
        )
    }
    asked = {
        str(row[0]): (int(row[1]), row[2], int(row[3] or 0))
        for row in connection.rows(
            "select a.action_id, min(a.requested_us), max(a.decided_us), sum(v.seconds)"
            " from approvals a left join (select approval_id, sum(seconds_open) as seconds"
            " from votes group by approval_id) v on v.approval_id = a.approval_id"
            " where a.action_id in"
            f" (select action_id from (select action_id, at_us{where}) as looked)"
            " group by a.action_id",
            values,
        )
    }
    found = []
    for row in map(row_of, connection.rows(f"select {COLUMNS}{where}", values)):
        minor, currency = moved.get(row.action_id, (None, ""))
        begun, ended, seconds = asked.get(row.action_id, (None, None, 0))
        found.append(
            WeighedRow(
                row=row, money_minor=None if minor is None else int(str(minor)),
                currency=currency, asked_us=begun,
                answered_us=None if ended is None else int(str(ended)), seconds_open=seconds,
            )
        )  # fmt: skip
    return found
