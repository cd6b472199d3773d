"""The tree against the recursive text of RFC 6962."""

import random
from collections.abc import Callable
from hashlib import sha256

import pytest

from remit.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Tiles,
    Tree,
    consistency,
    inclusion,
    leaf_hash,
    node_hash,
    split,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)

SIZE_MAX = 300
LEAVES = [leaf_hash(b"leaf %d" % n) for n in range(SIZE_MAX)]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it is written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_proof(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_proof(m, leaves[:k], whole=whole), naive_root(leaves[k:])]
    return [*naive_proof(m - k, leaves[k:], whole=False), naive_root(leaves[:k])]


ROOTS = [naive_root(LEAVES[:size]) for size in range(SIZE_MAX + 1)]


def node(height: int, index: int) -> bytes:
    width = 1 << height
    assert (index + 1) * width <= SIZE_MAX, "a proof reads full subtrees only"
    return naive_root(LEAVES[index * width : (index + 1) * width])


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == ROOTS[0]


def test_the_root_is_that_of_the_recursive_text_at_every_size() -> None:
    edge, tiles = Frontier(), Tiles()
    for size in range(1, SIZE_MAX + 1):
        edge.append(LEAVES[size - 1])
        list(tiles.append(LEAVES[size - 1]))
        assert edge.root() == ROOTS[size]
        assert tiles.frontier().root() == ROOTS[size]
        assert tiles.frontier().size == edge.size == size


def test_a_copy_grows_on_its_own() -> None:
    edge, tiles = Frontier(), Tiles()
    for leaf in LEAVES[:255]:
        edge.append(leaf)
        list(tiles.append(leaf))
    twin_edge, twin_tiles = edge.copy(), tiles.copy()
    twin_edge.append(LEAVES[255])
    assert [tile[:2] for tile in twin_tiles.append(LEAVES[255])] == [(0, 0)]
    assert edge.root() == tiles.frontier().root() == ROOTS[255]
    assert twin_edge.root() == twin_tiles.frontier().root() == ROOTS[256]


def test_full_tiles_hold_the_hashes_of_each_level() -> None:
    tiles = Tiles()
    full = [tile for n in range(65_536 + 300) for tile in tiles.append(LEAVES[n % SIZE_MAX])]

    assert [tile[:2] for tile in full[:2]] == [(0, 0), (0, 1)]
    assert [tile[:2] for tile in full if tile[0] == 1] == [(1, 0)]
    upper = next(hashes for level, _, hashes in full if level == 1)
    lower = [subtree_root(split(hashes)) for level, _, hashes in full if level == 0]
    assert split(upper) == lower[:256]
    assert tiles.partial()[0][:2] == (0, 257)
    assert [len(part[2]) // 32 for part in tiles.partial()] == [44, 1, 1]


def test_every_inclusion_proof_is_that_of_the_text_and_verifies() -> None:
    for size in [*range(1, 70), 127, 128, 129, 255, 256, 257, 300]:
        for index in range(0, size, 1 if size < 70 else 13):
            proof = inclusion(index, size, node)
            assert proof == naive_path(index, LEAVES[:size])
            assert verify_inclusion(
                LEAVES[index], index=index, size=size, proof=proof, root=ROOTS[size]
            )


def test_every_consistency_proof_is_that_of_the_text_and_verifies() -> None:
    for second in [*range(1, 50), 127, 128, 129, 255, 256, 257, 300]:
        for first in range(1, second + 1, 1 if second < 50 else 7):
            proof = consistency(first, second, node)
            assert proof == naive_proof(first, LEAVES[:second])
            assert verify_consistency(
                first=first,
                second=second,
                first_root=ROOTS[first],
                second_root=ROOTS[second],
                proof=proof,
            )


@pytest.mark.parametrize("size", [1, 2, 7, 8, 255, 256, 257, 300])
def test_a_changed_inclusion_proof_does_not_verify(size: int) -> None:
    index = size // 2
    proof = naive_path(index, LEAVES[:size])
    root, leaf = ROOTS[size], LEAVES[index]
    wrong = [
        (leaf, index, size, [*proof, root], root),
        (leaf, index, size, [bytes(31), *proof], root),
        (LEAVES[(index + 1) % SIZE_MAX], index, size, proof, root),
        (leaf, size, size, proof, root),
        (leaf, -1, size, proof, root),
        (leaf, index, 0, proof, root),
        (leaf, index, size, proof, ROOTS[size - 1]),
    ]
    if proof:
        wrong.append((leaf, index, size, proof[:-1], root))
        wrong.append((leaf, index, size, [bytes(32), *proof[1:]], root))
        wrong.append((leaf, index ^ 1, size, proof, root))
    if len(proof) > 1:
        wrong.append((leaf, index, size, proof[::-1], root))
    for item, at, of, path, top in wrong:
        assert not verify_inclusion(item, index=at, size=of, proof=path, root=top)


@pytest.mark.parametrize(("first", "second"), [(1, 2), (3, 7), (4, 8), (6, 8), (255, 300)])
def test_a_changed_consistency_proof_does_not_verify(first: int, second: int) -> None:
    proof = naive_proof(first, LEAVES[:second])
    old, new = ROOTS[first], ROOTS[second]
    wrong = [
        (first, second, old, new, [*proof, new]),
        (first, second, old, new, proof[:-1]),
        (first, second, old, new, []),
        (first, second, old, new, [bytes(32), *proof[1:]]),
        (first, second, ROOTS[first - 1], new, proof),
        (first, second, old, ROOTS[second - 1], proof),
        (0, second, EMPTY_ROOT, new, proof),
        (second, first, new, old, proof),
    ]
    for m, n, first_root, second_root, path in wrong:
        assert not verify_consistency(
            first=m, second=n, first_root=first_root, second_root=second_root, proof=path
        )


def test_a_proof_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no leaf 5"):
        inclusion(5, 5, node)
    with pytest.raises(ValueError, match="no tree of 0"):
        consistency(0, 5, node)
    assert verify_consistency(
        first=9, second=9, first_root=ROOTS[9], second_root=ROOTS[9], proof=[]
    )
    assert node_hash(LEAVES[0], LEAVES[1]) == ROOTS[2]


@pytest.mark.parametrize(
    "length",
    [lambda _: 1, lambda _: 256, lambda _: 512, lambda chance: chance.randint(1, 1_000)],
    ids=["single", "tiles", "pages", "random"],
)
def test_a_verifiers_tree_fills_the_tiles_of_the_writers(
    length: Callable[[random.Random], int],
) -> None:
    """Also those of the second level, which are full after 65,536 leaves."""
    chance = random.Random(1)
    hashes = [leaf_hash(b"%d" % n) for n in range(66_000)]
    tiles, tree = Tiles(), Tree()
    written = [tile for one in hashes for tile in tiles.append(one)]
    found, done = [], 0
    while done < len(hashes):
        block = hashes[done : done + length(chance)]
        found += tree.extend(block)
        done += len(block)
    assert found == written
    assert [level for level, _, _ in found].count(1) == 1
    assert tree.root() == tiles.frontier().root()
