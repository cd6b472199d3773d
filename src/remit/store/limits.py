"""What effects take of limits, and until when a limit allows more: projections.

An effect takes from its clearance on, and gives back only where it certainly did not happen. What
is taken leaves the window when its outcome does, so that a sum errs upwards only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from remit.domain.entry import Entry
from remit.store import locks
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists limit_uses (
        action_id text not null,
        key text not null,
        quantity integer not null,
        settled_us integer,
        primary key (action_id, key)
    )""",
    # It holds all that a sum needs, so that no row of a long window is looked up.
    "create index if not exists limit_uses_key on limit_uses (key, settled_us, quantity)",
    """create table if not exists limit_raises (
        name text primary key,
        max integer not null,
        until_us integer not null,
        raised_by text not null,
        raised_us integer not null
    )""",
)

TABLES = ("limit_uses", "limit_raises")

EVENTS = frozenset(
    {
        "orchestration:effect:confirmed",
        "orchestration:effect:failed",
        "policy:action:decided",
        "policy:action:expired",
        "policy:action:withdrawn",
        "policy:limit:raised",
    }
)

# What the gate answers without giving back: it allows, or asks again about what is in doubt.
_KEPT = frozenset({"cleared", "ambiguous"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is taken of a limit by all actions but one."""

    used: int = 0  # by effects that happened, in the window
    reserved: int = 0  # by those that were allowed and have no certain outcome yet
    first_us: int | None = None  # when the oldest of the first happened


@dataclass(frozen=True, slots=True, kw_only=True)
class RaiseRow:
    """A limit that allows more for a time."""

    name: str
    max: int
    until_us: int
    raised_by: str
    raised_us: int


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "policy:action:decided" if entry.word("state") == "cleared":
            taken = [one.rpartition(" ") for one in entry.words("limits")]
            if taken:
                connection.later(
                    "insert into limit_uses (action_id, key, quantity, settled_us)"
                    " values (?, ?, ?, null) on conflict (action_id, key)"
                    " do update set quantity = excluded.quantity, settled_us = null",
                    [(entry.word("action_id"), key, int(count)) for key, _, count in taken],
                )
        case "policy:action:decided" if entry.word("state") in _KEPT:
            pass
        case "orchestration:effect:confirmed":
            connection.later(
                "update limit_uses set settled_us = ? where action_id = ?",
                [(entry.at_us, entry.word("action_id"))],
            )
        case "policy:limit:raised":
            locks.hold(connection, _RAISES)
            connection.execute(
                "insert into limit_raises (name, max, until_us, raised_by, raised_us)"
                " values (?, ?, ?, ?, ?) on conflict (name) do update set max = excluded.max,"
                " until_us = excluded.until_us, raised_by = excluded.raised_by,"
                " raised_us = excluded.raised_us",
                (
                    entry.word("name"), entry.number("max"), entry.number("until_us"),
                    entry.actor.ref, entry.at_us,
                ),
            )  # fmt: skip
        case event if event in EVENTS:
            connection.later(
                "delete from limit_uses where action_id = ?", [(entry.word("action_id"),)]
            )
        case _:
            pass


_RAISES = "limit raises"


def keep(connection: Connection, keys: Mapping[str, int]) -> None:
    """Keep what is taken under these keys as it is until this transaction ends."""
    for key in sorted(keys):
        locks.hold(connection, f"limit {key}")


def taken(
    connection: Connection, keys: Mapping[str, int], *, but: str
) -> tuple[tuple[str, Taken], ...]:
    """Return what other actions than one take, by key; `keys` say since when it counts."""
    return tuple((key, _taken(connection, key, since, but)) for key, since in sorted(keys.items()))


_SUMS = (
    "select (select coalesce(sum(quantity), 0) from limit_uses where key = ? and settled_us > ?),"
    " (select coalesce(sum(quantity), 0) from limit_uses where key = ? and settled_us is null),"
    " (select min(settled_us) from limit_uses where key = ? and settled_us > ?)"
)


def _taken(connection: Connection, key: str, since_us: int, but: str) -> Taken:
    row = connection.one(_SUMS, (key, since_us, key, key, since_us))
    if row is None:
        return Taken()
    used, reserved = int(str(row[0])), int(str(row[1]))
    first = None if row[2] is None else int(str(row[2]))
    own = connection.one(
        "select quantity, settled_us from limit_uses where action_id = ? and key = ?", (but, key)
    )
    if own is not None and own[1] is None:
        reserved -= int(str(own[0]))
    elif own is not None and int(str(own[1])) > since_us:
        used -= int(str(own[0]))
    return Taken(used=used, reserved=reserved, first_us=first)


def raises(connection: Connection) -> dict[str, RaiseRow]:
    """Return every limit that was raised, by name; some of these may be over."""
    rows = connection.rows(
        "select name, max, until_us, raised_by, raised_us from limit_raises order by name"
    )
    return {
        str(row[0]): RaiseRow(
            name=str(row[0]), max=int(str(row[1])), until_us=int(str(row[2])),
            raised_by=str(row[3]), raised_us=int(str(row[4])),
        )
        for row in rows
    }  # fmt: skip


def keys(
    connection: Connection, prefix: str, since_us: int, limit: int
) -> list[tuple[str, Taken]]:
    """Return the fullest keys of a limit with what is taken under each."""
    rows = connection.rows(
        "select key, coalesce(sum(case when settled_us is null then 0 else quantity end), 0),"
        " coalesce(sum(case when settled_us is null then quantity else 0 end), 0)"
        " from limit_uses where key >= ? and key < ? and (settled_us is null or settled_us > ?)"
        " group by key order by sum(quantity) desc, key limit ?",
        (prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1), since_us, limit),
    )
    return [(str(row[0]), Taken(used=int(str(row[1])), reserved=int(str(row[2])))) for row in rows]
