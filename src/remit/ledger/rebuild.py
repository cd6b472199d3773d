"""The tree as its rows have it: what the startup check compares and readers prove from."""

from typing import Final

from remit.errors import LedgerMismatchError
from remit.ledger.merkle import HASH_BYTES, LEVELS_MAX, TILE_WIDTH, Tiles, split, subtree_root
from remit.store.connection import Connection

TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES


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
            "SELECT n, hashes FROM tiles WHERE level = ? AND n >= ? ORDER BY n",
            (level - 1, first),
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
    return tiles
