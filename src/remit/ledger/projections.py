"""Rows made anew from the entries, compared with the live ones, and put in their place on demand.

The rows that pages and the gate read are folded from entries by one function of their noun, live
and here, so the two can only differ where somebody changed rows or where the fold is wrong. They
are made anew in a private database: nothing is locked, and a process that serves goes on.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from remit.domain.actor import service
from remit.domain.entry import Draft, Entry
from remit.domain.ledger_event import ProjectionsRebuilt
from remit.ledger.chain import CONTROL_WORKFLOW
from remit.ledger.entry import parse
from remit.ledger.pruned import month_of
from remit.store import kpi_days, marks, projections, prunes, tables
from remit.store import shadow as shadow_rows
from remit.store.connection import Connection, Row
from remit.store.database import Database
from remit.store.shadow import COUNT, SLOT, scratch
from remit.store.tables import Table
from remit.store.tally import Tally
from remit.store.unit import UnitOfWork

PAGE_ENTRIES: Final = 2_000
DIFFERENCES_MAX: Final = 100  # named; all are counted

Value = str | int | float | bytes | None
Progress = Callable[[int, int], None]  # entries done, entries in all


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One column of one row that is not what the entries say; both `None` for a whole row."""

    table: str
    key: Mapping[str, Value]
    column: str  # empty: the row is on one side only
    live: Value
    rebuilt: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One table: how many rows, a digest of each side, and the days on which they differ."""

    table: str
    rows: int
    live: str
    rebuilt: str
    days: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionReport:
    """What a rebuild found; `result` is `equal` or `different`."""

    size: int  # entries that were folded
    cpu_seconds: float
    tables: tuple[Compared, ...]
    differing: int
    differences: tuple[Difference, ...]  # the first of them

    @property
    def result(self) -> str:
        return "different" if self.differing else "equal"

    @property
    def lines(self) -> tuple[str, ...]:
        """The report as a person reads it."""
        rate = self.size / self.cpu_seconds if self.cpu_seconds else 0.0
        said = [f"{self.size:,} entries folded, {rate:,.0f} a second of processor time"]
        said += [
            f"{one.table:<12} {one.rows:>9,} rows  "
            + (f"differs on {', '.join(one.days[:5])}" if one.days else "as the entries say")
            for one in self.tables
        ]
        for one in self.differences:
            key = ", ".join(f"{name} {value!s}" for name, value in one.key.items())
            what = (
                f"{one.column} is {one.live!r}, and {one.rebuilt!r} by the entries"
                if one.column
                else ("the entries know no such row" if one.rebuilt is None else "it is not there")
            )
            said.append(f"{one.table} ({key}): {what}")
        if self.differing > len(self.differences):
            said.append(f"and {self.differing - len(self.differences):,} more differences")
        return tuple(said)


def check(database: Database, *, progress: Progress | None = None) -> ProjectionReport:
    """Fold every entry and compare the rows with the live ones, in one snapshot; changes nothing.

    Raises `NewerEntryError` and the errors of the store.
    """

    def work(connection: Connection) -> ProjectionReport:
        with scratch(projections.SCHEMA) as shadow:
            return _report(connection, shadow, progress)

    return database.read(work)


def rebuild(
    uow: UnitOfWork, *, stream: str, by: str, progress: Progress | None = None
) -> ProjectionReport:
    """Put the rows that the entries say in place of those that differ, and record it.

    Runs inside one unit of the writer: rows, entry and checkpoint are one commit, or nothing.
    """
    connection = uow.connection
    uow.flush()
    shadow_rows.lock(connection, projections.TABLES)
    with scratch(projections.SCHEMA) as shadow:
        report = _report(connection, shadow, progress)
        for one in report.tables:
            if one.days:
                shadow_rows.swap(connection, shadow, one.table)
    if report.differing:
        marks.forget_all(connection)
        uow.append(
            Draft(
                event=ProjectionsRebuilt(
                    size=report.size,
                    tables=tuple(one.table for one in report.tables if one.days),
                    differences=report.differing,
                    by=by,
                ),
                case_id=stream,
                workflow=CONTROL_WORKFLOW,
                actor=service("ledger"),
            )
        )
    return report


def entries(connection: Connection) -> Iterator[Entry]:
    """Yield every entry in order of position, then those that wait for one; without content."""
    last = -1
    while page := connection.rows(
        "SELECT o.position, e.leaf FROM entry_order o JOIN entries e"
        " ON e.case_id = o.case_id AND e.seq = o.seq"
        " WHERE o.position > ? ORDER BY o.position LIMIT ?",
        (last, PAGE_ENTRIES),
    ):
        last = page[-1][0]
        for _, leaf in page:
            yield parse(leaf).entry
    if "pending" not in tables.names(connection):
        return
    last = -1
    while page := connection.rows(
        "SELECT p.arrival, e.leaf FROM pending p JOIN entries e"
        " ON e.case_id = p.case_id AND e.seq = p.seq"
        " WHERE p.arrival > ? ORDER BY p.arrival LIMIT ?",
        (last, PAGE_ENTRIES),
    ):
        last = page[-1][0]
        for _, leaf in page:
            yield parse(leaf).entry


# -- making anew ---------------------------------------------------------------------------------


def _report(
    connection: Connection, shadow: Connection, progress: Progress | None
) -> ProjectionReport:
    began = time.process_time()
    size = _fold(connection, shadow, progress)
    took = time.process_time() - began
    found = [_Comparison(tables.table(shadow, name)) for name in projections.TABLES]
    for one in found:
        one.run(connection, shadow)
    named = [difference for one in found for difference in one.differences]
    return ProjectionReport(
        size=size,
        cpu_seconds=round(took, 3),
        tables=tuple(one.compared() for one in found),
        differing=sum(one.differing for one in found),
        differences=tuple(named[:DIFFERENCES_MAX]),
    )


def _fold(connection: Connection, shadow: Connection, progress: Progress | None) -> int:
    whole = int(connection.value("SELECT size FROM ledger_head") or 0)
    kpi_days.seed(shadow, prunes.carried(connection))
    done, tally, going = 0, Tally(), _Going(connection)
    for entry in entries(connection):
        if not going.has(entry):
            projections.project(shadow, entry, tally)
        elif going.stays(entry):
            projections.project(shadow, entry, tally, counted=False)
        done += 1
        if done % PAGE_ENTRIES == 0:
            tally.write(shadow)
            tally = Tally()
        if progress is not None and done % PAGE_ENTRIES == 0:
            progress(done, whole)
    tally.write(shadow)
    if progress is not None:
        progress(done, max(whole, done))
    return done


class _Going:
    """Months that an entry says are pruned, of which entries may still be there.

    What they count for was carried with that entry, and their rows go page by page: an entry of
    a case whose row has gone waits for its own deletion and makes no row.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        leaves = connection.rows(
            "SELECT leaf FROM entries WHERE event = ?", ("ledger:range:pruned",)
        )
        self._months = {parse(leaf).entry.word("month") for (leaf,) in leaves}

    def has(self, entry: Entry) -> bool:
        """Tell whether an entry is of such a month."""
        return bool(self._months) and month_of(entry.case_id) in self._months

    def stays(self, entry: Entry) -> bool:
        """Tell whether the row of its case is still there."""
        found = self._connection.one("SELECT 1 FROM cases WHERE case_id = ?", (entry.case_id,))
        return found is not None


