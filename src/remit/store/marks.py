"""How far detectors had come at the end of a day: kept to save folding, and made anew at will.

It is no history: whoever deletes it loses time and nothing else. A label that changes what a row
counts for makes anew what stands behind that row; a rebuild of rows deletes all.
"""

from typing import Final

from remit.domain.autonomy import Cell
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists detector_marks (
        workflow text not null,
        action text not null,
        segment text not null,
        kind text not null,
        day_us integer not null,
        basis text not null,
        state text not null,
        primary key (workflow, action, segment, kind, day_us)
    )""",
)

KEPT_MAX: Final = 400  # of a cell; more than the days of any grant

LABELS, CASES = "labels", "cases"  # what is folded: what labels say, or what comes in

_CELL: Final = "workflow = ? and action = ? and segment = ? and kind = ?"


def before(
    connection: Connection, cell: Cell, *, at_us: int, basis: str, kind: str = LABELS
) -> tuple[int, str] | None:
    """Return the last mark that no row from an instant on has a part in, as (day, state)."""
    row = connection.one(
        f"select day_us, state from detector_marks where {_CELL} and day_us <= ? and basis = ?"
        " order by day_us desc limit 1",
        (*_key(cell, kind), at_us, basis),
    )
    return None if row is None else (int(row[0]), str(row[1]))


def put(
    connection: Connection,
    cell: Cell,
    found: list[tuple[int, str]],
    *,
    basis: str,
    kind: str = LABELS,
) -> None:
    """Keep marks as (day, state); those of another basis go."""
    connection.execute(
        f"delete from detector_marks where {_CELL} and basis <> ?", (*_key(cell, kind), basis)
    )
    connection.later(
        "insert into detector_marks (workflow, action, segment, kind, day_us, basis, state)"
        " values (?, ?, ?, ?, ?, ?, ?)"
        " on conflict (workflow, action, segment, kind, day_us) do update set"
        " basis = excluded.basis, state = excluded.state",
        [(*_key(cell, kind), day_us, basis, state) for day_us, state in found[-KEPT_MAX:]],
    )


def forget_all(connection: Connection) -> None:
    """Delete all marks: the rows they were made of are others now."""
    connection.execute("delete from detector_marks")


def _key(cell: Cell, kind: str) -> tuple[str, str, str, str]:
    return cell.workflow, cell.action, cell.segment, kind
