"""Every entry can be proven under every checkpoint that covers it, from the stored tree."""

import itertools
from hashlib import sha256
from pathlib import Path

import pytest

from remit.errors import LedgerMismatchError, NotFoundError
from remit.ledger.inclusion import proven
from remit.ledger.merkle import Frontier, Tiles, subtree_root
from remit.ledger.proof import Prover, prove
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
        vkey, prover = store.journal.vkey, Prover(store.journal.vkey)
        sizes = store.database.read(lambda c: c.rows("SELECT size FROM checkpoints"))
        places = (0, 1, 100, 255, 256, 300, 511, 512, 541)
        seen = 0
        for (size,), place in itertools.product(sizes, places):
            if place >= size:
                continue
            made = store.database.read(
                lambda c, p=place, s=size: prover.prove(c, p, size=s)  # type: ignore[misc]  # bound now
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


def test_the_frontier_of_tiles_is_that_of_the_leaves() -> None:
    frontier, tiles = Frontier(), Tiles()
    for n in range(600):
        item = sha256(bytes([n % 256, n // 256])).digest()
        frontier.append(item)
        for _, _, hashes in tiles.append(item):
            assert subtree_root([hashes[at : at + 32] for at in range(0, len(hashes), 32)])
    assert tiles.frontier().root() == frontier.root()
