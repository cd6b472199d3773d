"""An export as verification reads it: files that somebody handed over, trusted in nothing."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

from remit.ledger.checkpoint import NOTE_BYTES_MAX, NoteError, number_of
from remit.ledger.files import Files, bundle_name, manifest, tile_name
from remit.ledger.judge import LOCAL, MISSING, Head, Judge, Note, Page, Receipt
from remit.ledger.leaf import ENTRY_BYTES_MAX, Leaf
from remit.ledger.merkle import HASH_BYTES, TILE_WIDTH, split
from remit.ledger.outside import LINES_BYTES_MAX, receipts_of
from remit.ledger.successions import Sizes, policy

MANIFEST_BYTES_MAX: Final = 16 * 1024 * 1024
ROW_BYTES_MAX: Final = 32 * 1024 * 1024 + 60  # a sealed payload with nonce, salt and tag
UNKNOWN: Final = "unknown"
POLICY_BYTES_MAX: Final = 1024 * 1024
_ALWAYS: Final = ("checkpoint", "checkpoints", "policy", "vkey")


class Export:
    """The record in a directory or a tar file; raises `OSError` where there is neither."""

    def __init__(self, path: Path) -> None:
        self._files = Files(path)
        self._payloads: Iterator[bytes | None] | None = None
        self.payloads_carried = False

    def head(self) -> Head | None:
        """Return what checkpoint and manifest claim; None where nothing looks like an export."""
        if next(self._files.names(), None) is None:
            return None
        lines = (self._files.read("checkpoint", NOTE_BYTES_MAX) or b"").decode("utf-8", "replace")
        origin, _, rest = lines.partition("\n")
        claims = (self._files.read("manifest", MANIFEST_BYTES_MAX) or b"").split(b"\n")
        self.payloads_carried = b"payloads sealed" in claims[3:5]
        first = -1
        for line in claims[2:3]:
            words = line.decode("ascii", "replace").split(" ")
            first = _counted(words[1]) if len(words) == 3 else -1  # noqa: PLR2004
        size = _counted(rest.partition("\n")[0])
        usable = 0 <= first < max(size, 1)
        return Head(origin=origin or UNKNOWN, size=size, first=first if usable else 0)

    def keys(self) -> list[str]:
        """Return the keys that `policy` names."""
        text = (self._files.read("policy", POLICY_BYTES_MAX) or b"").decode("utf-8", "replace")
        return [line[4:] for line in text.split("\n") if line.startswith("log ")]

    def pages(self) -> Iterator[Page]:
        """Yield bundles up to the first that is missing or cut, tiles where none are carried.

        The bundle that the first entry lies in has empty frames before it, and hashes in a tile.
        """
        head = self.head()
        if head is None:
            return
        for start in range(0, max(head.size, 0), TILE_WIDTH):
            n, width = start // TILE_WIDTH, min(TILE_WIDTH, head.size - start)
            before = min(max(head.first - start, 0), width)
            if before:
                data = self._files.read(tile_name(0, n, width=width), TILE_WIDTH * HASH_BYTES)
                if data is None or len(data) != width * HASH_BYTES:
                    return
                yield Page(range(start, start + before), (), split(data)[:before])
            if before == width:
                continue
            name = bundle_name(n, width=width)
            leaves = self._files.frames_of(name, width=2, limit=ENTRY_BYTES_MAX, count=width)
            if len(leaves) > width or any(leaves[:before]):
                return
            if self.payloads_carried:
                name = bundle_name(n, width=width, kind="payloads")
                self._payloads = self._files.frames(name, width=4, limit=ROW_BYTES_MAX)
            yield Page(range(start + before, start + len(leaves)), leaves[before:])
            if len(leaves) != width:
                return

    def notes(self) -> Iterator[Note]:
        """Yield all checkpoints."""
        for note in self._files.frames("checkpoints", width=2, limit=NOTE_BYTES_MAX):
            yield Note(note or b"")

    def tile(self, level: int, n: int) -> bytes | None:
        """Return a full tile."""
        return self._files.read(tile_name(level, n), TILE_WIDTH * HASH_BYTES)

    def beside(self, position: int, leaf: Leaf, digest: bytes) -> Iterable[tuple[str, str]]:
        """Compare the sealed rows of a leaf with what it names."""
        del position, digest
        return () if self._payloads is None else self._sealed(self._payloads, leaf)

    def _sealed(self, rows: Iterator[bytes | None], leaf: Leaf) -> Iterator[tuple[str, str]]:
        for named in leaf.payloads:
            row = next(rows, None)
            if not row:
                yield MISSING, named["key"]
            elif sha256(row).hexdigest() != named["cipher"]:
                yield "payloads", f"payload `{named['role']}` is not the one that was logged"

    def surplus(self, seen: Judge) -> Iterator[tuple[str, str]]:
        """Compare all files with those that these entries would be exported as."""
        tree, head = seen.tree, self.head()
        yield from (
            ("structure", f"`{name}` is there twice or is no file") for name in self._files.odd
        )
        expected = sum(tree.counts) - (-tree.size // TILE_WIDTH) - seen.first // TILE_WIDTH
        for level, n, hashes in tree.partial():
            name = tile_name(level, n, width=len(hashes) // HASH_BYTES)
            expected += 1
            if self._files.read(name, TILE_WIDTH * HASH_BYTES) != hashes:
                yield "tree", f"`{name}` is not the tile of its entries"
        there, digests = 0, {}
        for name in self._files.names():
            there += name.startswith("tile/")
            if not name.startswith("tile/") and name != "manifest":
                digests[name] = self._files.digest(name)
        yield from (
            ("structure", f"`{name}` is missing") for name in _ALWAYS if name not in digests
        )
        if there != expected:
            yield "structure", f"`tile/` holds {there} files and these entries make {expected}"
        named = {f"{one}\n".encode() for one in (*seen.vkeys, *self.keys())}
        if self._files.read("vkey", NOTE_BYTES_MAX) not in named:
            yield "structure", "`vkey` is not the key that was given"
        last, sizes = b"", Sizes()
        for note in self.notes():
            last = note.note
            sizes.see(last)
        if self._files.read("policy", POLICY_BYTES_MAX) != policy(self.keys(), sizes.by_id):
            yield "structure", "`policy` does not name the keys and sizes of these checkpoints"
        if self._files.read("checkpoint", NOTE_BYTES_MAX) != last:
            yield "structure", "`checkpoint` is not the last of `checkpoints`"
        kind = "payloads sealed" if self.payloads_carried else "payloads none"
        counts = [f"checkpoints {seen.notes_seen}", kind]
        claimed = self._files.read("manifest", MANIFEST_BYTES_MAX)
        if head is None or claimed != manifest(
            head.origin, head.first, head.size, counts, digests
        ):
            yield "structure", "`manifest` is not that of these files"

    def anchors(self) -> Iterator[Receipt]:
        """Yield the receipts that travel along; whom they name is only the exporter's word."""
        for name in sorted(self._files.names()):
            if name.startswith("anchors/"):
                lines = b"".join(self._files.chunks(name, LINES_BYTES_MAX)).splitlines(
                    keepends=True
                )
                yield from receipts_of(lines, operator=LOCAL, where=name)


def _counted(text: str) -> int:
    try:
        return number_of(text, "a size")
    except NoteError:
        return -1
