"""Rows of erasures and of the keys that they destroyed: projections of entries."""

from collections.abc import Collection
from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.domain.erasure import Ended, Ending
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists erasures (
        erasure_id text primary key,
        subject text not null,
        case_id text not null,
        token text not null,
        key_id text not null,
        ground text not null,
        state text not null,
        person text not null,
        cases integer not null,
        payloads integer not null,
        requested_us integer not null,
        ended_us integer,
        blind_us integer
    )""",
    "create index if not exists erasures_subject on erasures (subject)",
    """create index if not exists erasures_pending on erasures (erasure_id)
        where state = 'requested'""",
    "create table if not exists erased_keys (key_id text primary key, erasure_id text not null)",
)

TABLES = ("erasures", "erased_keys")

COLUMNS = (
    "erasure_id, subject, case_id, token, key_id, ground, state, person, cases, payloads,"
    " requested_us, ended_us, blind_us"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRow:
    """An erasure at a glance; times in microseconds since 1970."""

    erasure_id: str
    subject: str
    case_id: str
    token: str  # of a value that alone goes; empty: all content
    key_id: str  # that is to be destroyed for it, once the other values are under another
    ground: str
    state: str  # requested | refused | completed | expired: retention ended, nobody asked
    person: str
    cases: int
    payloads: int
    requested_us: int
    ended_us: int | None
    blind_us: int | None


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "ledger:erasure:requested":
            _insert(connection, entry, "requested")
        case "ledger:erasure:refused":
            changed = connection.execute(
                "update erasures set state = 'refused', ended_us = ? where erasure_id = ?",
                (entry.at_us, entry.word("erasure_id")),
            )
            if not changed:
                _insert(connection, entry, "refused")
        case "ledger:values:resealed":
            connection.execute(
                "update erasures set key_id = ? where erasure_id = ?",
                (entry.word("key"), entry.word("erasure_id")),
            )
        case "ledger:erasure:completed":
            asked = find(connection, entry.word("erasure_id"))
            if asked is None:  # of retention: nobody asked
                _insert(connection, entry, _EXPIRED)
            connection.execute(
                "update erasures set state = ?, ended_us = ?, cases = ?, payloads = ?,"
                " blind_us = ? where erasure_id = ?",
                (
                    _EXPIRED if asked is None or asked.state == _EXPIRED else "completed",
                    entry.at_us,
                    entry.number("cases"),
                    entry.number("payloads"),
                    entry.number("blind_us"),
                    entry.word("erasure_id"),
                ),
            )
            connection.executemany(
                "insert into erased_keys (key_id, erasure_id) values (?, ?)"
                " on conflict (key_id) do nothing",
                [(key, entry.word("erasure_id")) for key in entry.words("keys")],
            )
        case _:
            pass


def find(connection: Connection, erasure_id: str) -> ErasureRow | None:
    """Return one erasure."""
    row = connection.one(f"select {COLUMNS} from erasures where erasure_id = ?", (erasure_id,))
    return None if row is None else ErasureRow(**dict(zip(_NAMES, row, strict=True)))


def pending(connection: Connection) -> list[ErasureRow]:
    """Return what was requested and is not completed, the oldest first."""
    rows = connection.rows(
        f"select {COLUMNS} from erasures where state = 'requested' order by requested_us"
    )
    return [ErasureRow(**dict(zip(_NAMES, row, strict=True))) for row in rows]


def ended(connection: Connection, key_ids: Collection[str]) -> Ended | None:
    """Return how what is sealed under these keys ended; None where none was destroyed.

    The end of one value is not that of its case. A person's word counts before the end of a term.
    """
    if not key_ids:
        return None
    marks = ", ".join("?" * len(key_ids))
    found = connection.one(
        "select e.state, e.ended_us from erased_keys k join erasures e"
        f" on e.erasure_id = k.erasure_id where e.token = '' and k.key_id in ({marks})"
        " order by e.state, e.ended_us limit 1",
        (*key_ids,),
    )
    if found is None:
        return None
    how = Ending.EXPIRED if found[0] == _EXPIRED else Ending.ERASED
    return Ended(how=how, at_us=int(found[1]))


def ever(connection: Connection) -> bool:
    """Tell whether anything was ever asked to be erased."""
    return connection.one("select 1 from erasures limit 1") is not None


def covers(connection: Connection, *, key_id: str, case_id: str) -> bool:
    """Tell whether an erasure destroyed this key, or is about to destroy that of this case."""
    if connection.one("select 1 from erased_keys where key_id = ?", (key_id,)) is not None:
        return True
    pending = connection.one(
        "select 1 from erasures e where e.state = 'requested' and e.token = ''"
        " and (e.case_id = ? or exists (select 1 from cases c where c.case_id = ?"
        " and c.subject = e.subject and c.subject <> '' and c.opened_us <= e.requested_us))",
        (case_id, case_id),
    )
    return pending is not None


def _insert(connection: Connection, entry: Entry, state: str) -> None:
    connection.execute(
        f"insert into erasures ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, null)",
        (
            entry.word("erasure_id"),
            entry.word("subject"),
            entry.word("case_id"),
            entry.word("token"),
            "",
            entry.word("ground"),
            state,
            entry.actor.ref,
            entry.number("cases") or 0,
            entry.at_us,
            None if state == "requested" else entry.at_us,
        ),
    )


_EXPIRED = "expired"
_NAMES = tuple(name.strip() for name in COLUMNS.split(","))
