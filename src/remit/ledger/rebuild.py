"""The tree as its rows have it: what the startup check compares and readers prove from."""

from typing import Final

from remit.errors import LedgerMismatchError
from remit.ledger.merkle import (
    HASH_BYTES,
    LEVELS_MAX,
    TILE_HEIGHT,
    TILE_WIDTH,
    Node,
    Tiles,
    split,
    subtree_root,
)
from remit.store.connection import Connection

TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
_TILE: Final = "SELECT hashes FROM tiles WHERE level = ? AND n = ?"
_TAIL: Final = """SELECT leaf_hash FROM entry_order WHERE position >= ? AND position < ?
 ORDER BY position"""


def restored(connection: Connection, *, size: int, root: bytes) -> Tiles:
    """Rebuild the open tiles from stored tiles and the tail; at most 255 hashes a level are read.

    Raises `LedgerMismatchError` where they do not give this root.
    """
    tiles = Tiles()
    first = size - size % TILE_WIDTH
    tail = connection.rows(
        "SELECT position, leaf_hash FROM entry_order WHERE position >= ? ORDER BY position",
        (first,),
    )
    if [row[0] for row in tail] != list(range(first, size)):
        raise LedgerMismatchError(
            f"the order of entries does not end at {size}, where the head says; "
            "put back the newest copy of the database"
        )
    tiles.restore(0, count=size >> 8, hashes=[row[1] for row in tail])
    for level in range(1, LEVELS_MAX):
        below = size >> (8 * level)  # full tiles of the level below
        if not below:
            break
        first = below - below % TILE_WIDTH
        stored = connection.rows(
            "SELECT n, hashes FROM tiles WHERE level = ? AND n >= ? AND n < ? ORDER BY n",
            (level - 1, first, below),
        )
        if [row[0] for row in stored] != list(range(first, below)) or any(
            len(row[1]) != TILE_BYTES for row in stored
        ):
            raise LedgerMismatchError(
                f"the tiles of level {level - 1} do not end at {below}; "
                "put back the newest copy of the database"
            )
        tiles.restore(
            level,
            count=below >> 8,
            hashes=[subtree_root(split(row[1])) for row in stored],
        )
    found = tiles.frontier().root()
    if found != root:
        raise LedgerMismatchError(
            f"the stored tree of {size} entries has root {found.hex()} and the head says "
            f"{root.hex()}; put back the newest copy of the database"
        )
    for level, n, hashes in tiles.above():
        if connection.value(_TILE, (level, n)) != hashes:
            raise LedgerMismatchError(
                f"the open tile {n} of level {level} is not that of the tiles below; "
                "put back the newest copy of the database"
            )
    return tiles


def node_of(connection: Connection) -> Node:
    """Return a reader of the full subtrees of the stored tree, from tiles and the order's tail.

    It reads each tile once, at most one a level for a proof and one more where the path leaves it.
    Raises `LedgerMismatchError` where one is not whole.
    """
    known: dict[tuple[int, int], bytes] = {}

    def node(height: int, index: int) -> bytes:
        level, within = divmod(height, TILE_HEIGHT)
        n, offset = divmod(index << within, TILE_WIDTH)
        if (level, n) not in known:
            known[level, n] = _tile(connection, level, n)
        first, width = offset * HASH_BYTES, HASH_BYTES << within
        hashes = known[level, n][first : first + width]
        if len(hashes) != width:
            raise LedgerMismatchError(
                f"tile {n} of level {level} is not whole; run `remit ledger verify`"
            )
        return subtree_root(split(hashes))

    return node


def _tile(connection: Connection, level: int, n: int) -> bytes:
    """Return what a tile holds so far; the open one of the lowest level is the order's tail."""
    stored: bytes | None = connection.value(_TILE, (level, n))
    if stored is not None:
        return bytes(stored)
    first = n * TILE_WIDTH
    tail = [] if level else connection.rows(_TAIL, (first, first + TILE_WIDTH))
    whole = len(tail) == TILE_WIDTH  # then its tile should be there
    return b"" if whole else b"".join(bytes(row[0]) for row in tail)
