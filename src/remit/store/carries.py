"""Evidence that was carried to another fingerprint: which, and by whom; a projection.

It moves the rows of a cell, so that whoever reads them asks for one fingerprint: the one in force.
"""

from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.store import authority
from remit.store.connection import Connection, Row

SCHEMA = (
    """create table if not exists carries (
        workflow text not null,
        action text not null,
        segment text not null,
        before text not null,
        after text not null,
        proof text not null,
        at_us integer not null,
        actor text not null,
        person integer not null,
        attempt integer not null,
        rows integer not null,
        dropped integer not null,
        stayed integer not null,
        primary key (workflow, action, segment, after)
    )""",
)

TABLES = ("carries",)

EVENTS: Final = frozenset({"governance:evidence:carried"})

_CELL: Final = "workflow = ? and action = ? and segment = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryRow:
    """One step of a chain of fingerprints under which rows go on counting."""

    before: str
    after: str
    proof: str
    at_us: int
    actor: str
    person: bool  # not a service
    attempt: int
    rows: int
    dropped: int  # right ones that would not run any more
    stayed: int  # others that would not


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry: move them once, then mark those that are named."""
    cell = (entry.workflow, entry.word("action"), entry.word("segment"))
    if entry.number("part"):
        connection.execute(
            f"update carries set dropped = dropped + ?, stayed = stayed + ? where {_CELL}"
            " and after = ?",
            (entry.number("dropped"), entry.number("stayed"), *cell, entry.word("after")),
        )
    else:
        _move(connection, entry, cell)
    connection.later(
        f"update evidence set gone = 1 where {_CELL} and action_id = ?",
        [(*cell, action_id) for action_id in entry.words("gone")],
    )


def _move(connection: Connection, entry: Entry, cell: tuple[str, str, str]) -> None:
    before, after = entry.word("before"), entry.word("after")
    authority.moving(connection)
    connection.execute(
        "insert into carries (workflow, action, segment, before, after, proof, at_us, actor,"
        " person, attempt, rows, dropped, stayed) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict do nothing",
        (
            *cell, before, after, entry.word("proof"), entry.at_us, entry.actor.ref,
            int(entry.actor.kind == "person"),
            entry.number("attempt"), entry.number("rows"), entry.number("dropped"),
            entry.number("stayed"),
        ),
    )  # fmt: skip
    for table in ("evidence", "grants"):
        connection.execute(
            f"update {table} set fingerprint = ? where {_CELL} and fingerprint = ?",
            (after, *cell, before),
        )
    for table, columns in _ATTEMPTS.items():  # the one before keeps them: it may come again
        connection.execute(
            f"insert into {table} (workflow, action, segment, fingerprint, {columns})"
            f" select workflow, action, segment, ?, {columns} from {table} where {_CELL}"
            " and fingerprint = ? on conflict do nothing",
            (after, *cell, before),
        )
    authority.moved(connection)


_ATTEMPTS: Final = {
    "attempts": "attempt, closed_us, resumes_us, code",
    "grids": "attempt, thresholds, begins, back, low_mark_ppm, first, last, fixed_us",
}


def of_cell(connection: Connection, cell: Cell, *, since_us: int = 0) -> list[CarryRow]:
    """Return what was carried in a cell from then on, the oldest first."""
    rows = connection.rows(
        f"select {_COLUMNS} from carries where {_CELL} and at_us >= ? order by at_us, after",
        (cell.workflow, cell.action, cell.segment, since_us),
    )
    return [_row(row) for row in rows]


def chain(connection: Connection, cell: Cell, fingerprint: str) -> list[CarryRow]:
    """Return the steps by which rows came to a fingerprint, the newest first."""
    found: list[CarryRow] = []
    steps = {one.after: one for one in of_cell(connection, cell)}
    while (step := steps.pop(fingerprint, None)) is not None:
        found.append(step)
        fingerprint = step.before
    return found


_COLUMNS: Final = "before, after, proof, at_us, actor, person, attempt, rows, dropped, stayed"


def _row(row: Row) -> CarryRow:
    return CarryRow(
        before=row[0], after=row[1], proof=row[2], at_us=row[3], actor=row[4],
        person=bool(row[5]), attempt=row[6], rows=row[7], dropped=row[8], stayed=row[9],
    )  # fmt: skip
