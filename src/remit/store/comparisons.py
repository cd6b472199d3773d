"""Rows of comparisons, and of what came of each of their cases: a projection."""

from collections.abc import Sequence
from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.store.connection import Connection, Row
from remit.store.evidence import COLUMNS as EVIDENCE_COLUMNS
from remit.store.evidence import EvidenceRow, row_of

SCHEMA = (
    """create table if not exists comparisons (
        comparison_id text primary key,
        workflow text not null,
        action text not null,
        segment text not null,
        fingerprint text not null,
        before_them text not null,
        person text not null,
        cases integer not null,
        asked integer not null,
        started_us integer not null,
        ended_us integer,
        state text not null,
        code text not null,
        results text not null
    )""",
    """create index if not exists comparisons_cell
        on comparisons (workflow, action, segment, started_us, comparison_id)""",
    """create table if not exists compared_cases (
        comparison_id text not null,
        position integer not null,
        case_id text not null,
        action_id text not null,
        was_right integer not null,
        came text not null,
        code text not null,
        parameters text not null,
        primary key (comparison_id, position)
    )""",
)

TABLES = ("comparisons", "compared_cases")

EVENTS: Final = frozenset(
    {
        "governance:comparison:started", "governance:comparison:compared",
        "governance:comparison:finished", "governance:comparison:abandoned",
    }
)  # fmt: skip

STARTED, FINISHED, ABANDONED = "started", "finished", "abandoned"
COLUMNS = (
    "comparison_id, workflow, action, segment, fingerprint, before_them, person, cases, asked,"
    " started_us, ended_us, state, code, results"
)
CASES_PAGE: Final = 200  # ids in one query


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonRow:
    """A comparison at a glance; times in microseconds since 1970."""

    comparison_id: str
    workflow: str
    action: str
    segment: str
    fingerprint: str
    before: tuple[str, ...]
    person: str
    cases: int
    asked: int
    started_us: int
    ended_us: int | None
    state: str  # started | finished | abandoned
    code: str
    results: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """What came of one case."""

    position: int
    case_id: str
    action_id: str
    right: bool  # the proposal of before was right
    came: str
    code: str
    parameters: tuple[str, ...]


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "governance:comparison:started":
            connection.execute(
                f"insert into comparisons ({COLUMNS})"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, null, 'started', '', '')",
                (
                    entry.word("comparison_id"), entry.workflow, entry.word("action"),
                    entry.word("segment"), entry.word("fingerprint"),
                    " ".join(entry.words("before")), entry.word("person"),
                    entry.number("cases"), entry.number("asked"), entry.at_us,
                ),
            )  # fmt: skip
        case "governance:comparison:compared":
            connection.execute(
                "insert into compared_cases (comparison_id, position, case_id, action_id,"
                " was_right, came, code, parameters) values (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    entry.word("comparison_id"), entry.number("position"), entry.word("case_id"),
                    entry.word("action_id"), int(entry.body.get("right") is True),
                    entry.word("came"), entry.word("code"), " ".join(entry.words("parameters")),
                ),
            )  # fmt: skip
        case "governance:comparison:finished":
            _end(connection, entry, FINISHED)
        case _:
            _end(connection, entry, ABANDONED)


def _end(connection: Connection, entry: Entry, state: str) -> None:
    connection.execute(
        "update comparisons set ended_us = ?, state = ?, code = ?, results = ?"
        " where comparison_id = ?",
        (entry.at_us, state, entry.word("code"), entry.word("results"),
         entry.word("comparison_id")),
    )  # fmt: skip


def labelled(
    connection: Connection, cell: Cell, *, but: str, since_us: int, limit: int
) -> list[EvidenceRow]:
    """Return the newest rows of other behaviours that were drawn and called right or wrong."""
    rows = connection.rows(
        f"select {EVIDENCE_COLUMNS} from evidence where workflow = ? and action = ?"
        " and segment = ? and at_us >= ? and fingerprint <> ? and fingerprint <> ''"
        " and drawn = 1 and eligible = 1 and outcome in ('right', 'wrong')"
        " order by at_us desc, action_id desc limit ?",
        (cell.workflow, cell.action, cell.segment, since_us, but, limit),
    )
    return [row_of(row) for row in rows]


def asked(connection: Connection, case_ids: Sequence[str]) -> int:
    """Return how many answers of models these cases took."""
    if not case_ids:
        return 0
    names = sorted(set(case_ids))[:CASES_PAGE]
    found = connection.value(
        "select count(*) from entries where event = 'orchestration:model:answered'"
        f" and case_id in ({', '.join('?' * len(names))})",
        tuple(names),
    )
    return int(str(found))


def find(connection: Connection, comparison_id: str) -> ComparisonRow | None:
    """Return a comparison; `None` where there is none."""
    row = connection.one(
        f"select {COLUMNS} from comparisons where comparison_id = ?", (comparison_id,)
    )
    return None if row is None else _row(row)


def newest(
    connection: Connection, cell: Cell, *, state: str | None = None, limit: int = 1
) -> list[ComparisonRow]:
    """Return the comparisons of a cell, the newest first; with `state` only those in it."""
    rows = connection.rows(
        f"select {COLUMNS} from comparisons where workflow = ? and action = ? and segment = ?"
        f"{'' if state is None else ' and state = ?'}"
        " order by started_us desc, comparison_id desc limit ?",
        (cell.workflow, cell.action, cell.segment, *(() if state is None else (state,)), limit),
    )
    return [_row(row) for row in rows]


def cases(connection: Connection, comparison_id: str) -> list[ComparedRow]:
    """Return what came of each case of a comparison, in order."""
    rows = connection.rows(
        "select position, case_id, action_id, was_right, came, code, parameters"
        " from compared_cases where comparison_id = ? order by position",
        (comparison_id,),
    )
    return [
        ComparedRow(
            position=int(row[0]), case_id=str(row[1]), action_id=str(row[2]), right=bool(row[3]),
            came=str(row[4]), code=str(row[5]), parameters=tuple(str(row[6]).split()),
        )
        for row in rows
    ]  # fmt: skip


def _row(row: Row) -> ComparisonRow:
    return ComparisonRow(
        comparison_id=str(row[0]), workflow=str(row[1]), action=str(row[2]), segment=str(row[3]),
        fingerprint=str(row[4]), before=tuple(str(row[5]).split()), person=str(row[6]),
        cases=int(row[7]), asked=int(row[8]), started_us=int(row[9]),
        ended_us=None if row[10] is None else int(row[10]), state=str(row[11]), code=str(row[12]),
        results=str(row[13]),
    )  # fmt: skip
