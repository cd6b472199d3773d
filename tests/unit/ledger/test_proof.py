"""Every entry can be proven under every checkpoint that covers it, from the stored tree."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest

from remit.errors import LedgerMismatchError, NotFoundError
from remit.ledger.inclusion import proven
from remit.ledger.merkle import Frontier, Tiles, inclusion, subtree_root, verify_inclusion
from remit.ledger.proof import prove
from remit.ledger.rebuild import node_of
from remit.store.connection import Connection, Parameter, Row
from remit.store.database import open_database
from remit.store.entries import INSERT_ORDER, PUT_TILE
from tests.opened import appending, opened

CASES = [f"{n:032x}" for n in range(1, 8)]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_entry_has_a_proof_that_its_leaf_alone_fits(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path}/remit.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with opened(url, tmp_path) as store:
        for n in range(20):
            store.writer.run(appending(CASES[n % 7], 27))
            store.settle()
        vkey = store.journal.vkey
        sizes = store.database.read(lambda c: c.rows("SELECT size FROM checkpoints"))
        places = (0, 1, 100, 255, 256, 300, 511, 512, 541)
        seen = 0
        for (size,), place in itertools.product(sizes, places):
            if place >= size:
                continue
            made = store.database.read(
                lambda c, p=place, s=size: prove(c, p, vkey=vkey, size=s)  # type: ignore[misc]  # bound now
            )
            found = proven(made.leaf, made.text, [vkey])
            assert (found.position, found.checkpoint.size) == (place, size)
            seen += 1
        assert seen > 60
        last = store.database.read(lambda c: prove(c, 7, vkey=vkey))
        assert last.checkpoint.size == 542
        for place, under in ((542, None), (-1, None), (5, 3), (300, sizes[0][0])):
            with pytest.raises(NotFoundError):
                store.database.read(
                    lambda c, p=place, s=under: prove(c, p, vkey=vkey, size=s)  # type: ignore[misc]  # bound now
                )


def test_a_stored_tree_with_a_hole_proves_nothing(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.writer.run(appending(CASES[0], 300))
        store.writer.run(lambda uow: uow.connection.execute("DELETE FROM tiles"))
        with pytest.raises(LedgerMismatchError, match="tile 0 of level 0"):
            store.database.read(lambda c: prove(c, 5, vkey=store.journal.vkey))


@dataclass(slots=True)
class Counted:
    """A connection that counts what is read."""

    inner: Connection
    reads: int = 0

    def value(self, sql: str, params: Sequence[Parameter] = ()) -> Any:
        self.reads += 1
        return self.inner.value(sql, params)

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> list[Row]:
        self.reads += 1
        return self.inner.rows(sql, params)


def test_a_proof_reads_a_tile_a_level_and_the_tail(tmp_path: Path) -> None:
    size = 66_100  # two full tiles of level 1 would be 131,072 leaves
    leaves = [sha256(n.to_bytes(4, "big")).digest() for n in range(size)]
    tiles = Tiles()
    full = [tile for leaf in leaves for tile in tiles.append(leaf)]
    root = tiles.frontier().root()
    database = open_database(f"sqlite:///{tmp_path}/remit.db", durability_check=False)
    try:
        writer = database.writer()
        writer.begin(write=True)
        writer.executemany(PUT_TILE, [*full, *tiles.above()])
        writer.executemany(
            INSERT_ORDER, [(n, "c", n, leaves[n]) for n in range(size // 256 * 256, size)]
        )
        writer.commit()
        writer.close()

        def proven_at(connection: Connection, place: int) -> tuple[int, int]:
            counted = Counted(connection)
            path = inclusion(place, size, node_of(cast("Connection", counted)))
            assert verify_inclusion(leaves[place], index=place, size=size, proof=path, root=root)
            return len(path), counted.reads

        for place in (0, 255, 256, 40_000, 65_535, 65_536, 66_000, size - 1):
            hashes, reads = database.read(lambda c, p=place: proven_at(c, p))  # type: ignore[misc]  # bound now
            assert hashes <= 17
            assert reads <= 6  # at most a tile a level on either side, and the tail
    finally:
        database.close()


def test_the_frontier_of_tiles_is_that_of_the_leaves() -> None:
    frontier, tiles = Frontier(), Tiles()
    for n in range(600):
        item = sha256(bytes([n % 256, n // 256])).digest()
        frontier.append(item)
        for _, _, hashes in tiles.append(item):
            assert subtree_root([hashes[at : at + 32] for at in range(0, len(hashes), 32)])
    assert tiles.frontier().root() == frontier.root()
