"""Migrations: numbered changes of tables, each before or after a deployment, never of entries."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from remit.store import tables
from remit.store.connection import Connection, Dialect

Moment = Literal["before", "after"]

# What an entry is made of stays byte for byte as it was written.
KEPT: Final = ("entries", "payloads", "entry_order", "tiles", "checkpoints", "ledger_head")
_CHANGES_KEPT: Final = re.compile(
    r"\b(update|insert\s+into|delete\s+from|truncate(\s+table)?|alter\s+table|drop\s+table)\s+"
    r"(if\s+exists\s+)?(only\s+)?\W?(" + "|".join(KEPT) + r")\b",
    re.IGNORECASE,
)
_CREATED: Final = re.compile(
    r"create\s+(?:unique\s+)?(virtual\s+table|table|index)\s+(?:if\s+not\s+exists\s+)?(\w+)",
    re.IGNORECASE,
)
_ONLY: Final = re.compile(r"\s*--\s*only\s+(sqlite|postgresql)\s*\n")

TABLE: Final = """CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER PRIMARY KEY, name TEXT NOT NULL, moment TEXT NOT NULL)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from the tables of a release to those of the next.

    *before* adds what the new code needs and the old code does not mind, so both may run on it;
    *after* takes away what only the old code needed.
    """

    number: int
    name: str
    moment: Moment
    statements: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a statement that changes what entries are made of."""
        for statement in self.statements:
            if _CHANGES_KEPT.search(statement):
                raise ValueError(f"migration {self.number} changes entries: `{statement}`")


MIGRATIONS: Final = (
    Migration(number=1, name="the tables of the first release", moment="before", statements=()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a database lacks, and what may only be taken away once no older code runs."""

    missing: tuple[str, ...]  # tables and indexes
    before: tuple[Migration, ...]
    after: tuple[Migration, ...]

    @property
    def empty(self) -> bool:
        """Is there nothing to do?"""
        return not (self.missing or self.before or self.after)


def plan(
    connection: Connection,
    statements: Sequence[str],
    *,
    known: Sequence[Migration] = MIGRATIONS,
) -> Plan:
    """Return what a database lacks; an empty one lacks tables and no migration."""
    found = tables.names(connection)
    there = found | tables.indexes(connection)
    wanted = created(statements, connection.dialect)
    missing = tuple(name for name in wanted if name not in there)
    if "meta" not in found:
        return Plan(missing=missing, before=(), after=())
    done = applied(connection) if "migrations" in found else {1}
    due = [one for one in known if one.number not in done]
    return Plan(
        missing=missing,
        before=tuple(one for one in due if one.moment == "before"),
        after=tuple(one for one in due if one.moment == "after"),
    )


def applied(connection: Connection) -> set[int]:
    """Return the numbers of migrations that the database has had."""
    return {int(row[0]) for row in connection.rows("SELECT number FROM migrations")}


def note(connection: Connection, done: Iterable[Migration]) -> None:
    """Write down that the database has had them."""
    connection.executemany(
        "INSERT INTO migrations (number, name, moment) VALUES (?, ?, ?)"
        " ON CONFLICT (number) DO NOTHING",
        [(one.number, one.name, one.moment) for one in done],
    )


def created(statements: Sequence[str], dialect: Dialect) -> list[str]:
    """Return the names of the tables and indexes that statements create on that database."""
    names = []
    for statement in statements:
        only = _ONLY.match(statement)
        if only is not None and only.group(1) != dialect:
            continue
        names += [found[2].lower() for found in _CREATED.finditer(statement)]
    return names
