"""Rows of what may be done now: grants, stops, and the version that every change of them bumps."""

from dataclasses import dataclass

from remit.domain.autonomy import TIES, WHOLE
from remit.domain.entry import Entry
from remit.store import locks, stops
from remit.store.connection import Connection, Row

AUTHORITY = "authority"  # held by who changes a grant or stop, shared by who acts on them

SCHEMA = (
    """create table if not exists grants (
        workflow text not null,
        action text not null,
        segment text not null,
        level text not null,
        fingerprint text not null,
        signer text not null,
        expires_us integer not null,
        given_us integer not null,
        threshold_ppm integer,
        threshold_tie integer not null,
        low_mark_ppm integer,
        evidence_rows integer not null,
        evidence_wrong integer not null,
        evidence_last text not null,
        attempt integer not null,
        sensitivity_ppm integer not null,
        counted_since_us integer not null,
        primary key (workflow, action, segment)
    )""",
    """create table if not exists surges (
        workflow text not null,
        action text not null,
        segment text not null,
        begun_us integer not null,
        cases integer not null,
        code text not null,
        primary key (workflow, action, segment)
    )""",
    *stops.SCHEMA,
    "create table if not exists versions (subject text primary key, n integer not null)",
)

_COLUMNS = (
    "level, fingerprint, signer, expires_us, given_us, threshold_ppm, threshold_tie, low_mark_ppm,"
    " evidence_rows, evidence_wrong, evidence_last, attempt, sensitivity_ppm, counted_since_us"
)

TABLES = ("grants", "surges", *stops.TABLES, "versions")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """The level in force for one cell."""

    level: str
    fingerprint: str
    signer: str  # empty: it was lowered before anything was given
    expires_us: int
    given_us: int  # since when it stands, raised or lowered
    threshold_ppm: int | None = None  # certified; none where no model chooses, or none is
    threshold_tie: int = 0
    low_mark_ppm: int | None = None
    evidence_rows: int = 0  # that were counted for it, and how many of them were wrong
    evidence_wrong: int = 0
    evidence_last: str = ""  # action id of the last of them
    attempt: int = 0
    sensitivity_ppm: int = 0  # of reviewers, at the least, when it was given
    counted_since_us: int = 0
    segment: str = WHOLE

    @property
    def score(self) -> int:
        """The least score, in 10^-12, that may act alone; 0 where no model chooses."""
        return (self.threshold_ppm or 0) * TIES + self.threshold_tie


@dataclass(frozen=True, slots=True, kw_only=True)
class SurgeRow:
    """A cell of which each case is looked at for a while."""

    begun_us: int
    cases: int
    code: str
    segment: str = WHOLE


EVENTS = frozenset(
    {
        "governance:grant:given",
        "governance:grant:lowered",
        "governance:surge:begun",
        "governance:surge:ended",
        "policy:limit:raised",
        *stops.EVENTS,
    }
)
MOVING = EVENTS - {"policy:stop_lift:asked"}  # what changes what may be done


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    if entry.event not in EVENTS:
        return
    moving(connection)
    match entry.event:
        case "governance:grant:given":
            connection.execute(
                f"insert into grants (workflow, action, segment, {_COLUMNS})"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " on conflict (workflow, action, segment) do update set"
                " level = excluded.level, fingerprint = excluded.fingerprint,"
                " signer = excluded.signer, expires_us = excluded.expires_us,"
                " given_us = excluded.given_us, threshold_ppm = excluded.threshold_ppm,"
                " threshold_tie = excluded.threshold_tie, low_mark_ppm = excluded.low_mark_ppm,"
                " evidence_rows = excluded.evidence_rows,"
                " evidence_wrong = excluded.evidence_wrong,"
                " evidence_last = excluded.evidence_last, attempt = excluded.attempt,"
                " sensitivity_ppm = excluded.sensitivity_ppm,"
                " counted_since_us = excluded.counted_since_us",
                (
                    *_cell(entry),
                    entry.word("level"),
                    entry.word("fingerprint"),
                    entry.word("signer"),
                    entry.number("expires_us"),
                    entry.at_us,
                    entry.number("threshold_ppm"),
                    entry.number("threshold_tie") or 0,
                    entry.number("low_mark_ppm"),
                    entry.number("rows") or 0,
                    entry.number("wrong") or 0,
                    entry.word("last"),
                    entry.number("attempt") or 0,
                    entry.number("sensitivity_ppm") or 0,
                    entry.number("since_us") or 0,
                ),
            )
        case "governance:grant:lowered":
            connection.execute(
                f"insert into grants (workflow, action, segment, {_COLUMNS})"
                " values (?, ?, ?, ?, ?, '', 0, ?, null, 0, null, 0, 0, '', 0, 0, 0)"
                " on conflict (workflow, action, segment) do update set"
                " level = excluded.level, given_us = excluded.given_us",
                (*_cell(entry), entry.word("level"), entry.word("fingerprint"), entry.at_us),
            )
        case "governance:surge:begun":
            connection.execute(
                "insert into surges (workflow, action, segment, begun_us, cases, code)"
                " values (?, ?, ?, ?, ?, ?) on conflict (workflow, action, segment) do update set"
                " begun_us = excluded.begun_us, cases = excluded.cases, code = excluded.code",
                (*_cell(entry), entry.at_us, entry.number("cases"), entry.word("code")),
            )
        case "governance:surge:ended":
            connection.execute(
                "delete from surges where workflow = ? and action = ? and segment = ?",
                _cell(entry),
            )
        case _:
            stops.project(connection, entry)
    if entry.event in MOVING:
        moved(connection)


