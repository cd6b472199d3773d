"""Proofs for one entry, from the stored tree: the leaf and its `.tlog-proof`."""

from dataclasses import dataclass
from typing import Final

from remit.errors import LedgerMismatchError, NotFoundError
from remit.ledger.checkpoint import Checkpoint, parse_note
from remit.ledger.inclusion import proof_text
from remit.ledger.merkle import HASH_BYTES, TILE_WIDTH, inclusion, split, subtree_root
from remit.store.connection import Connection

ROOTS_MAX: Final = 1 << 16
_LEVEL_BITS: Final = 8


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

    Raises `NotFoundError` where no checkpoint covers the position, `LedgerMismatchError` where the
    stored tree has a hole.
    """
    return Prover(vkey).prove(connection, position, size=size)


class Prover:
    """Makes many proofs of one log; it keeps the roots of full tiles, which never change."""

    def __init__(self, vkey: str) -> None:
        self._vkey = vkey
        self._roots: dict[tuple[int, int], bytes] = {}

    def prove(self, connection: Connection, position: int, *, size: int | None = None) -> Proof:
        """Return the proof of an entry, as `prove` does."""
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
        stated = parse_note(note, self._vkey)
        if position >= stated.size:
            raise NotFoundError(f"the tree of {stated.size} entries has no position {position}")
        nodes = _Nodes(connection, stated.size, self._roots)
        path = inclusion(position, stated.size, nodes.hash)
        return Proof(
            position=position,
            leaf=bytes(leaf),
            text=proof_text(position=position, path=path, note=bytes(note)),
            note=bytes(note),
            checkpoint=stated,
        )


class _Nodes:
    """Nodes of the stored tree of a size: full tiles, and the order's tail below them."""

    def __init__(
        self, connection: Connection, size: int, roots: dict[tuple[int, int], bytes]
    ) -> None:
        self._connection = connection
        self._size = size
        self._roots = roots
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def hash(self, height: int, index: int) -> bytes:
        """Return the hash of a full subtree: its height, and its number among those."""
        level, within = divmod(height, _LEVEL_BITS)
        start = index << within
        n, first = divmod(start, TILE_WIDTH)
        if level and (n + 1) << (_LEVEL_BITS * (level + 1)) > self._size:  # its tile is not full
            return subtree_root([self._root(level - 1, start + k) for k in range(1 << within)])
        return subtree_root(self._tile(level, n)[first : first + (1 << within)])

    def _root(self, level: int, n: int) -> bytes:
        """Return the root of a full tile."""
        found = self._roots.get((level, n))
        if found is None:
            if len(self._roots) >= ROOTS_MAX:
                self._roots.clear()
            found = self._roots[level, n] = subtree_root(self._tile(level, n))
        return found

    def _tile(self, level: int, n: int) -> list[bytes]:
        found = self._tiles.get((level, n))
        if found is None:
            found = self._tiles[level, n] = self._read(level, n)
        return found

    def _read(self, level: int, n: int) -> list[bytes]:
        start, end = n * TILE_WIDTH, min((n + 1) * TILE_WIDTH, self._size)
        if level == 0 and end - start < TILE_WIDTH:
            sql = """SELECT leaf_hash FROM entry_order WHERE position >= ? AND position < ?
             ORDER BY position"""
            hashes = [bytes(row[0]) for row in self._connection.rows(sql, (start, end))]
            width = end - start
        else:
            sql = "SELECT hashes FROM tiles WHERE level = ? AND n = ?"
            hashes = split(self._connection.value(sql, (level, n)) or b"")
            width = TILE_WIDTH
        if len(hashes) != width or any(len(one) != HASH_BYTES for one in hashes):
            raise LedgerMismatchError(
                f"tile {n} of level {level} is not whole; run `remit ledger verify`"
            )
        return hashes
