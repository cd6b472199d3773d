"""Limits of a workflow that were in force, as the settings had them: a projection."""

import json
from typing import Final

from remit.domain.entry import Entry
from remit.domain.fingerprint import NO_LIMITS
from remit.domain.frozen import dataclass
from remit.domain.limit import Limit, limit_of
from remit.store.connection import Connection, Row

SCHEMA = (
    """create table if not exists limit_books (
        workflow text not null,
        seq integer not null,
        before text not null,
        digest text not null,
        limits text not null,
        at_us integer not null,
        primary key (workflow, seq)
    )""",
)

TABLES = ("limit_books",)

EVENTS: Final = frozenset({"policy:limits:loaded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitBook:
    """Limits that came into force."""

    before: str = ""
    digest: str = NO_LIMITS
    limits: tuple[Limit, ...] = ()
    at_us: int = 0


NOTHING: Final = LimitBook()  # what is in force where nothing was ever read


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    connection.execute(
        "insert into limit_books (workflow, seq, before, digest, limits, at_us)"
        " values (?, ?, ?, ?, ?, ?) on conflict do nothing",
        (
            entry.workflow, entry.seq, entry.word("before"), entry.word("digest"),
            json.dumps([*entry.words("limits")]), entry.at_us,
        ),
    )  # fmt: skip


def in_force(connection: Connection, workflow: str) -> LimitBook:
    """Return the limits in force."""
    return next(iter(_read(connection, workflow, limit=1)), NOTHING)


def kept(connection: Connection, workflow: str, *, limit: int = 50) -> list[LimitBook]:
    """Return the limits that were ever in force, the newest first; none is the last of them."""
    return [*_read(connection, workflow, limit=limit), NOTHING]


def _read(connection: Connection, workflow: str, *, limit: int) -> list[LimitBook]:
    rows = connection.rows(
        "select before, digest, limits, at_us from limit_books where workflow = ?"
        " order by seq desc limit ?",
        (workflow, limit),
    )
    return [_book(row) for row in rows]


def _book(row: Row) -> LimitBook:
    return LimitBook(
        before=str(row[0]), digest=str(row[1]),
        limits=tuple(limit_of(json.loads(one)) for one in json.loads(row[2])), at_us=int(row[3]),
    )  # fmt: skip
