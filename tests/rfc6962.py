"""The tree of RFC 6962 as its text defines it, recursively: what vectors are made from."""

import base64
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Any


def leaf(n: int) -> bytes:
    """Return the data of leaf `n` of every tree here."""
    return f"leaf {n}".encode()


@lru_cache(maxsize=1 << 20)
def root(low: int, high: int) -> bytes:
    """MTH(D[low:high]), section 2.1."""
    if high - low == 0:
        return sha256(b"").digest()
    if high - low == 1:
        return sha256(b"\x00" + leaf(low)).digest()
    middle = low + split(high - low)
    return sha256(b"\x01" + root(low, middle) + root(middle, high)).digest()


def split(n: int) -> int:
    """Return the largest power of two smaller than `n`."""
    power = 1
    while power * 2 < n:
        power *= 2
    return power


def path(m: int, low: int, high: int) -> list[bytes]:
    """PATH(m, D[low:high]), section 2.1.1; `m` counts from `low`."""
    if high - low == 1:
        return []
    k = split(high - low)
    if m < k:
        return [*path(m, low, low + k), root(low + k, high)]
    return [*path(m - k, low + k, high), root(low, low + k)]


def proof(m: int, n: int) -> list[bytes]:
    """PROOF(m, D[n]), section 2.1.2."""
    return subproof(m, 0, n, whole=True)


def subproof(m: int, low: int, high: int, *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[low:high], whole), section 2.1.2."""
    n = high - low
    if m == n:
        return [] if whole else [root(low, high)]
    k = split(n)
    if m <= k:
        return [*subproof(m, low, low + k, whole=whole), root(low + k, high)]
    return [*subproof(m - k, low + k, high, whole=False), root(low, low + k)]


SIZES = (*range(1, 301), *(256**k + d for k in (1, 2) for d in (-1, 0, 1)), 511, 512, 513, 66_000)


def inclusion_vectors() -> Iterator[dict[str, Any]]:
    """Yield proofs of inclusion, good ones and each broken in several ways."""
    for size in SIZES:
        places = {
            0,
            size - 1,
            size // 2,
            split(size) % size,
            *((size * 7 // k) % size for k in (9, 11)),
        }
        for index in sorted(places):
            good = {
                "leafIdx": index, "treeSize": size, "root": text(root(0, size)),
                "leafHash": text(root(index, index + 1)),
                "proof": [text(one) for one in path(index, 0, size)],
            }  # fmt: skip
            yield {**good, "desc": f"{index} of {size}", "wantErr": False}
            yield from broken(good, good["proof"], f"{index} of {size}")
            for desc, change in (
                ("index beyond the size", {"leafIdx": size}),
                ("index below zero", {"leafIdx": -1}),
                ("size 0", {"treeSize": 0}),
                ("another leaf", {"leafHash": text(sha256(b"other").digest())}),
                ("another root", {"root": text(sha256(b"other").digest())}),
                ("root of no leaf", {"root": text(root(0, 0))}),
            ):
                yield {**good, **change, "desc": f"{index} of {size}: {desc}", "wantErr": True}
            if size > 1:
                other = (index + 1) % size
                yield {
                    **good,
                    "leafIdx": other,
                    "desc": f"{index} of {size}: as {other}",
                    "wantErr": True,
                }


def consistency_vectors() -> Iterator[dict[str, Any]]:
    """Yield proofs of consistency, good ones and each broken in several ways."""
    for second in SIZES:
        for first in sorted(
            {1, second, second - 1, split(second), second // 3, second * 5 // 7} - {0}
        ):
            good = {
                "size1": first, "size2": second, "root1": text(root(0, first)),
                "root2": text(root(0, second)),
                "proof": [text(one) for one in proof(first, second)],
            }  # fmt: skip
            desc = f"{first} to {second}"
            yield {**good, "desc": desc, "wantErr": False}
            yield from broken(good, good["proof"], desc)
            for what, change in (
                ("from size 0", {"size1": 0, "root1": text(root(0, 0)), "proof": []}),
                ("backwards", {"size1": second + 1}),
                ("another first root", {"root1": text(sha256(b"other").digest())}),
                ("another second root", {"root2": text(sha256(b"other").digest())}),
            ):
                yield {**good, **change, "desc": f"{desc}: {what}", "wantErr": True}


def broken(good: dict[str, Any], hashes: Sequence[str], desc: str) -> Iterator[dict[str, Any]]:
    """Yield a vector with one hash more, fewer, cut, doubled, changed, and two exchanged."""
    other = text(sha256(b"other").digest())
    changed = {
        "one hash more": [*hashes, other],
        "one hash more, first": [other, *hashes],
        "an empty hash more": [*hashes, ""],
    }
    if hashes:
        cut = text(base64.b64decode(hashes[0])[:-1])
        changed |= {
            "one hash fewer": list(hashes[:-1]),
            "one hash fewer, first": list(hashes[1:]),
            "a hash cut": [cut, *hashes[1:]],
            "a hash changed": [other, *hashes[1:]],
            "the last hash changed": [*hashes[:-1], other],
            "a hash doubled": [hashes[0], *hashes],
        }
    if len(hashes) > 1:
        changed["two hashes exchanged"] = [hashes[1], hashes[0], *hashes[2:]]
    for what, others in changed.items():
        yield {**good, "proof": others, "desc": f"{desc}: {what}", "wantErr": True}


def text(data: bytes) -> str:
    """Return base64, as the vectors have hashes."""
    return base64.b64encode(data).decode()
