"""Exports: the record as files that anybody can check with the public key (C2SP tlog-tiles).

`checkpoint`, `checkpoints`, `policy`, `vkey`, `manifest`, `anchors/…`, `tile/entries/…` (bundles
of leaves), `tile/<level>/…`, on demand `payloads/…` (sealed), and a verifier in two languages.
Keys and contents never travel.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from remit.errors import LedgerError, LedgerMismatchError
from remit.ledger import anchor, joined
from remit.ledger.checkpoint import family, parse_note, signers_of
from remit.ledger.files import bundle_name, manifest, tar_end, tar_header, tile_name
from remit.ledger.leaf import read_leaf
from remit.ledger.merkle import HASH_BYTES, TILE_WIDTH, Tree, leaf_hash, split
from remit.ledger.successions import Sizes, policy
from remit.store.connection import Connection
from remit.store.entries import OF_LEDGER

_ENTRIES: Final = """SELECT o.position, e.leaf, e.case_id, e.seq FROM entry_order o
 JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq
 WHERE o.position >= ? AND o.position < ? ORDER BY o.position"""
_HASHES: Final = """SELECT leaf_hash FROM entry_order
 WHERE position >= ? AND position < ? ORDER BY position"""
_TILE: Final = "SELECT hashes FROM tiles WHERE level = 0 AND n = ?"
_SEALED: Final = "SELECT role, sealed FROM payloads WHERE case_id = ? AND seq = ?"
_NOTES_PAGE: Final = 1000
_README: Final = Path(__file__).with_name("export.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export holds: entries `first` up to `size`, under the checkpoint of `size`."""

    first: int
    size: int


def export(
    connection: Connection,
    target: Path,
    *,
    vkey: str,
    first: int = 0,
    last: int | None = None,
    sealed: bool = False,
    anchors: Mapping[str, Path] | None = None,
) -> Exported:
    """Write the record to a new directory, or to a file if the name ends in `.tar`.

    `first` and `last` are positions: the export begins with the page of the one, above what was
    pruned, and ends with the first checkpoint after the other. `anchors` are files of receipts, by
    the name they get. Give the connection of one read snapshot. The target appears complete or not
    at all; one that is there already is refused. Raises `LedgerError`, `LedgerMismatchError`.
    """
    if target.exists():
        raise LedgerError(f"`{target}` is there already; choose a new name")
    note = _note(connection, last)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        sink = _Tar(draft) if target.suffix == ".tar" else _Folder(draft)
        writing = _Writing(connection, sink, note, vkey, sealed=sealed, first=first)
        exported = writing.run(anchors or {})
        sink.close()
        draft.rename(target)
    except BaseException:
        if draft.is_dir():
            shutil.rmtree(draft)
        draft.unlink(missing_ok=True)
        raise
    return exported


def framed(items: Iterable[bytes], *, width: int = 2) -> Iterator[bytes]:
    """Yield byte strings behind their lengths, as entry bundles have them."""
    for item in items:
        yield len(item).to_bytes(width, "big") + item


def _note(connection: Connection, last: int | None) -> bytes:
    if last is None:
        sql = "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1"
        note: bytes | None = connection.value(sql)
    else:
        sql = "SELECT note FROM checkpoints WHERE size > ? ORDER BY size LIMIT 1"
        note = connection.value(sql, (last,))
    if note is None:
        raise LedgerError(
            "there is no entry to export yet"
            if last is None
            else f"no checkpoint covers position {last} yet; export without an end"
        )
    return note


class _Sink(Protocol):
    def put(self, name: str, chunks: Iterable[bytes]) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True)
