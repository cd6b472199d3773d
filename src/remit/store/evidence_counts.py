"""Counts over rows of evidence that a signer is shown: what came in, what was judged, how long."""

from remit.domain.autonomy import Cell
from remit.store.connection import Connection
from remit.store.evidence import AUDIT

_OF = "workflow = ? and action = ? and segment = ? and fingerprint = ? and at_us >= ?"


def proposed(
    connection: Connection, cell: Cell, fingerprint: str, *, since_us: int
) -> tuple[int, int, int | None]:
    """Return how many proposals came since then, how many could run, and when the first did."""
    row = connection.one(
        "select count(*), coalesce(sum(case when eligible = 1 and gone = 0 then 1 else 0 end), 0),"
        f" min(at_us) from evidence where {_OF}",
        (*_key(cell, fingerprint), since_us),
    )
    return (0, 0, None) if row is None else (int(row[0]), int(row[1]), _whole(row[2]))


def passing(
    connection: Connection, cell: Cell, fingerprint: str, *, since_us: int, score_min: int
) -> int:
    """Return how many eligible proposals since then have a score so high, or none at all."""
    return int(
        str(
            connection.value(
                f"select count(*) from evidence where {_OF} and eligible = 1"
                " and gone = 0 and (score is null or score >= ?)",
                (*_key(cell, fingerprint), since_us, score_min),
            )
        )
    )


def judged(
    connection: Connection, cell: Cell, fingerprint: str, *, since_us: int, until_us: int
) -> tuple[int, int]:
    """Return how many rows that count were decided in between, and how many were judged."""
    row = connection.one(
        "select count(*), coalesce(sum(case when labels > 0 then 1 else 0 end), 0) from evidence"
        f" where {_OF} and at_us <= ? and drawn = 1 and eligible = 1",
        (*_key(cell, fingerprint), since_us, until_us),
    )
    return (0, 0) if row is None else (int(row[0]), int(row[1]))


def overdue(connection: Connection, workflow: str, *, now_us: int) -> int:
    """Return how many audits of what ran alone nobody has done by the time they were due."""
    return int(
        str(
            connection.value(
                "select count(*) from evidence where asks = ? and workflow = ? and due_us < ?",
                (AUDIT, workflow, now_us),
            )
        )
    )


def seconds_open(
    connection: Connection, cell: Cell, fingerprint: str, *, since_us: int, limit: int
) -> list[int]:
    """Return how long the newest proposals lay open before those who said yes, in seconds."""
    rows = connection.rows(
        "select v.seconds_open from evidence e join approvals a on a.action_id = e.action_id"
        " join votes v on v.approval_id = a.approval_id where e.workflow = ? and e.action = ?"
        " and e.segment = ? and e.fingerprint = ? and e.at_us >= ? and v.seconds_open is not null"
        " order by e.at_us desc, v.person limit ?",
        (*_key(cell, fingerprint), since_us, limit),
    )
    return [int(row[0]) for row in rows]


def _key(cell: Cell, fingerprint: str) -> tuple[str, str, str, str]:
    return cell.workflow, cell.action, cell.segment, fingerprint


def _whole(value: object) -> int | None:
    return None if value is None else int(str(value))