def moving(connection: Connection) -> None:
    """Wait until nobody decides on what may be done now, and keep others from it until the end."""
    locks.hold(connection, AUTHORITY)


def moved(connection: Connection) -> None:
    """Raise the version of what may be done: whoever has read the one before decides again."""
    connection.execute(
        "insert into versions (subject, n) values ('authority', 1)"
        " on conflict (subject) do update set n = versions.n + 1"
    )


def keep(connection: Connection) -> None:
    """Keep grants and stops as they are until this transaction ends; whoever comes later waits."""
    locks.share(connection, AUTHORITY)


def keep_before(connection: Connection) -> None:
    """Keep them as they are from before the next statement is run."""
    locks.share_before(connection, AUTHORITY)


def version(connection: Connection) -> int:
    """Return the number that every change of a grant or stop raises."""
    value = connection.value("select n from versions where subject = 'authority'")
    return 0 if value is None else int(str(value))


def grant(
    connection: Connection, *, workflow: str, action: str, segment: str = WHOLE
) -> GrantRow | None:
    """Return the grant in force for that cell."""
    row = connection.one(
        f"select {_COLUMNS}, segment from grants"
        " where workflow = ? and action = ? and segment = ?",
        (workflow, action, segment),
    )
    return None if row is None else _grant(row)


def grants_of(connection: Connection, *, workflow: str, action: str) -> list[GrantRow]:
    """Return the grants of all segments of an action, by their name."""
    rows = connection.rows(
        f"select {_COLUMNS}, segment from grants where workflow = ? and action = ?"
        " order by segment",
        (workflow, action),
    )
    return [_grant(row) for row in rows]


def surge(
    connection: Connection, *, workflow: str, action: str, segment: str = WHOLE
) -> SurgeRow | None:
    """Return the surge of a cell that was begun and not ended."""
    row = connection.one(
        "select begun_us, cases, code, segment from surges"
        " where workflow = ? and action = ? and segment = ?",
        (workflow, action, segment),
    )
    if row is None:
        return None
    return SurgeRow(
        begun_us=int(str(row[0])), cases=int(str(row[1])), code=str(row[2]), segment=str(row[3])
    )


def _cell(entry: Entry) -> tuple[str, str, str]:
    return entry.workflow, entry.word("action"), entry.word("segment")


def _grant(row: Row) -> GrantRow:
    threshold, low_mark = row[5], row[7]
    return GrantRow(
        level=str(row[0]),
        fingerprint=str(row[1]),
        signer=str(row[2]),
        expires_us=int(str(row[3])),
        given_us=int(str(row[4])),
        threshold_ppm=None if threshold is None else int(str(threshold)),
        threshold_tie=int(str(row[6])),
        low_mark_ppm=None if low_mark is None else int(str(low_mark)),
        evidence_rows=int(str(row[8])),
        evidence_wrong=int(str(row[9])),
        evidence_last=str(row[10]),
        attempt=int(str(row[11])),
        sensitivity_ppm=int(str(row[12])),
        counted_since_us=int(str(row[13])),
        segment=str(row[14]),
    )
