"""What effects take of bounds that they share: a projection, summed when another is weighed."""

from collections.abc import Sequence
from decimal import Decimal

from remit.domain.effect import EffectState
from remit.domain.entry import Entry
from remit.store import locks
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists bounds (
        action_id text not null,
        bound text not null,
        quantity text not null,
        case_id text not null,
        primary key (action_id, bound)
    )""",
    "create index if not exists bounds_bound on bounds (bound)",
    "create index if not exists bounds_case on bounds (case_id)",
)

TABLES = ("bounds",)

EVENTS = frozenset({"policy:action:decided"})

# Quantities of effects in these states count: until something is known to be undone it is not.
COUNTED = tuple(
    state.value
    for state in (
        EffectState.CLEARED,
        EffectState.INTENDED,
        EffectState.DISPATCHED,
        EffectState.AMBIGUOUS,
        EffectState.CONFIRMED,
        EffectState.COMPENSATING,
        EffectState.UNCOMPENSATED,
    )
)


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry: what the gate cleared takes what it was weighed with."""
    taken = [one.rpartition(" ") for one in entry.words("bounds")]
    if taken:
        connection.later(
            "insert into bounds (action_id, bound, quantity, case_id) values (?, ?, ?, ?)"
            " on conflict (action_id, bound) do update set quantity = excluded.quantity",
            [
                (entry.word("action_id"), bound, quantity, entry.case_id)
                for bound, _, quantity in taken
            ],
        )


def keep(connection: Connection, names: Sequence[str]) -> None:
    """Keep what is taken of these bounds as it is until this transaction ends.

    The order is the same everywhere, so that nobody waits for who waits for them.
    """
    for name in sorted(names):
        locks.hold(connection, f"bound {name}")


def taken(connection: Connection, names: Sequence[str], *, but: str) -> dict[str, Decimal]:
    """Return what other actions than one take of these bounds."""
    if not names:
        return {}
    rows = connection.rows(
        "select b.bound, b.quantity from bounds b join proposals p on p.action_id = b.action_id"
        f" where b.bound in ({', '.join('?' * len(names))}) and b.action_id <> ?"
        f" and p.state in ({', '.join('?' * len(COUNTED))})",
        (*names, but, *COUNTED),
    )
    found: dict[str, Decimal] = {}
    for name, quantity in rows:
        found[str(name)] = found.get(str(name), Decimal(0)) + Decimal(str(quantity))
    return found
