"""Rows of what people lent of their roles to somebody for a while: a projection."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store import authority
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists delegations (
        delegation_id text primary key,
        giver text not null,
        delegate text not null,
        workflows text not null,
        from_us integer not null,
        until_us integer not null,
        cap_minor integer,
        currency text not null,
        given_by text not null,
        at_us integer not null
    )""",
)

TABLES = ("delegations",)

EVENTS = frozenset({"governance:delegation:given", "governance:delegation:ended"})

COLUMNS = (
    "delegation_id, giver, delegate, workflows, from_us, until_us, cap_minor, currency, given_by,"
    " at_us"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRow:
    """Whose roles somebody may use, where, until when and for how much; times in microseconds."""

    delegation_id: str
    giver: str
    to: str
    workflows: frozenset[str]  # empty: all
    from_us: int
    until_us: int
    cap: tuple[int, str] | None
    by: str
    at_us: int

    def covers(self, workflow: str, moved: tuple[int, str] | None, now_us: int) -> bool:
        """Return whether it holds there for so much; no cap covers another currency."""
        return (
            self.from_us <= now_us < self.until_us
            and (not self.workflows or workflow in self.workflows)
            and (
                self.cap is None
                or moved is None
                or (moved[1] == self.cap[1] and moved[0] <= self.cap[0])
            )
        )


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry; whoever decides meanwhile waits, or decides again."""
    authority.moving(connection)
    if entry.event == "governance:delegation:given":
        connection.execute("delete from delegations where until_us <= ?", (entry.at_us,))
        connection.execute(
            f"insert into delegations ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                entry.word("delegation_id"),
                entry.word("giver"),
                entry.word("to"),
                " ".join(entry.words("workflows")),
                entry.number("from_us"),
                entry.number("until_us"),
                entry.number("cap_minor"),
                entry.word("currency"),
                entry.actor.ref,
                entry.at_us,
            ),
        )
    else:
        connection.execute(
            "delete from delegations where delegation_id = ?", (entry.word("delegation_id"),)
        )
    authority.moved(connection)


def every(connection: Connection) -> list[DelegationRow]:
    """Return all that nobody ended, the newest first; also what is over since the newest."""
    return _rows(connection, "", ())


def to(connection: Connection, person: str) -> list[DelegationRow]:
    """Return what of it was lent to somebody."""
    return _rows(connection, " where delegate = ?", (person,))


def find(connection: Connection, delegation_id: str) -> DelegationRow | None:
    """Return one, while nobody has ended it."""
    found = _rows(connection, " where delegation_id = ?", (delegation_id,))
    return found[0] if found else None


def _rows(connection: Connection, where: str, given: tuple[str, ...]) -> list[DelegationRow]:
    rows = connection.rows(
        f"select {COLUMNS} from delegations{where} order by at_us desc, delegation_id", given
    )
    return [
        DelegationRow(
            delegation_id=str(row[0]), giver=str(row[1]), to=str(row[2]),
            workflows=frozenset(str(row[3]).split()), from_us=int(str(row[4])),
            until_us=int(str(row[5])),
            cap=None if row[6] is None else (int(str(row[6])), str(row[7])),
            by=str(row[8]), at_us=int(str(row[9])),
        )
        for row in rows
    ]  # fmt: skip
