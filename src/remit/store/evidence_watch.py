"""Rows of evidence as what watches a cell looks at them: narrow, and summed where that will do."""

from collections.abc import Iterator
from sys import intern
from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.frozen import dataclass
from remit.store.connection import Connection, Parameter
from remit.store.evidence import EvidenceRow

PAGE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Which drawn rows of a fingerprint a detector looks at, decided from an instant on."""

    fingerprint: str
    since_us: int
    level: str  # at which they were decided; empty: what ran alone, at whatever level
    score_min: int | None  # with a score so high or without any; none: what ran alone only


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """What a detector has to know of a row."""

    at_us: int
    action_id: str
    cluster: str
    outcome: str  # wrong | void, by two people, or it would not run any more | empty: right


def watched(connection: Connection, cell: Cell, seen: Seen, *, since_us: int) -> Iterator[Glimpse]:
    """Yield the rows that a detector looks at from then on, in decision order."""
    which, values = _which(seen)
    after: tuple[Parameter, ...] = (since_us, "")
    while True:
        rows = connection.rows(
            "select at_us, action_id, cluster, case when outcome = 'wrong' then 'wrong'"
            " when gone = 1 or (outcome = 'void' and settled = 1) then 'void' else '' end"
            " from evidence"
            " where workflow = ? and action = ? and segment = ? and (at_us, action_id) > (?, ?)"
            f" and {which} order by at_us, action_id limit ?",
            (cell.workflow, cell.action, cell.segment, *after, *values, PAGE),
        )
        for at_us, action_id, cluster, outcome in rows:
            yield Glimpse(at_us=at_us, action_id=action_id, cluster=cluster, outcome=outcome)
        if len(rows) < PAGE:
            return
        after = (rows[-1][0], rows[-1][1])


def stream(
    connection: Connection,
    cell: Cell,
    fingerprint: str,
    *,
    since_us: int,
    until_us: int | None = None,
) -> Iterator[EvidenceRow]:
    """Yield the eligible rows of a fingerprint in decision order, with what is counted of each.

    The rest of a row is empty: half the columns are read and words that recur are held once, so
    a look at a million rows takes a part of the time and of the memory.
    """
    after: tuple[Parameter, ...] = (since_us, "")
    until = () if until_us is None else (until_us,)
    while True:
        rows = connection.rows(
            "select at_us, action_id, cluster, level, score, drawn, alone, outcome, source,"
            " reviewer, settled, label_us, labels, gone from evidence where workflow = ?"
            " and action = ? and segment = ? and (at_us, action_id) > (?, ?)"
            f"{' and at_us <= ?' if until else ''} and fingerprint = ? and eligible = 1"
            " order by at_us, action_id limit ?",
            (cell.workflow, cell.action, cell.segment, *after, *until, fingerprint, PAGE),
        )
        for row in rows:
            yield EvidenceRow(
                action_id=row[1], case_id="", workflow=cell.workflow, action=cell.action,
                segment=cell.segment, fingerprint=fingerprint, cluster=row[2], at_us=row[0],
                level=intern(row[3]), score=row[4], share_ppm=0, draw=None, drawn=bool(row[5]),
                day="", eligible=True, alone=bool(row[6]), outcome=intern(row[7]),
                source=intern(row[8]), reviewer=intern(row[9]), settled=bool(row[10]),
                label_us=row[11], labels=row[12], gone=bool(row[13]),
            )  # fmt: skip
        if len(rows) < PAGE:
            return
        after = (rows[-1][0], rows[-1][1])


def scores(
    connection: Connection, cell: Cell, fingerprint: str, *, since_us: int
) -> Iterator[tuple[int, str, int]]:
    """Yield (when, action id, score) of every eligible case from then on, in decision order."""
    after: tuple[Parameter, ...] = (since_us, "")
    while True:
        rows = connection.rows(
            "select at_us, action_id, coalesce(score, 0) from evidence where workflow = ?"
            " and action = ? and segment = ? and (at_us, action_id) > (?, ?) and fingerprint = ?"
            " and eligible = 1 and gone = 0 order by at_us, action_id limit ?",
            (cell.workflow, cell.action, cell.segment, *after, fingerprint, PAGE),
        )
        for at_us, action_id, score in rows:
            yield int(at_us), str(action_id), int(score)
        if len(rows) < PAGE:
            return
        after = (rows[-1][0], rows[-1][1])


def scores_before(
    connection: Connection,
    cell: Cell,
    fingerprint: str,
    *,
    since_us: int,
    before_us: int,
    limit: int,
) -> list[int]:
    """Return the scores of the last eligible cases between two instants, in no order."""
    rows = connection.rows(
        "select coalesce(score, 0) from evidence where workflow = ? and action = ?"
        " and segment = ? and fingerprint = ? and eligible = 1 and gone = 0 and at_us >= ?"
        " and at_us < ?"
        " order by at_us desc, action_id desc limit ?",
        (*_of(cell, fingerprint), since_us, before_us, limit),
    )
    return [int(row[0]) for row in rows]


def is_scored(connection: Connection, cell: Cell, seen: Seen) -> bool:
    """Say whether a model chose in one of these rows."""
    which, values = _which(seen)
    found = connection.value(
        "select 1 from evidence where workflow = ? and action = ? and segment = ? and at_us >= ?"
        f" and {which} and score is not null limit 1",
        (cell.workflow, cell.action, cell.segment, seen.since_us, *values),
    )
    return found is not None


def _which(seen: Seen) -> tuple[str, tuple[Parameter, ...]]:
    drawn = "drawn = 1 and eligible = 1 and fingerprint = ?"
    if not seen.level:
        return f"{drawn} and alone = 1", (seen.fingerprint,)
    if seen.score_min is None:
        return f"{drawn} and level = ? and alone = 1", (seen.fingerprint, seen.level)
    return (
        f"{drawn} and level = ? and (alone = 1 or coalesce(score, 0) >= ?)",
        (seen.fingerprint, seen.level, seen.score_min),
    )


def verdicts(
    connection: Connection, cell: Cell, fingerprint: str, *, since_us: int, until_us: int
) -> tuple[int, int]:
    """Return how many verdicts were due of what ran alone, in ppm of one, and how many came."""
    row = connection.one(
        "select coalesce(sum(share_ppm), 0),"
        " coalesce(sum(case when drawn = 1 and labels > 0 then 1 else 0 end), 0) from evidence"
        f" where {_ALONE} and at_us >= ? and at_us <= ?",
        (*_of(cell, fingerprint), since_us, until_us),
    )
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def verdicts_before(
    connection: Connection,
    cell: Cell,
    fingerprint: str,
    *,
    since_us: int,
    before_us: int,
    limit: int,
) -> list[tuple[int, bool]]:
    """Return the share of each row before that ran alone, and whether a verdict came."""
    rows = connection.rows(
        f"select share_ppm, drawn, labels from evidence where {_ALONE} and at_us >= ?"
        " and at_us < ? order by at_us desc, action_id desc limit ?",
        (*_of(cell, fingerprint), since_us, before_us, limit),
    )
    return [(int(share), bool(drawn and labels)) for share, drawn, labels in rows]


_ALONE: Final = (
    "workflow = ? and action = ? and segment = ? and fingerprint = ? and eligible = 1"
    " and alone = 1"
)


def _of(cell: Cell, fingerprint: str) -> tuple[str, str, str, str]:
    return cell.workflow, cell.action, cell.segment, fingerprint