# -- comparing -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Comparison:
    """Walks two tables in the order of their key."""

    table: Table
    rows: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    digests: dict[tuple[str, str], "_Digest"] = field(default_factory=dict)  # side, day

    def run(self, connection: Connection, shadow: Connection) -> None:
        """Compare all rows, each side read a page at a time."""
        live, made = self._rows(connection), self._rows(shadow)
        left, right = next(live, None), next(made, None)
        while left is not None or right is not None:
            if right is None or (left is not None and self._key(left) < self._key(right)):
                assert left is not None  # noqa: S101 - one of the two is there
                self._alone("live", left)
                left = next(live, None)
            elif left is None or self._key(right) < self._key(left):
                self._alone("rebuilt", right)
                right = next(made, None)
            else:
                self._both(left, right)
                left, right = next(live, None), next(made, None)

    def compared(self) -> Compared:
        """Return what was found."""
        days = sorted({day for _, day in self.digests})
        return Compared(
            table=self.table.name,
            rows=self.rows,
            live=self._whole("live", days),
            rebuilt=self._whole("rebuilt", days),
            days=tuple(day for day in days if self._of("live", day) != self._of("rebuilt", day)),
        )

    def _rows(self, connection: Connection) -> Iterator[Row]:
        return shadow_rows.rows(connection, self.table)

    @property
    def _summed(self) -> tuple[str, ...]:
        return tuple(name for name in self.table.key if name != SLOT)

    @property
    def _columns(self) -> tuple[str, ...]:
        return (*self._summed, COUNT) if SLOT in self.table.key else self.table.columns

    def _key(self, row: Row) -> tuple[Value, ...]:
        if SLOT in self.table.key:
            return tuple(row[:-1])
        return tuple(row[self.table.columns.index(name)] for name in self.table.key)

    def _named(self, row: Row) -> dict[str, Value]:
        names = self._summed if SLOT in self.table.key else self.table.key
        return dict(zip(names, self._key(row), strict=True))

    def _alone(self, side: str, row: Row) -> None:
        self._add(side, row)
        self.rows += side == "live"
        key = self._named(row)
        said = "a row"
        self._differs(
            Difference(
                table=self.table.name, key=key, column="",
                live=said if side == "live" else None, rebuilt=said if side == "rebuilt" else None,
            )
        )  # fmt: skip

    def _both(self, live: Row, made: Row) -> None:
        self._add("live", live)
        self._add("rebuilt", made)
        self.rows += 1
        if live == made:
            return
        for name, left, right in zip(self._columns, live, made, strict=True):
            if left != right:
                self._differs(
                    Difference(
                        table=self.table.name, key=self._named(live), column=name, live=left,
                        rebuilt=right,
                    )
                )  # fmt: skip

    def _differs(self, one: Difference) -> None:
        self.differing += 1
        if len(self.differences) < DIFFERENCES_MAX:
            self.differences.append(one)

    def _add(self, side: str, row: Row) -> None:
        place = side, self._day(row)
        digest = self.digests.get(place)
        if digest is None:
            digest = self.digests[place] = _Digest()
        digest.add(row)

    def _day(self, row: Row) -> str:
        for name, value in zip(self._columns, row, strict=True):
            if name == "day":
                return str(value)
            if name in OPENED and isinstance(value, int):
                return kpi_days.day_of(value)
        return "any day"

    def _of(self, side: str, day: str) -> str:
        digest = self.digests.get((side, day))
        return "" if digest is None else digest.text

    def _whole(self, side: str, days: list[str]) -> str:
        return sha256("".join(f"{day}{self._of(side, day)}" for day in days).encode()).hexdigest()


# The column that says on which day a row began; a row never moves to another day.
OPENED: Final = frozenset({"opened_us", "proposed_us", "requested_us", "set_us", "at_us"})


class _Digest:
    """SHA-256 over rows in the order of their key."""

    def __init__(self) -> None:
        self._sum = sha256()

    def add(self, row: Row) -> None:
        """Add a row; `repr` keeps text, numbers and nothing apart."""
        self._sum.update(repr(row).encode())

    @property
    def text(self) -> str:
        return self._sum.hexdigest()
