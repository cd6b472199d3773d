"""Statements that write the rows of the ledger; `remit.ledger` alone uses them."""

from typing import Final

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