class _Writing:
    """One export as it is written; the tree is grown anew from what is written."""

    connection: Connection
    sink: _Sink
    note: bytes
    vkey: str
    sealed: bool = field(kw_only=True)
    first: int = field(kw_only=True)
    _tree: Tree = field(default_factory=Tree)
    _digests: dict[str, str] = field(default_factory=dict)

    def run(self, anchors: Mapping[str, Path]) -> Exported:
        keys = family(self.vkey)  # the end may be one that an origin before a recovery signed
        stated = parse_note(self.note, *keys)
        signers = signers_of(self.note)
        self.vkey = next(key for key in keys if key.split("+")[1] in signers)
        if not 0 <= self.first < stated.size:
            raise LedgerError(f"there is no entry {self.first} before {stated.size}")
        self.first -= self.first % TILE_WIDTH
        self._skip_pruned()
        if self.first >= stated.size:
            raise LedgerError(
                f"entries up to {self.first - 1} were pruned; export a later position"
            )
        for start in range(0, stated.size, TILE_WIDTH):
            width = min(TILE_WIDTH, stated.size - start)
            before = min(max(self.first - start, 0), width)
            hashes = self._hashes(start, before) if before else []
            if before < width:
                hashes += self._page(start, before, width)
            for level, n, tile in [one for item in hashes for one in self._tree.append(item)]:
                self.sink.put(tile_name(level, n), [tile])
        for level, n, tile in self._tree.partial():
            self.sink.put(tile_name(level, n, width=len(tile) // HASH_BYTES), [tile])
        if (self._tree.size, self._tree.root()) != (stated.size, stated.root):
            raise LedgerMismatchError(
                f"the entries do not give the root of checkpoint {stated.size}; "
                "run `remit ledger verify`"
            )
        notes = self._notes(stated.size)
        self._keep("checkpoints", notes)
        self._keep("checkpoint", [self.note])
        self._keep("vkey", [f"{self.vkey}\n".encode()])
        self._keep("policy", [policy(keys, notes.sizes.by_id)])
        self._keep("README.md", [_README.read_bytes()])
        self._keep("verifier/verify.py", [joined.python_source().encode()])
        self._keep(f"verifier/{joined.GO}", [joined.go_source().encode()])
        for name in sorted(anchors):
            held = anchor.receipts(anchors[name])
            lines = [anchor.line_of(one, named=True) for one in held if one.size <= stated.size]
            self._keep(f"anchors/{name}", lines)
        counts = [f"checkpoints {notes.count}", f"payloads {'sealed' if self.sealed else 'none'}"]
        text = manifest(stated.origin, self.first, stated.size, counts, self._digests)
        self.sink.put("manifest", [text])
        return Exported(first=self.first, size=stated.size)

    def _skip_pruned(self) -> None:
        """Begin after the last entry that was pruned: above it all is there."""
        said = f"event = 'ledger:range:pruned' AND {OF_LEDGER}"
        sql = f"SELECT leaf FROM entries WHERE {said}"  # noqa: S608 - a constant
        told = [read_leaf(row[0]).body.get("highest") for row in self.connection.rows(sql)]
        highest = max((one for one in told if isinstance(one, int)), default=-1)
        self.first = max(self.first, highest + 1)

    def _page(self, start: int, before: int, width: int) -> list[bytes]:
        """Write a page, with empty frames for what is not carried; return the other hashes."""
        rows = self.connection.rows(_ENTRIES, (start + before, start + width))
        if [row[0] for row in rows] != list(range(start + before, start + width)):
            raise LedgerMismatchError(
                f"entries after position {start + before} are not there; run `remit ledger verify`"
            )
        leaves = [bytes(row[1]) for row in rows]
        name = bundle_name(start // TILE_WIDTH, width=width)
        self.sink.put(name, framed([b""] * before + leaves))
        if self.sealed:
            name = bundle_name(start // TILE_WIDTH, width=width, kind="payloads")
            self._keep(name, framed(self._rows(rows), width=4))
        return [leaf_hash(leaf) for leaf in leaves]

    def _rows(self, entries: Sequence[tuple[int, bytes, str, int]]) -> Iterator[bytes]:
        """Yield sealed rows in the order in which leaves name them; empty where one is gone."""
        for _, leaf, case_id, seq in entries:
            there: dict[str, bytes] = dict(self.connection.rows(_SEALED, (case_id, seq)))
            for named in read_leaf(leaf).payloads:
                yield there.get(named["role"], b"")

    def _hashes(self, start: int, count: int) -> list[bytes]:
        """Return the hashes of entries that are not carried, as a tile or the order has them."""
        if count == TILE_WIDTH:
            return split(self.connection.value(_TILE, (start // TILE_WIDTH,)) or b"")
        rows = self.connection.rows(_HASHES, (start, start + count))
        return [bytes(row[0]) for row in rows]

    def _notes(self, size: int) -> "_Notes":
        return _Notes(self.connection, size)

    def _keep(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file that no tree covers, and its digest into the manifest."""
        digest = sha256()

        def seen() -> Iterator[bytes]:
            for chunk in chunks:
                digest.update(chunk)
                yield chunk

        self.sink.put(name, seen())
        self._digests[name] = digest.hexdigest()


class _Notes:
    """All checkpoints up to a size, framed; counted as they are read."""

    def __init__(self, connection: Connection, size: int) -> None:
        self._connection = connection
        self._size = size
        self.count = 0
        self.sizes = Sizes()

    def __iter__(self) -> Iterator[bytes]:
        after = 0
        sql = """SELECT size, note FROM checkpoints WHERE size > ? AND size <= ?
         ORDER BY size LIMIT ?"""
        while page := self._connection.rows(sql, (after, self._size, _NOTES_PAGE)):
            self.count += len(page)
            for row in page:
                self.sizes.see(bytes(row[1]))
            yield from framed(bytes(row[1]) for row in page)
            after = page[-1][0]


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as out:
            for chunk in chunks:
                out.write(chunk)

    def close(self) -> None:
        """Nothing is left to write."""


class _Tar:
    """A tar file of headers in their one form: a length is written once it is known."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("xb")

    def put(self, name: str, chunks: Iterable[bytes]) -> None:
        start = self._file.tell()
        self._file.write(tar_header(name, 0))
        length = sum(self._file.write(chunk) for chunk in chunks)
        self._file.write(bytes(-length % len(tar_header(name, 0))))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(tar_header(name, length))
        self._file.seek(end)

    def close(self) -> None:
        with self._file as out:
            out.write(tar_end(out.tell()))
