"""Names that a transaction holds until its end, so that what it read stays true.

On SQLite there is one writer and nothing to hold. On PostgreSQL a name is an advisory lock of the
transaction: no row is written for it, and the next holder sees all that the last one committed.
"""

from hashlib import blake2b
from typing import Final

from remit.store.connection import Connection

HOLD: Final = "SELECT pg_advisory_xact_lock(?)"
_SHARE: Final = "SELECT pg_advisory_xact_lock_shared(?)"


def hold(connection: Connection, name: str) -> None:
    """Wait until nobody else holds or shares a name, and hold it until this transaction ends."""
    if connection.dialect == "postgresql":
        connection.rows(HOLD, (key(name),))


def share(connection: Connection, name: str) -> None:
    """Wait until nobody holds a name, and keep holders out until this transaction ends."""
    if connection.dialect == "postgresql":
        connection.rows(_SHARE, (key(name),))


def hold_before(connection: Connection, name: str) -> None:
    """Hold a name before the next statement is run, and until this transaction ends."""
    if connection.dialect == "postgresql":
        connection.later(HOLD, [(key(name),)])


def share_before(connection: Connection, name: str) -> None:
    """Keep holders of a name out from before the next statement is run."""
    if connection.dialect == "postgresql":
        connection.later(_SHARE, [(key(name),)])


def key(name: str) -> int:
    """Return the number under which the server knows a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
