"""Rows of legal holds: what must not go, on whose word, and until when somebody looks again."""

from collections.abc import Sequence
from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists legal_holds (
        hold_id text primary key,
        kind text not null,
        ref text not null,
        ground text not null,
        placed_by text not null,
        placed_us integer not null,
        review_us integer not null,
        released_by text not null,
        released_us integer
    )""",
    """create index if not exists legal_holds_standing on legal_holds (kind, ref)
        where released_us is null""",
)

TABLES = ("legal_holds",)

COLUMNS = "hold_id, kind, ref, ground, placed_by, placed_us, review_us, released_by, released_us"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """A legal hold; times in microseconds since 1970."""

    hold_id: str
    kind: str  # case | person | workflow | range
    ref: str
    ground: str
    placed_by: str
    placed_us: int
    review_us: int
    released_by: str
    released_us: int | None

    @property
    def positions(self) -> tuple[int, int]:
        """The first and last position of a range."""
        first, _, last = self.ref.partition("..")
        return int(first), int(last)


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "ledger:legal_hold:placed":
            connection.execute(
                f"insert into legal_holds ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, '', null)",
                (
                    entry.word("hold_id"),
                    entry.word("kind"),
                    entry.word("ref"),
                    entry.word("ground"),
                    entry.actor.ref,
                    entry.at_us,
                    entry.number("review_us"),
                ),
            )
        case "ledger:legal_hold:released":
            connection.execute(
                "update legal_holds set released_by = ?, released_us = ? where hold_id = ?",
                (entry.actor.ref, entry.at_us, entry.word("hold_id")),
            )
        case _:
            pass


def find(connection: Connection, hold_id: str) -> HoldRow | None:
    """Return one legal hold."""
    row = connection.one(f"select {COLUMNS} from legal_holds where hold_id = ?", (hold_id,))
    return None if row is None else HoldRow(**dict(zip(_NAMES, row, strict=True)))


def every(connection: Connection, *, standing: bool) -> list[HoldRow]:
    """Return legal holds, the oldest first; with `standing` only those that were not released."""
    where = " where released_us is null" if standing else ""
    rows = connection.rows(f"select {COLUMNS} from legal_holds{where} order by placed_us, hold_id")
    return [HoldRow(**dict(zip(_NAMES, row, strict=True))) for row in rows]


def on_cases(connection: Connection, case_ids: Sequence[str]) -> list[HoldRow]:
    """Return the standing legal holds that any of these cases is under."""
    return [
        hold
        for hold in every(connection, standing=True)
        if any(_covers(connection, hold, case_id) for case_id in case_ids)
    ]


def _covers(connection: Connection, hold: HoldRow, case_id: str) -> bool:
    match hold.kind:
        case "case":
            return hold.ref == case_id
        case "person":
            sql = "select 1 from cases where case_id = ? and subject = ?"
            return connection.one(sql, (case_id, hold.ref)) is not None
        case "workflow":
            sql = "select 1 from cases where case_id = ? and workflow = ?"
            return connection.one(sql, (case_id, hold.ref)) is not None
        case "range":
            sql = (
                "select 1 from entry_order where case_id = ? and position between ? and ? limit 1"
            )
            return connection.one(sql, (case_id, *hold.positions)) is not None
        case _:
            return True  # a kind that this Remit does not know holds everything


_NAMES = tuple(name.strip() for name in COLUMNS.split(","))
