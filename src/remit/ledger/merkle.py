"""The RFC 6962 tree: frontier, 256-wide tiles, proofs and their verifiers."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
LEVELS_MAX: Final = 8
EMPTY_ROOT: Final = sha256(b"").digest()

Node = Callable[[int, int], bytes]  # height above the leaves, index at that height -> hash


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, section 2.1)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node (RFC 6962, section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the full subtrees at the right edge: all that appending needs."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        self.size = size
        self._hashes = list(hashes)  # from the left: one for each bit of the size

    def append(self, leaf: bytes) -> None:
        """Append a leaf's hash."""
        hashes, carry = self._hashes, self.size
        while carry & 1:
            leaf = sha256(b"\x01" + hashes.pop() + leaf).digest()
            carry >>= 1
        hashes.append(leaf)
        self.size += 1

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The roots from the left: one for each bit of the size."""
        return tuple(self._hashes)

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def copy(self) -> "Frontier":
        """Return a frontier that grows on its own."""
        return Frontier(self.size, self._hashes)


class Tiles:
    """The open tile of each level; a full one is handed out and its root goes a level up."""

    __slots__ = ("_counts", "_open")

    def __init__(self) -> None:
        self._open: list[list[bytes]] = [[]]
        self._counts: list[int] = [0]

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Append a leaf's hash; yield level, number and bytes of each tile that it fills."""
        open_tiles, level, item = self._open, 0, leaf
        while True:
            tile = open_tiles[level]
            tile.append(item)
            if len(tile) < TILE_WIDTH:
                return
            yield level, self._counts[level], b"".join(tile)
            item = subtree_root(tile)
            self._counts[level] += 1
            open_tiles[level] = []
            level += 1
            if level == len(open_tiles):
                open_tiles.append([])
                self._counts.append(0)

    @property
    def counts(self) -> tuple[int, ...]:
        """The number of full tiles of each level so far."""
        return tuple(self._counts)

    def restore(self, level: int, *, count: int, hashes: Sequence[bytes]) -> None:
        """Set a level to `count` full tiles and these hashes in the open one."""
        while len(self._open) <= level:
            self._open.append([])
            self._counts.append(0)
        self._open[level] = list(hashes)
        self._counts[level] = count

    def partial(self) -> list[tuple[int, int, bytes]]:
        """Return level, number and bytes of each open tile that is not empty."""
        return [
            (level, self._counts[level], b"".join(tile))
            for level, tile in enumerate(self._open)
            if tile
        ]

    def above(self) -> list[tuple[int, int, bytes]]:
        """Return the open tiles of the upper levels, which change with each full tile only."""
        return [one for one in self.partial() if one[0]]

    def frontier(self) -> Frontier:
        """Return the frontier of the same tree."""
        size, hashes = 0, []
        for level in reversed(range(len(self._open))):
            size += len(self._open[level]) << (8 * level)
            hashes.extend(_powers(self._open[level]))
        return Frontier(size, hashes)

    def copy(self) -> "Tiles":
        """Return tiles that grow on their own."""
        twin = Tiles()
        twin._open = [tile.copy() for tile in self._open]
        twin._counts = self._counts.copy()
        return twin


