"""Statements that write the rows of the ledger; `remit.ledger` and the writers alone use them."""

from collections.abc import Sequence
from typing import Final, Literal

from remit.store.connection import Connection
from remit.store.journal import Written

INSERT_ENTRY: Final = """INSERT INTO entries (case_id, seq, event, run, path, at_us, tenant,
 workflow, writer_id, writer_n, leaf, leaf_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
# Said with a query for such an event, so that it finds the index `entries_of_ledger`.
OF_LEDGER: Final = "event >= 'ledger:' AND event < 'ledger;'"
INSERT_PAYLOAD: Final = (
    "INSERT INTO payloads (case_id, seq, role, key_id, sealed) VALUES (?, ?, ?, ?, ?)"
)
INSERT_ORDER: Final = (
    "INSERT INTO entry_order (position, case_id, seq, leaf_hash) VALUES (?, ?, ?, ?)"
)
PUT_TILE: Final = """INSERT INTO tiles (level, n, hashes) VALUES (?, ?, ?)
 ON CONFLICT (level, n) DO UPDATE SET hashes = excluded.hashes"""
INSERT_CHECKPOINT: Final = "INSERT INTO checkpoints (size, at_us, note) VALUES (?, ?, ?)"
INSERT_HEAD: Final = """INSERT INTO ledger_head (one, origin, epoch, size, root, at_us, writer_id)
 VALUES (1, ?, 1, 0, ?, 0, '') ON CONFLICT (one) DO NOTHING"""
MOVE_HEAD: Final = """UPDATE ledger_head SET size = ?, root = ?, at_us = ?, writer_id = ?
 WHERE one = 1 AND origin = ? AND epoch = ? AND size = ?"""
RENAME_HEAD: Final = """UPDATE ledger_head SET origin = ?, epoch = epoch + 1
 WHERE one = 1 AND origin = ? AND size = ?"""
RAISE_EPOCH: Final = "UPDATE ledger_head SET epoch = epoch + 1 WHERE one = 1"

Places = tuple[dict[tuple[str, int], int], int]  # position by case and seq, size of the tree

# What is committed and has no position yet, by arrival: PostgreSQL only.
INSERT_PENDING: Final = "INSERT INTO pending (case_id, seq) VALUES (?, ?)"
READ_PENDING: Final = """SELECT p.arrival, p.case_id, p.seq, e.leaf_hash, e.at_us, e.writer_id
 FROM pending p LEFT JOIN entries e ON e.case_id = p.case_id AND e.seq = p.seq
 ORDER BY p.arrival LIMIT ?"""
ORDER_PENDING: Final = """WITH taken AS (
 DELETE FROM pending WHERE arrival = ANY (CAST(? AS BIGINT[])) RETURNING arrival, case_id, seq)
 INSERT INTO entry_order (position, case_id, seq, leaf_hash)
 SELECT ? + row_number() OVER (ORDER BY t.arrival) - 1, t.case_id, t.seq, e.leaf_hash
 FROM taken t JOIN entries e ON e.case_id = t.case_id AND e.seq = t.seq"""

_POSITIONS: Final = """SELECT o.case_id, o.seq, o.position
 FROM unnest(CAST(? AS TEXT[]), CAST(? AS BIGINT[])) AS asked (case_id, seq)
 JOIN entry_order o ON o.case_id = asked.case_id AND o.seq = asked.seq"""


def leaves(connection: Connection, events: Sequence[str], *, begin: int, end: int) -> list[bytes]:
    """Return the leaves of these events from position `begin` to before `end`, in order."""
    rows = connection.rows(
        "SELECT e.leaf FROM entry_order o"
        " JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq"
        f" WHERE o.position >= ? AND o.position < ? AND {_among(events)} ORDER BY o.position",
        (begin, end, *events),
    )
    return [row[0] for row in rows]


def leaves_pending(connection: Connection, events: Sequence[str]) -> list[bytes]:
    """Return the leaves of these events that wait for a position, by arrival: PostgreSQL only."""
    rows = connection.rows(
        "SELECT e.leaf FROM pending p JOIN entries e ON e.case_id = p.case_id AND e.seq = p.seq"
        f" WHERE {_among(events)} ORDER BY p.arrival",
        tuple(events),
    )
    return [row[0] for row in rows]


def _among(events: Sequence[str]) -> str:
    return f"e.event IN ({', '.join('?' for _ in events)})"


def found(connection: Connection, written: Sequence[Written]) -> Literal["there", "absent", "no"]:
    """Say whether these leaves are stored: all of them, none, or `no` where others are."""
    stored = [
        connection.value(
            "SELECT leaf_hash FROM entries WHERE case_id = ? AND seq = ?", (case_id, seq)
        )
        for case_id, seq, _, _ in written
    ]
    if all(there is None for there in stored):
        return "absent"
    return "there" if stored == [digest for _, _, digest, _ in written] else "no"


def positions(connection: Connection, pairs: Sequence[tuple[str, int]]) -> Places:
    """Return the positions that these entries have so far, and the size of the tree."""
    if connection.dialect == "postgresql":  # one text for any number, so that it stays prepared
        cases = ",".join([_quoted(case_id) for case_id, _ in pairs])
        numbers = ",".join([str(seq) for _, seq in pairs])
        rows = connection.rows(_POSITIONS, (f"{{{cases}}}", f"{{{numbers}}}"))
    else:
        marks = ", ".join(["(?, ?)"] * len(pairs))
        rows = connection.rows(
            f"SELECT case_id, seq, position FROM entry_order WHERE (case_id, seq) IN ({marks})",
            [part for pair in pairs for part in pair],
        )
    size = int(connection.value("SELECT size FROM ledger_head") or 0)
    return {(str(row[0]), int(row[1])): int(row[2]) for row in rows}, size


def _quoted(text: str) -> str:
    """Return an element of a written array of PostgreSQL."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
