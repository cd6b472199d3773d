"""An export as verification reads it: files that somebody handed over, trusted in nothing."""

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from remit.ledger.export import (
    FILE_BYTES_MAX,
    bundle_name,
    manifest,
    tile_name,
    unframed,
)
from remit.ledger.merkle import TILE_WIDTH, Tiles
from remit.ledger.record import Head, Note, Place

UNKNOWN: Final = "unknown"
_SIZE_DIGITS_MAX: Final = 18


class Export:
    """The record in a directory or a tar file; raises `OSError` where there is neither."""

    def __init__(self, path: Path, *, vkey: str) -> None:
        self._path = path
        self._vkey = vkey
        self._archive = None if path.is_dir() else _archive(path)
        self._members: dict[str, tarfile.TarInfo] = {}
        self._twice: list[str] = []
        for member in self._archive or ():
            if member.name in self._members or not member.isfile():
                self._twice.append(member.name)
            self._members[member.name] = member
        if self._archive is None:
            files = (file for file in path.rglob("*") if file.is_file())
            self._names = {file.relative_to(path).as_posix() for file in files}
        else:
            self._names = set(self._members)

    def close(self) -> None:
        """Close the tar file, if it is one."""
        if self._archive is not None:
            self._archive.close()

    def head(self) -> Head | None:
        """Return what the last checkpoint claims; None where nothing looks like an export."""
        if not self._names:
            return None
        lines = (self._read("checkpoint") or b"").decode(errors="replace").split("\n")
        size = -1
        if len(lines) > 1 and lines[1].isascii() and lines[1].isdigit():
            size = int(lines[1][:_SIZE_DIGITS_MAX])
        return Head(origin=lines[0] or UNKNOWN, size=size)

    def places(self) -> Iterator[Place]:
        """Yield the leaves of all bundles, up to the first that is missing or cut."""
        head = self.head()
        size = 0 if head is None else max(head.size, 0)
        for start in range(0, size, TILE_WIDTH):
            width = min(TILE_WIDTH, size - start)
            data = self._read(bundle_name(start // TILE_WIDTH, width=width))
            if data is None:
                return
            count = 0
            for leaf in unframed(data):
                yield Place(position=start + count, leaf=leaf)
                count += 1
            if count != width:
                return

    def notes(self) -> Iterator[Note]:
        """Yield all checkpoints."""
        for note in unframed(self._read("checkpoints") or b""):
            yield Note(note=note or b"")

    def tile(self, level: int, n: int) -> bytes | None:
        """Return a full tile."""
        return self._read(tile_name(level, n))

    def surplus(self, *, size: int, payloads: int | None, tiles: Tiles) -> list[str]:
        """Compare all files with those that these entries would be exported as."""
        del payloads  # contents do not travel
        texts = [f"`{name}` is there twice or is no file" for name in self._twice]
        expected = {"checkpoint", "checkpoints", "vkey", "manifest.json"}
        for start in range(0, size, TILE_WIDTH):
            width = min(TILE_WIDTH, size - start)
            expected.add(bundle_name(start // TILE_WIDTH, width=width))
        for level, count in enumerate(tiles.counts):
            expected.update(tile_name(level, n) for n in range(count))
        for level, n, hashes in tiles.partial():
            name = tile_name(level, n, width=len(hashes) // 32)
            expected.add(name)
            if self._read(name) != hashes:
                texts.append(f"`{name}` is not the tile of its entries")
        texts.extend(f"`{name}` is missing" for name in sorted(expected - self._names))
        texts.extend(f"`{name}` does not belong here" for name in sorted(self._names - expected))
        if self._read("vkey") != f"{self._vkey}\n".encode():
            texts.append("`vkey` is not the key that was given")
        last = None
        for note in self.notes():
            last = note.note
        if self._read("checkpoint") != last:
            texts.append("`checkpoint` is not the last of `checkpoints`")
        if self._read("manifest.json") != self._manifest(size):
            texts.append("`manifest.json` is not that of these files")
        return texts

    def _manifest(self, size: int) -> bytes:
        head = self.head()
        digests = {
            name: hashlib.sha256(self._read(name) or b"").hexdigest()
            for name in self._names
            if name != "manifest.json"
        }
        origin = UNKNOWN if head is None else head.origin
        return manifest(origin=origin, size=size, vkey=self._vkey, digests=digests)

    def _read(self, name: str) -> bytes | None:
        """Return a file, None where it is missing, cannot be read or is too large."""
        if name not in self._names:
            return None
        try:
            if self._archive is None:
                file = self._path / name
                return None if file.stat().st_size > FILE_BYTES_MAX else file.read_bytes()
            member = self._members[name]
            content = None if member.size > FILE_BYTES_MAX else self._archive.extractfile(member)
            return None if content is None else content.read()
        except (OSError, tarfile.TarError, KeyError):
            return None


def _archive(path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(path, "r:")
    except tarfile.TarError as error:
        raise OSError(f"`{path}` is neither a directory nor a tar file") from error
