"""Pruning: the entries of a month whose cases are past their term go, the tree over them stays.

A month is that of the case ids, which are ordered by time, so that a case lies in one. It goes
whole or not at all: a case that is open or under a legal hold keeps its month.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from remit.domain import clock
from remit.domain.ledger_event import RangePruned
from remit.domain.retention import Retention
from remit.errors import RetentionError
from remit.ledger import read
from remit.ledger.entry import parse
from remit.ledger.keys import CASE
from remit.ledger.pruned import month_of
from remit.store import kpi_days, legal_holds, partitions, prunes, vault
from remit.store.connection import Connection
from remit.store.entries import OF_LEDGER
from remit.store.prunes import Count
from remit.store.shadow import scratch
from remit.store.tally import Tally

MONTHS_MAX: Final = 1_200
CASES_PER_PAGE: Final = 1_000
ORDER_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month that may go, and what is to be told of it."""

    event: RangePruned
    first: str  # ids from here
    last: str  # up to here, this one not among them
    carried: tuple[Count, ...]


def bounds(month: str) -> tuple[str, str]:
    """Return the first id of a month and the first of the next; raises `RetentionError`."""
    try:
        return partitions.bounds(month)
    except ValueError as error:
        raise RetentionError(f"`{month}` is no month; write one such as `2026-03`") from error


def months(connection: Connection) -> list[str]:
    """Return the months that have entries of cases, the oldest first."""
    found: list[str] = []
    last = ""
    while len(found) < MONTHS_MAX:
        case_id = connection.value("SELECT MIN(case_id) FROM cases WHERE case_id >= ?", (last,))
        month = "" if case_id is None else month_of(case_id)
        if not month:
            return found
        found.append(month)
        last = bounds(month)[1]
    return found


def due(connection: Connection, month: str, terms: Mapping[str, Retention]) -> datetime:
    """Return when a month may go.

    Raises `RetentionError` where it may not at all as things are: a case is open or held, or a
    workflow has no term.
    """
    first, last = bounds(month)
    still = prunes.open_in(connection, first, last)
    if still is not None:
        raise RetentionError(f"case `{still[0]}` of {month} is {still[1]}; it keeps its month")
    after = first
    while page := prunes.cases_of(connection, after, last, CASES_PER_PAGE):
        held = legal_holds.on_cases(connection, [case_id for case_id, _ in page])
        if held:
            raise RetentionError(
                f"the legal hold `{held[0].hold_id}` on {held[0].kind} `{held[0].ref}` stands; it "
                f"keeps {month}"
            )
        after = page[-1][0] + "~"
    ends: list[datetime] = []
    for workflow, at_us in connection.rows(
        "SELECT workflow, MAX(at_us) FROM entries WHERE case_id >= ? AND case_id < ?"
        " GROUP BY workflow ORDER BY workflow",
        (first, last),
    ):
        days = terms.get(workflow, Retention()).leaf_days
        if days is None:
            raise RetentionError(
                f"workflow `{workflow}` keeps its entries; set `leaf_days` in its "
                "`[workflow.retention]`"
            )
        ends.append(clock.instant(at_us) + timedelta(days=days))
    if not ends:
        raise RetentionError(f"there is no entry of a case of {month}")
    return max(ends)


def survey(
    connection: Connection, month: str, terms: Mapping[str, Retention], *, now: datetime
) -> Month:
    """Return a month that may go now; raises `RetentionError` with the due date."""
    when = due(connection, month, terms)
    if when > now:
        raise RetentionError(f"{month} is due on {when:%Y-%m-%d}; nothing was changed")
    first, last = bounds(month)
    number, highest, digest = 0, -1, sha256()
    for position, leaf_hash in _order(connection, first, last):
        digest.update(position.to_bytes(8, "big") + leaf_hash)
        number, highest = number + 1, position
    there = _count(connection, "entries", first, last)
    if there != number:
        raise RetentionError(f"{there - number} entries of {month} have no position yet; wait")
    cases = int(
        connection.value(
            "SELECT COUNT(*) FROM cases WHERE case_id >= ? AND case_id < ?", (first, last)
        )
    )
    return Month(
        event=RangePruned(
            month=month, cases=cases, entries=number, highest=highest,
            digest=digest.hexdigest(), ground="retention",
        ),
        first=first,
        last=last,
        carried=tuple(_counted(connection, first, last)),
    )  # fmt: skip


