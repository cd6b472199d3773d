"""Rows of what moved a cell: grants, lowerings and surges, each as it was told; a projection."""

from dataclasses import dataclass
from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists level_changes (
        workflow text not null,
        seq integer not null,
        action text not null,
        segment text not null,
        at_us integer not null,
        kind text not null,
        level text not null,
        code text not null,
        actor text not null,
        fingerprint text not null,
        evidence_rows integer,
        evidence_wrong integer,
        primary key (workflow, seq)
    )""",
    """create index if not exists level_changes_cell
        on level_changes (workflow, action, segment, at_us, seq)""",
)

TABLES = ("level_changes",)

GIVEN, LOWERED, SURGE, CALM = "given", "lowered", "surge", "calm"

_KINDS: Final = {
    "governance:grant:given": GIVEN,
    "governance:grant:lowered": LOWERED,
    "governance:surge:begun": SURGE,
    "governance:surge:ended": CALM,
}
EVENTS: Final = frozenset(_KINDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChange:
    """One thing that moved a cell, at an instant in microseconds since 1970."""

    at_us: int
    kind: str  # given | lowered | surge | calm
    level: str  # from then on; empty of a surge
    code: str  # why, of what nobody signed
    actor: str  # who, or what
    fingerprint: str
    rows: int | None = None  # that a grant rests on, and how many of them were wrong
    wrong: int | None = None


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    connection.execute(
        "insert into level_changes (workflow, seq, action, segment, at_us, kind, level, code,"
        " actor, fingerprint, evidence_rows, evidence_wrong)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
        (
            entry.workflow, entry.seq, entry.word("action"), entry.word("segment"), entry.at_us,
            _KINDS[entry.event], entry.word("level"), entry.word("code"), entry.actor.ref,
            entry.word("fingerprint"), entry.number("rows"), entry.number("wrong"),
        ),
    )  # fmt: skip


def of_cell(
    connection: Connection, cell: Cell, *, since_us: int = 0, limit: int = 200
) -> list[LevelChange]:
    """Return what moved a cell since then, the oldest first; of more than `limit` the newest."""
    rows = connection.rows(
        "select at_us, kind, level, code, actor, fingerprint, evidence_rows, evidence_wrong"
        " from level_changes where workflow = ? and action = ? and segment = ? and at_us >= ?"
        " order by at_us desc, seq desc limit ?",
        (cell.workflow, cell.action, cell.segment, since_us, limit),
    )
    return [
        LevelChange(
            at_us=int(row[0]), kind=str(row[1]), level=str(row[2]), code=str(row[3]),
            actor=str(row[4]), fingerprint=str(row[5]),
            rows=None if row[6] is None else int(row[6]),
            wrong=None if row[7] is None else int(row[7]),
        )
        for row in reversed(rows)
    ]  # fmt: skip