class Tree:
    """The tree as a verifier grows it: peaks for its root, and the open tile of each level."""

    def __init__(self) -> None:
        self.size = 0
        self.open: list[list[bytes]] = [[]]
        self.counts = [0]
        self._peaks: list[bytes] = []
        self._tile_root = b""  # of the tile that is full now

    def root(self) -> bytes:
        """Return the root so far."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for left in reversed(self._peaks[:-1]):
            root = sha256(b"\x01" + left + root).digest()
        return root

    def append(self, item: bytes) -> list[tuple[int, int, bytes]]:
        """Append the hash of a leaf; return level, number and bytes of the tiles it fills."""
        return self.extend([item])

    def extend(self, hashes: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Append hashes of leaves, in whole subtrees where these fit; return what they fill."""
        filled: list[tuple[int, int, bytes]] = []
        done, count = 0, len(hashes)
        while done < count:
            room = min(count - done, TILE_WIDTH)
            if self.size:
                room = min(room, self.size & -self.size)
            height = room.bit_length() - 1
            block = hashes[done : done + (1 << height)]
            self.open[0].extend(block)
            self._push(subtree_root(block), height)
            self.size += len(block)
            done += len(block)
            if len(self.open[0]) == TILE_WIDTH:
                filled += self._filled(self._tile_root)
        return filled

    def partial(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield level, number and bytes of each open tile that is not empty."""
        for level, tile in enumerate(self.open):
            if tile:
                yield level, self.counts[level], b"".join(tile)

    def _push(self, item: bytes, height: int) -> None:
        """Add the root of a whole subtree of this height at the right edge."""
        carry = self.size >> height
        if height == TILE_HEIGHT:  # a tile as a whole
            self._tile_root = item
        while carry & 1:
            item = sha256(b"\x01" + self._peaks.pop() + item).digest()
            carry >>= 1
            height += 1
            if height == TILE_HEIGHT:
                self._tile_root = item
        self._peaks.append(item)

    def _filled(self, root: bytes) -> list[tuple[int, int, bytes]]:
        filled, level = [], 0
        while len(self.open[level]) == TILE_WIDTH:
            filled.append((level, self.counts[level], b"".join(self.open[level])))
            self.counts[level] += 1
            self.open[level] = []
            level += 1
            if level == len(self.open):
                self.open.append([])
                self.counts.append(0)
            self.open[level].append(root)
            root = subtree_root(self.open[level]) if len(self.open[level]) == TILE_WIDTH else root
        return filled


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [
            sha256(b"\x01" + row[index] + row[index + 1]).digest()
            for index in range(0, len(row), 2)
        ]
    return row[0]


def split(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile."""
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]


def inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size` (RFC 6962, section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _largest_power_below(high - low)
        if index < middle:
            proof.append(_range_root(middle, high, node))
            high = middle
        else:
            proof.append(_range_root(low, middle, node))
            low = middle
    return proof[::-1]


def consistency(first: int, second: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `first` is a prefix (RFC 6962, section 2.1.2)."""
    if not 0 < first <= second:
        raise ValueError(f"no tree of {first} to compare with one of {second}")
    proof: list[bytes] = []
    low, high, whole = 0, second, True
    while first != high:
        middle = low + _largest_power_below(high - low)
        if first <= middle:
            proof.append(_range_root(middle, high, node))
            high = middle
        else:
            proof.append(_range_root(low, middle, node))
            low, whole = middle, False
    if not whole:
        proof.append(_range_root(low, high, node))
    return proof[::-1]


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Is the leaf with this hash at `index` of the tree with this root (RFC 9162, 2.1.3.2)?"""
    if not 0 <= index < size or any(len(item) != HASH_BYTES for item in proof):
        return False
    fn, sn, found = index, size - 1, leaf
    for item in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = node_hash(item, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, item)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == root


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Is the first tree a prefix of the second (RFC 9162, 2.1.4.2)? Size 0 proves nothing."""
    if not 0 < first <= second or any(len(item) != HASH_BYTES for item in proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for item in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(item, old), node_hash(item, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, item)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == first_root and new == second_root


def _powers(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the roots of the full subtrees over these hashes, largest first."""
    roots, start = [], 0
    while start < len(hashes):
        width = 1 << ((len(hashes) - start).bit_length() - 1)
        roots.append(subtree_root(hashes[start : start + width]))
        start += width
    return roots


def _range_root(low: int, high: int, node: Node) -> bytes:
    """Return the root over leaves low..high; a full subtree is one node."""
    width = high - low
    if width & (width - 1) == 0:
        height = width.bit_length() - 1
        return node(height, low >> height)
    middle = low + _largest_power_below(width)
    return node_hash(_range_root(low, middle, node), _range_root(middle, high, node))


def _largest_power_below(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)
