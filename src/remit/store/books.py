"""Rows of rules: which book is in force since when, and changes that wait; a projection."""

from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store import authority
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists books (
        workflow text not null,
        seq integer not null,
        before text not null,
        digest text not null,
        texts text not null,
        how text not null,
        change text not null,
        rules integer not null,
        at_us integer not null,
        primary key (workflow, seq)
    )""",
    """create table if not exists book_changes (
        workflow text not null,
        change text not null,
        before text not null,
        digest text not null,
        texts text not null,
        codes text not null,
        people integer not null,
        proposer text not null,
        at_us integer not null,
        seq integer not null,
        state text not null,
        signers text not null,
        ended_by text not null,
        primary key (workflow, change)
    )""",
)

TABLES = ("books", "book_changes")

LOADED = "policy:book:loaded"
EVENTS = frozenset(
    {
        LOADED,
        "policy:book:proposed",
        "policy:book:signed",
        "policy:book:refused",
        "policy:book:withdrawn",
    }
)
MOVING = frozenset({LOADED})  # what changes what may be done

WAITING = "waiting"  # the states of a change: this, or how it ended
REFUSED = "refused"
_ENDED = {"policy:book:refused": REFUSED, "policy:book:withdrawn": "withdrawn"}

_BOOK = "workflow, seq, before, digest, texts, how, change, rules, at_us"
_CHANGE = (
    "workflow, change, before, digest, texts, codes, people, proposer, at_us, seq, state, signers,"
    " ended_by"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """A book that came into force."""

    workflow: str
    seq: int  # of the entry that holds its rules
    before: str
    digest: str
    texts: str
    how: str
    change: str
    rules: int
    at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A change of rules that was proposed."""

    workflow: str
    change: str
    before: str
    digest: str
    texts: str
    codes: tuple[str, ...]
    people: int
    proposer: str  # empty: it was found in the folder
    at_us: int
    seq: int
    state: str
    signers: tuple[str, ...]
    ended_by: str


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    flow, change = entry.workflow, entry.word("change")
    match entry.event:
        case "policy:book:loaded":
            _loaded(connection, entry)
        case "policy:book:proposed":
            _end_waiting(connection, flow, "replaced", entry.actor.ref)
            connection.execute(
                f"insert into book_changes ({_CHANGE}) values"
                " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '')"
                " on conflict (workflow, change) do update set codes = excluded.codes,"
                " people = excluded.people, proposer = excluded.proposer, at_us = excluded.at_us,"
                " seq = excluded.seq, state = excluded.state, signers = '', ended_by = ''",
                (
                    flow, change, entry.word("before"), entry.word("digest"), entry.word("texts"),
                    " ".join(entry.words("codes")), entry.number("people"), entry.word("proposer"),
                    entry.at_us, entry.seq, WAITING,
                ),
            )  # fmt: skip
        case "policy:book:signed":
            connection.execute(
                "update book_changes set signers ="
                " case when signers = '' then ? else signers || ' ' || ? end"
                " where workflow = ? and change = ?",
                (entry.actor.ref, entry.actor.ref, flow, change),
            )
        case event:
            connection.execute(
                "update book_changes set state = ?, ended_by = ?"
                " where workflow = ? and change = ? and state = ?",
                (_ENDED[event], entry.actor.ref, flow, change, WAITING),
            )


def _loaded(connection: Connection, entry: Entry) -> None:
    """Put a book in force; whoever decides meanwhile waits, or decides again."""
    if entry.number("part"):
        return
    authority.moving(connection)
    change = entry.word("change")
    connection.execute(
        f"insert into books ({_BOOK}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (workflow, seq) do nothing",
        (
            entry.workflow, entry.seq, entry.word("before"), entry.word("digest"),
            entry.word("texts"), entry.word("how"), change, entry.number("rules"), entry.at_us,
        ),
    )  # fmt: skip
    if change:
        connection.execute(
            "update book_changes set state = 'in force' where workflow = ? and change = ?",
            (entry.workflow, change),
        )
    if entry.word("how") != "same":  # what waits was weighed against a book that is gone
        _end_waiting(connection, entry.workflow, "overtaken", entry.actor.ref)
    authority.moved(connection)


def _end_waiting(connection: Connection, workflow: str, state: str, by: str) -> None:
    connection.execute(
        "update book_changes set state = ?, ended_by = ? where workflow = ? and state = ?",
        (state, by, workflow, WAITING),
    )


def in_force(connection: Connection, workflow: str) -> BookRow | None:
    """Return the book that is in force."""
    row = connection.one(
        f"select {_BOOK} from books where workflow = ? order by seq desc limit 1", (workflow,)
    )
    return None if row is None else _book(row)


def kept(connection: Connection, workflow: str, *, limit: int = 50) -> tuple[BookRow, ...]:
    """Return the books that were ever in force, the newest first."""
    rows = connection.rows(
        f"select {_BOOK} from books where workflow = ? order by seq desc limit ?",
        (workflow, limit),
    )
    return tuple(_book(row) for row in rows)


def was_in_force(connection: Connection, workflow: str, texts: str) -> bool:
    """Was a book of exactly these files ever in force?"""
    found = connection.value(
        "select 1 from books where workflow = ? and texts = ? limit 1", (workflow, texts)
    )
    return found is not None


def waiting(connection: Connection, workflow: str | None = None) -> tuple[ChangeRow, ...]:
    """Return the changes that wait: one of a workflow at most."""
    rows = connection.rows(
        f"select {_CHANGE} from book_changes where state = ? and workflow = coalesce(?, workflow)"
        " order by workflow",
        (WAITING, workflow),
    )
    return tuple(_change(row) for row in rows)


def change(connection: Connection, workflow: str, digest: str) -> ChangeRow | None:
    """Return a change by its digest, or by the beginning of it where that is one alone."""
    rows = connection.rows(
        f"select {_CHANGE} from book_changes where workflow = ? and change >= ? and change < ?"
        " order by change limit 2",
        (workflow, digest, f"{digest}~"),
    )
    return _change(rows[0]) if len(rows) == 1 else None


def ended(connection: Connection, workflow: str, *, limit: int = 10) -> tuple[ChangeRow, ...]:
    """Return the last changes that do not wait any more, the newest first."""
    rows = connection.rows(
        f"select {_CHANGE} from book_changes where workflow = ? and state <> ?"
        " order by seq desc limit ?",
        (workflow, WAITING, limit),
    )
    return tuple(_change(row) for row in rows)


def _book(row: tuple[object, ...]) -> BookRow:
    return BookRow(
        workflow=str(row[0]), seq=int(str(row[1])), before=str(row[2]), digest=str(row[3]),
        texts=str(row[4]), how=str(row[5]), change=str(row[6]), rules=int(str(row[7])),
        at_us=int(str(row[8])),
    )  # fmt: skip


def _change(row: tuple[object, ...]) -> ChangeRow:
    return ChangeRow(
        workflow=str(row[0]), change=str(row[1]), before=str(row[2]), digest=str(row[3]),
        texts=str(row[4]), codes=tuple(str(row[5]).split()), people=int(str(row[6])),
        proposer=str(row[7]), at_us=int(str(row[8])), seq=int(str(row[9])), state=str(row[10]),
        signers=tuple(str(row[11]).split()), ended_by=str(row[12]),
    )  # fmt: skip
