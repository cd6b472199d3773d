"""Proofs for one entry, from the stored tree: the leaf and its `.tlog-proof`."""

from dataclasses import dataclass
from functools import lru_cache

from remit.errors import LedgerMismatchError, NotFoundError
from remit.ledger.checkpoint import Checkpoint, parse_note
from remit.ledger.inclusion import proof_text
from remit.ledger.merkle import inclusion, leaf_hash, verify_inclusion
from remit.ledger.rebuild import node_of
from remit.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A leaf and the file that shows it to be in the signed tree."""

    position: int
    leaf: bytes
    text: bytes
    note: bytes
    checkpoint: Checkpoint


def prove(connection: Connection, position: int, *, vkey: str, size: int | None = None) -> Proof:
    """Return the proof of an entry under the last checkpoint, or under that of `size`.

    It reads one tile a level and the order's tail. Raises `NotFoundError` where no checkpoint
    covers the position, `LedgerMismatchError` where the stored tree does not give its root.
    """
    sql = "SELECT note FROM checkpoints WHERE size > ? ORDER BY size DESC LIMIT 1"
    if size is not None:
        sql = "SELECT note FROM checkpoints WHERE size = ?"
    note = connection.value(sql, (position if size is None else size,))
    leaf = connection.value(
        "SELECT e.leaf FROM entry_order o JOIN entries e ON e.case_id = o.case_id"
        " AND e.seq = o.seq WHERE o.position = ?",
        (position,),
    )
    if note is None or leaf is None or position < 0:
        raise NotFoundError(f"no signed tree holds an entry at position {position}")
    stated = _stated(bytes(note), vkey)
    if position >= stated.size:
        raise NotFoundError(f"the tree of {stated.size} entries has no position {position}")
    path = inclusion(position, stated.size, node_of(connection))
    digest = leaf_hash(bytes(leaf))
    fits = verify_inclusion(digest, index=position, size=stated.size, proof=path, root=stated.root)
    if not fits:
        raise LedgerMismatchError(
            f"the stored tree does not lead from entry {position} to the root of {stated.size}; "
            "run `remit ledger verify`"
        )
    return Proof(
        position=position,
        leaf=bytes(leaf),
        text=proof_text(position=position, path=path, note=bytes(note)),
        note=bytes(note),
        checkpoint=stated,
    )


@lru_cache(maxsize=16)
def _stated(note: bytes, vkey: str) -> Checkpoint:
    """Return what a note states; many proofs are of one checkpoint."""
    return parse_note(note, vkey)
