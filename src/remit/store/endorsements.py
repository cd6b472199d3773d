"""Rows of what people vouched for: one value of one parameter each, in a scope; a projection."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store import authority
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists endorsements (
        endorsement_id text primary key,
        case_id text not null,
        workflow text not null,
        action text not null,
        parameter text not null,
        digest text not null,
        scope text not null,
        subject text not null,
        people integer not null,
        person text not null,
        second text not null,
        at_us integer not null,
        until_us integer not null
    )""",
    "create index if not exists endorsements_case on endorsements (case_id)",
)

TABLES = ("endorsements",)

EVENTS = frozenset(
    {
        "governance:endorsement:given",
        "governance:endorsement:seconded",
        "governance:endorsement:revoked",
    }
)

COLUMNS = (
    "endorsement_id, case_id, workflow, action, parameter, digest, scope, subject, people,"
    " person, second, at_us, until_us"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndorsementRow:
    """A value that people vouch for; times in microseconds since 1970."""

    endorsement_id: str
    case_id: str  # in which it was given
    workflow: str
    action: str
    parameter: str
    digest: str  # of type and form, keyed for the service: the same in every case
    scope: str  # case | subject | workflow
    subject: str
    people: int  # how many must say so
    person: str
    second: str  # who said so too; empty while nobody has
    at_us: int
    until_us: int

    @property
    def stands(self) -> bool:
        """Have enough people said so?"""
        return self.people == 1 or bool(self.second)

    @property
    def by(self) -> str:
        """Who vouches."""
        return f"{self.person} and {self.second}" if self.second else self.person


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry; whoever decides meanwhile waits, or decides again."""
    authority.moving(connection)
    match entry.event:
        case "governance:endorsement:given":
            connection.execute(
                f"insert into endorsements ({COLUMNS}) values"
                " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)"
                " on conflict (endorsement_id) do nothing",
                (
                    entry.word("endorsement_id"),
                    entry.case_id,
                    entry.workflow,
                    entry.word("action"),
                    entry.word("parameter"),
                    entry.word("digest"),
                    entry.word("scope"),
                    entry.word("subject"),
                    entry.number("people"),
                    entry.actor.ref,
                    entry.at_us,
                    entry.number("until_us"),
                ),
            )
        case "governance:endorsement:seconded":
            connection.execute(
                "update endorsements set second = ?, at_us = ? where endorsement_id = ?",
                (entry.actor.ref, entry.at_us, entry.word("endorsement_id")),
            )
        case _:
            connection.execute(
                "delete from endorsements where endorsement_id = ?",
                (entry.word("endorsement_id"),),
            )
    authority.moved(connection)


def find(connection: Connection, endorsement_id: str) -> EndorsementRow | None:
    """Return one of them."""
    row = connection.one(
        f"select {COLUMNS} from endorsements where endorsement_id = ?", (endorsement_id,)
    )
    return None if row is None else _row(row)


def every(
    connection: Connection, *, after_us: int = 0, limit: int = 100_000
) -> list[EndorsementRow]:
    """Return those that hold beyond a moment, the newest first."""
    rows = connection.rows(
        f"select {COLUMNS} from endorsements where until_us > ?"
        " order by at_us desc, endorsement_id limit ?",
        (after_us, limit),
    )
    return [_row(row) for row in rows]


def _row(row: tuple[object, ...]) -> EndorsementRow:
    return EndorsementRow(
        endorsement_id=str(row[0]), case_id=str(row[1]), workflow=str(row[2]),
        action=str(row[3]), parameter=str(row[4]), digest=str(row[5]), scope=str(row[6]),
        subject=str(row[7]), people=int(str(row[8])), person=str(row[9]), second=str(row[10]),
        at_us=int(str(row[11])), until_us=int(str(row[12])),
    )  # fmt: skip
