"""Proofs for one entry, from the stored tree: the leaf and its `.tlog-proof`."""

from dataclasses import dataclass

from remit.errors import LedgerMismatchError, NotFoundError
from remit.ledger.checkpoint import Checkpoint, parse_note
from remit.ledger.inclusion import proof_text
from remit.ledger.merkle import HASH_BYTES, TILE_WIDTH, inclusion, split, subtree_root
from remit.store.connection import Connection

_LEVEL_BITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A leaf and the file that shows it to be in the signed tree."""

    position: int
    leaf: bytes
    text: bytes
    checkpoint: Checkpoint


def prove(connection: Connection, position: int, *, vkey: str, size: int | None = None) -> Proof:
    """Return the proof of an entry under the last checkpoint, or under that of `size`.

    Raises `NotFoundError` where no checkpoint covers the position, `LedgerMismatchError` where the
    stored tree does not give the checkpoint's root.
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
    stated = parse_note(note, vkey)
    if position >= stated.size:
        raise NotFoundError(f"the tree of {stated.size} entries has no position {position}")
    path = inclusion(position, stated.size, Nodes(connection, stated.size).hash)
    return Proof(
        position=position,
        leaf=bytes(leaf),
        text=proof_text(position=position, path=path, note=note),
        checkpoint=stated,
    )


class Nodes:
    """Nodes of the stored tree of a size: full tiles, and the order's tail below them."""

    def __init__(self, connection: Connection, size: int) -> None:
        self._connection = connection
        self._size = size
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def hash(self, height: int, index: int) -> bytes:
        """Return the hash of a full subtree: its height, and its number among those."""
        level, within = divmod(height, _LEVEL_BITS)
        start = index << within
        tile = self._tile(level, start // TILE_WIDTH)
        first = start % TILE_WIDTH
        return subtree_root(tile[first : first + (1 << within)])

    def _tile(self, level: int, n: int) -> list[bytes]:
        if (level, n) not in self._tiles:
            self._tiles[level, n] = self._stored(level, n) or self._tail(level, n)
        return self._tiles[level, n]

    def _stored(self, level: int, n: int) -> list[bytes]:
        sql = "SELECT hashes FROM tiles WHERE level = ? AND n = ?"
        return split(self._connection.value(sql, (level, n)) or b"")

    def _tail(self, level: int, n: int) -> list[bytes]:
        """Return the hashes of a tile that is not full yet."""
        if level:
            below = self._size >> (_LEVEL_BITS * level)
            numbers = range(n * TILE_WIDTH, min((n + 1) * TILE_WIDTH, below))
            return [subtree_root(self._full(level - 1, number)) for number in numbers]
        found = self._connection.rows(
            "SELECT leaf_hash FROM entry_order WHERE position >= ? AND position < ?"
            " ORDER BY position",
            (n * TILE_WIDTH, (n + 1) * TILE_WIDTH),
        )
        return [bytes(row[0]) for row in found]

    def _full(self, level: int, n: int) -> list[bytes]:
        hashes = self._tile(level, n)
        if len(hashes) != TILE_WIDTH or any(len(one) != HASH_BYTES for one in hashes):
            raise LedgerMismatchError(
                f"tile {n} of level {level} is not whole; run `remit ledger verify`"
            )
        return hashes
