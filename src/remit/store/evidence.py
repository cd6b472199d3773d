"""Rows of evidence and what was said of each: a projection."""

from collections.abc import Iterator
from typing import Final

from remit.domain.autonomy import TIES, Cell, tie
from remit.domain.check_event import SEEDED
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.store.among import Workflows, among
from remit.store.connection import Connection, Parameter, Row

SCHEMA = (
    """create table if not exists evidence (
        action_id text primary key,
        case_id text not null,
        workflow text not null,
        action text not null,
        segment text not null,
        fingerprint text not null,
        cluster text not null,
        at_us integer not null,
        level text not null,
        score integer,
        share_ppm integer not null,
        draw integer,
        drawn integer not null,
        day text not null,
        eligible integer not null,
        alone integer not null,
        outcome text not null,
        code text not null,
        source text not null,
        severity text not null,
        reviewer text not null,
        blind integer not null,
        settled integer not null,
        label_us integer,
        labels integer not null,
        asks text not null,
        due_us integer not null,
        contested_by text not null,
        was_reviewer text not null,
        was_outcome text not null,
        gone integer not null
    )""",
    """create index if not exists evidence_cell
        on evidence (workflow, action, segment, at_us, action_id)""",
    """create index if not exists evidence_unlabelled on evidence (workflow, at_us, action_id)
        where drawn = 1 and eligible = 1 and labels = 0""",
    """create index if not exists evidence_asks on evidence (due_us, action_id, workflow)
        where asks <> ''""",
    """create index if not exists evidence_twice on evidence (workflow, label_us, action_id)
        where source = 'double'""",
)

TABLES = ("evidence",)

EVENTS: Final = frozenset(
    {
        "policy:action:decided",
        "governance:label:given",
        "governance:label:contested",
        "governance:reviewer:alarmed",
    }
)
AGAIN_US: Final = 90 * 86_400_000_000  # so far back is judged again what somebody waved through
LOOK_US: Final = 3 * 86_400_000_000  # within which a person should have judged what asks for it

COLUMNS = (
    "action_id, case_id, workflow, action, segment, fingerprint, cluster, at_us, level, score,"
    " share_ppm, draw, drawn, day, eligible, alone, outcome, code, source, severity, reviewer,"
    " blind, settled, label_us, labels, asks, due_us, contested_by,"
    " was_reviewer, was_outcome, gone"
)

# What a row asks of people: the first judgement of what ran alone, what they did themselves, a
# second judgement, a second name under a void or a correction.
AUDIT, OWN, SECOND, VOID, PENDING, CONTESTED = (
    "audit", "own", "second", "void", "pending", "contested",
)  # fmt: skip

PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """A proposal as evidence; times in microseconds since 1970, the score in 10^-12."""

    action_id: str
    case_id: str
    workflow: str
    action: str
    segment: str
    fingerprint: str
    cluster: str
    at_us: int  # when it was decided first: the order in which rows are folded
    level: str  # at which it was decided
    score: int | None  # none where no model chose
    share_ppm: int
    draw: int | None  # of 2^53; none where no key of the day was committed
    drawn: bool
    day: str
    eligible: bool
    alone: bool
    outcome: str = ""  # as it was said last: right | wrong | void | pending
    code: str = ""
    source: str = ""
    severity: str = ""
    reviewer: str = ""
    blind: bool = False
    settled: bool = False
    label_us: int | None = None
    labels: int = 0  # how often something was said
    asks: str = ""  # of people: audit | own | second | void | pending | contested
    due_us: int = 0  # until when they should have answered
    contested_by: str = ""  # who says that `wrong` is wrong
    gone: bool = False  # it would not run any more: left out, unless it was wrong

    @property
    def counts(self) -> bool:
        """Does it count? What would not run any more is left out once it is known to be right."""
        return not self.gone or self.outcome != "right"

    @property
    def cell(self) -> Cell:
        return Cell(workflow=self.workflow, action=self.action, segment=self.segment)


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry: a proposal is a row once, by its first decision."""
    if entry.event == "governance:reviewer:alarmed":  # what they called right is judged again
        connection.execute(
            "update evidence set asks = ?, due_us = ? where workflow = ? and reviewer = ?"
            " and outcome = 'right' and source <> 'double' and at_us >= ?",
            (
                SECOND,
                entry.at_us + LOOK_US,
                entry.workflow,
                entry.word("reviewer"),
                entry.at_us - AGAIN_US,
            ),
        )
        return
    if entry.event == "governance:label:contested":
        connection.execute(
            "update evidence set asks = ?, due_us = ?, contested_by = ? where action_id = ?",
            (
                CONTESTED,
                entry.at_us + LOOK_US,
                entry.word("person"),
                entry.word("action_id"),
            ),
        )
        return
    if entry.event == "governance:label:given":
        connection.execute(
            "update evidence set outcome = ?, code = ?, source = ?, severity = ?, reviewer = ?,"
            " blind = ?, settled = ?, label_us = ?, labels = ?, asks = ?, due_us = ?,"
            " contested_by = '', was_reviewer = reviewer, was_outcome = outcome"
            " where action_id = ?",
            (
                entry.word("outcome"),
                entry.word("code"),
                entry.word("source"),
                entry.word("severity"),
                entry.word("reviewer"),
                _flag(entry, "blind"),
                _flag(entry, "settled"),
                entry.at_us,
                entry.number("number"),
                _asks_still(entry),
                entry.at_us + LOOK_US,
                entry.word("action_id"),
            ),
        )
        return
    if entry.number("share_ppm") is None or entry.tenant == SEEDED:
        return  # decided again, or an undo: it is no row, or is one already; or a check
    score = entry.number("score_ppm")
    connection.later(
        f"insert into evidence ({COLUMNS}) values"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '', '', 0, 0, null, 0,"
        " ?, ?, '', '', '', 0)"
        " on conflict (action_id) do nothing",
        [
            (
                entry.word("action_id"),
                entry.case_id,
                entry.workflow,
                entry.word("action"),
                entry.word("segment"),
                entry.word("behaviour"),
                entry.word("cluster"),
                entry.at_us,
                entry.word("level"),
                None if score is None else score * TIES + tie(entry.word("action_id")),
                entry.number("share_ppm"),
                entry.number("draw"),
                _flag(entry, "drawn"),
                entry.word("day"),
                _flag(entry, "eligible"),
                _flag(entry, "alone"),
                _asks(entry),
                entry.at_us + LOOK_US,
            ),
        ],
    )


def _asks(entry: Entry) -> str:
    """Return what a new row asks of people: nothing, where they decide it anyway."""
    if entry.body.get("drawn") is not True or entry.body.get("eligible") is not True:
        return ""
    if entry.body.get("alone") is True:
        return AUDIT
    return OWN if entry.word("level") in {"shadow", "draft"} else ""


def _asks_still(entry: Entry) -> str:
    """Return what a row asks of people after something was said of it."""
    match entry.word("outcome"):
        case "right":
            return SECOND if entry.body.get("again") is True else ""
        case "void":
            return "" if entry.body.get("settled") is True else VOID
        case "pending":
            return PENDING
        case _:
            return ""


def _flag(entry: Entry, name: str) -> int:
    return int(entry.body.get(name) is True)


def find(connection: Connection, action_id: str) -> EvidenceRow | None:
    """Return the row of that proposal."""
    row = connection.one(f"select {COLUMNS} from evidence where action_id = ?", (action_id,))
    return None if row is None else row_of(row)


def of_cell(
    connection: Connection,
    cell: Cell,
    *,
    since_us: int = 0,
    until_us: int | None = None,
    fingerprint: str | None = None,
) -> Iterator[EvidenceRow]:
    """Yield the rows of a cell in decision order; with a fingerprint its eligible ones alone."""
    after: tuple[Parameter, ...] = (since_us, "")
    until = () if until_us is None else (until_us,)
    of = () if fingerprint is None else (fingerprint,)
    while True:
        rows = connection.rows(
            f"select {COLUMNS} from evidence where workflow = ? and action = ? and segment = ?"
            f" and (at_us, action_id) > (?, ?){' and at_us <= ?' if until else ''}"
            f"{' and fingerprint = ? and eligible = 1' if of else ''}"
            " order by at_us, action_id limit ?",
            (cell.workflow, cell.action, cell.segment, *after, *until, *of, PAGE),
        )
        yield from map(row_of, rows)
        if len(rows) < PAGE:
            return
        after = (rows[-1][7], rows[-1][0])


def eligible_since(connection: Connection, cell: Cell, *, since_us: int) -> int:
    """Return how many eligible proposals of a cell were decided after that."""
    value = connection.value(
        "select count(*) from evidence where workflow = ? and action = ? and segment = ?"
        " and at_us > ? and eligible = 1",
        (cell.workflow, cell.action, cell.segment, since_us),
    )
    return int(str(value))


def judged_since(connection: Connection, cell: Cell, fingerprint: str, *, since_us: int) -> int:
    """Return how many drawn rows with a score were judged right or wrong of those since then."""
    value = connection.value(
        "select count(*) from evidence where workflow = ? and action = ? and segment = ?"
        " and at_us >= ? and fingerprint = ? and eligible = 1 and drawn = 1"
        " and score is not null and outcome in ('right', 'wrong')",
        (cell.workflow, cell.action, cell.segment, since_us, fingerprint),
    )
    return int(str(value))


def unlabelled(
    connection: Connection, workflow: str, *, after: tuple[int, str] = (0, ""), limit: int = 200
) -> list[EvidenceRow]:
    """Return what the coin drew and nobody has said anything of, the oldest first."""
    rows = connection.rows(
        f"select {COLUMNS} from evidence where workflow = ? and drawn = 1 and eligible = 1"
        " and labels = 0 and (at_us, action_id) > (?, ?) order by at_us, action_id limit ?",
        (workflow, *after, limit),
    )
    return [row_of(row) for row in rows]


def asking(
    connection: Connection,
    workflow: Workflows,
    *,
    after: tuple[int, str] = (0, ""),
    limit: int = 200,
) -> list[EvidenceRow]:
    """Return what asks people to be judged, the first due first, after a cursor of (due, id)."""
    clause, names = among(workflow)
    rows = connection.rows(
        f"select {COLUMNS} from evidence where asks <> '' and {clause}"
        " and (due_us, action_id) > (?, ?) order by due_us, action_id limit ?",
        (*names, *after, limit),
    )
    return [row_of(row) for row in rows]


def judged_twice(
    connection: Connection, workflow: str, *, limit: int
) -> list[tuple[str, str, str, str, str]]:
    """Return of the last rows that two people judged: row, first and answer, second and answer."""
    rows = connection.rows(
        "select action_id, was_reviewer, was_outcome, reviewer, outcome from evidence"
        " where workflow = ? and source = 'double' and was_reviewer <> ''"
        " order by label_us desc, action_id limit ?",
        (workflow, limit),
    )
    return [(str(r[0]), str(r[1]), str(r[2]), str(r[3]), str(r[4])) for r in rows]


def cells(connection: Connection, workflow: str) -> list[Cell]:
    """Return the cells of a workflow that have rows."""
    rows = connection.rows(
        "select distinct action, segment from evidence where workflow = ? order by 1, 2",
        (workflow,),
    )
    return [Cell(workflow=workflow, action=str(row[0]), segment=str(row[1])) for row in rows]


def streams(connection: Connection, *, workflow: str, action: str) -> list[tuple[Cell, str]]:
    """Return each cell of an action that has rows, with each fingerprint that made them."""
    rows = connection.rows(
        "select distinct segment, fingerprint from evidence where workflow = ? and action = ?"
        " order by 1, 2",
        (workflow, action),
    )
    return [
        (Cell(workflow=workflow, action=action, segment=str(row[0])), str(row[1])) for row in rows
    ]


def first_of(connection: Connection, *, workflow: str, fingerprint: str) -> dict[str, int]:
    """Return the actions with eligible rows of a fingerprint, and when the first was decided."""
    rows = connection.rows(
        "select action, min(at_us) from evidence where workflow = ? and fingerprint = ?"
        " and eligible = 1 group by action order by action",
        (workflow, fingerprint),
    )
    return {str(row[0]): int(row[1]) for row in rows}


def row_of(row: Row) -> EvidenceRow:
    """Return a row of these columns."""
    return EvidenceRow(
        action_id=row[0],
        case_id=row[1],
        workflow=row[2],
        action=row[3],
        segment=row[4],
        fingerprint=row[5],
        cluster=row[6],
        at_us=row[7],
        level=row[8],
        score=row[9],
        share_ppm=row[10],
        draw=row[11],
        drawn=bool(row[12]),
        day=row[13],
        eligible=bool(row[14]),
        alone=bool(row[15]),
        outcome=row[16],
        code=row[17],
        source=row[18],
        severity=row[19],
        reviewer=row[20],
        blind=bool(row[21]),
        settled=bool(row[22]),
        label_us=row[23],
        labels=row[24],
        asks=row[25],
        due_us=row[26],
        contested_by=row[27],
        gone=bool(row[30]),
    )