def unchanged(connection: Connection, month: Month) -> bool:
    """Tell whether a month still is what was surveyed."""
    there = _count(connection, "entries", month.first, month.last)
    return there == month.event.entries and (
        prunes.open_in(connection, month.first, month.last) is None
    )


def page(connection: Connection, month: str) -> tuple[tuple[str, str], ...]:
    """Return the next (case, workflow) of a month that is to go; empty once it is gone."""
    first, last = bounds(month)
    return tuple(prunes.cases_of(connection, first, last, CASES_PER_PAGE))


def left(connection: Connection, month: str) -> bool:
    """Tell whether anything of a month that is to go is still there."""
    return bool(page(connection, month)) or partitions.has(connection, month)


def told(connection: Connection, month: str) -> int | None:
    """Return the size of a signed tree that holds the entry of a month's pruning, if one does."""
    rows = connection.rows(
        f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER} ORDER BY at_us DESC LIMIT ?",  # noqa: S608 - a constant
        (RangePruned.NAME, MONTHS_MAX),
    )
    for row in rows:
        entry = parse(row[0]).entry
        if entry.word("month") == month:
            return read.covering(connection, entry.case_id, entry.seq)
    return None


def keys_of(connection: Connection, cases: Sequence[tuple[str, str]]) -> list[str]:
    """Return the keys that these cases are sealed under."""
    found: dict[str, None] = {}
    for case_id, _ in cases:
        for row in connection.rows(
            "SELECT DISTINCT key_id FROM payloads WHERE case_id = ? AND key_id LIKE ?",
            (case_id, f"{CASE}-%"),
        ):
            found[row[0]] = None
        if (of_values := vault.key_of(connection, case_id)) is not None:
            found[of_values] = None
    return list(found)


def delete(connection: Connection, month: str, cases: Sequence[tuple[str, str]]) -> None:
    """Delete entries, payloads, originals and rows of cases; the order and the tree stay.

    Where the month has a partition, entries and payloads go with it, in `drop`.
    """
    apart = partitions.has(connection, month)
    for case_id, _ in cases:
        if not apart:
            connection.execute("DELETE FROM payloads WHERE case_id = ?", (case_id,))
            connection.execute("DELETE FROM entries WHERE case_id = ?", (case_id,))
        vault.forget(connection, case_id)
    prunes.forget(connection, cases)


def drop(connection: Connection, month: str) -> None:
    """Drop the partitions of a month of which no case is left."""
    if partitions.has(connection, month):
        partitions.drop(connection, month)


# -- parts ---------------------------------------------------------------------------------------


def _order(connection: Connection, first: str, last: str) -> Iterator[tuple[int, bytes]]:
    after = -1
    while rows := connection.rows(
        "SELECT position, leaf_hash FROM entry_order WHERE position > ? AND case_id >= ?"
        " AND case_id < ? ORDER BY position LIMIT ?",
        (after, first, last, ORDER_PAGE),
    ):
        for position, leaf_hash in rows:
            yield position, bytes(leaf_hash)
        after = rows[-1][0]


def _count(connection: Connection, table: str, first: str, last: str) -> int:
    sql = f"SELECT COUNT(*) FROM {table} WHERE case_id >= ? AND case_id < ?"  # noqa: S608 - a constant
    return int(connection.value(sql, (first, last)))


def _counted(connection: Connection, first: str, last: str) -> list[Count]:
    """Return what is counted of a month's entries, which nothing can count again later."""
    with scratch(kpi_days.SCHEMA) as counts:
        after, seq = first, 0
        while rows := connection.rows(
            "SELECT case_id, seq, leaf FROM entries WHERE (case_id > ? OR (case_id = ? AND"
            " seq > ?)) AND case_id < ? ORDER BY case_id, seq LIMIT ?",
            (after, after, seq, last, ORDER_PAGE),
        ):
            tally = Tally()
            for _, _, leaf in rows:
                kpi_days.project(tally, parse(leaf).entry)
            tally.write(counts)
            after, seq = rows[-1][0], rows[-1][1]
        return kpi_days.sums(counts)
