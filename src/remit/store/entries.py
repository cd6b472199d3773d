"""Rows of the ledger: leaves, sealed payloads, their order, the tree and its checkpoints.

Only `remit.ledger` writes these; the store itself reads nothing but the end of a stream.
"""

from collections import OrderedDict
from typing import Final

from remit.store.connection import Connection, Row

SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS entries (
        case_id TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL, run INTEGER, path TEXT,
        at_us INTEGER NOT NULL, tenant TEXT NOT NULL, workflow TEXT NOT NULL,
        writer_id TEXT NOT NULL, writer_n INTEGER NOT NULL,
        leaf BLOB NOT NULL, leaf_hash BLOB NOT NULL,
        PRIMARY KEY (case_id, seq))""",
    "CREATE INDEX IF NOT EXISTS entries_by_event ON entries (event, at_us)",
    """CREATE TABLE IF NOT EXISTS payloads (
        case_id TEXT NOT NULL, seq INTEGER NOT NULL, role TEXT NOT NULL,
        key_id TEXT NOT NULL, sealed BLOB NOT NULL,
        PRIMARY KEY (case_id, seq, role))""",
    """CREATE TABLE IF NOT EXISTS entry_order (
        position INTEGER PRIMARY KEY, case_id TEXT NOT NULL, seq INTEGER NOT NULL,
        leaf_hash BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS tiles (
        level INTEGER NOT NULL, n INTEGER NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (level, n))""",
    """CREATE TABLE IF NOT EXISTS checkpoints (
        size INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, note BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS ledger_head (
        one INTEGER PRIMARY KEY, origin TEXT NOT NULL, epoch INTEGER NOT NULL,
        size INTEGER NOT NULL, root BLOB NOT NULL, at_us INTEGER NOT NULL,
        writer_id TEXT NOT NULL)""",
)

INSERT_ENTRY: Final = """INSERT INTO entries (case_id, seq, event, run, path, at_us, tenant,
 workflow, writer_id, writer_n, leaf, leaf_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
INSERT_PAYLOAD: Final = (
    "INSERT INTO payloads (case_id, seq, role, key_id, sealed) VALUES (?, ?, ?, ?, ?)"
)
INSERT_ORDER: Final = (
    "INSERT INTO entry_order (position, case_id, seq, leaf_hash) VALUES (?, ?, ?, ?)"
)
INSERT_TILE: Final = "INSERT INTO tiles (level, n, hashes) VALUES (?, ?, ?)"
INSERT_CHECKPOINT: Final = "INSERT INTO checkpoints (size, at_us, note) VALUES (?, ?, ?)"
INSERT_HEAD: Final = """INSERT INTO ledger_head (one, origin, epoch, size, root, at_us, writer_id)
 VALUES (1, ?, 1, 0, ?, 0, '')"""
MOVE_HEAD: Final = """UPDATE ledger_head SET size = ?, root = ?, at_us = ?, writer_id = ?
 WHERE one = 1 AND size = ? AND root = ?"""

STREAMS_CACHED_MAX: Final = 20_000


class Tails:
    """The last number of each stream, remembered by the one writer."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, int] = OrderedDict()
        self._undo: list[tuple[str, int]] = []

    def last(self, connection: Connection, case_id: str) -> int:
        """Return the number of the stream's last entry, 0 for a new stream."""
        known = self._known
        seq = known.get(case_id)
        if seq is None:
            seq = int(
                connection.value("SELECT MAX(seq) FROM entries WHERE case_id = ?", (case_id,)) or 0
            )
            if len(known) >= STREAMS_CACHED_MAX:
                known.popitem(last=False)
            known[case_id] = seq
        return seq

    def advance(self, case_id: str, seq: int) -> None:
        """Remember a new last number until the unit is undone."""
        self._undo.append((case_id, seq - 1))
        self._known[case_id] = seq
        self._known.move_to_end(case_id)

    def keep(self) -> None:
        """Keep what the unit did."""
        self._undo.clear()

    def undo(self) -> None:
        """Forget what the unit did."""
        while self._undo:
            case_id, seq = self._undo.pop()
            self._known[case_id] = seq

    def forget(self) -> None:
        """Forget everything: the transaction was lost."""
        self._known.clear()
        self._undo.clear()


def other_run(connection: Connection, case_id: str, *, seen: int, run: int) -> Row | None:
    """Return number and run of the first entry after `seen` that another run wrote."""
    return connection.one(
        "SELECT seq, run FROM entries WHERE case_id = ? AND seq > ? AND run <> ?"
        " ORDER BY seq LIMIT 1",
        (case_id, seen, run),
    )
