"""The files of an export, in a directory or a tar file, read with their length known."""

import os
import stat
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from remit.ledger.merkle import TILE_WIDTH

EXPORT_FORMAT: Final = 1
_CHUNK_BYTES: Final = 1 << 20


class Files:
    """The regular files of a directory or of a tar file, read with their length known."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.odd: list[str] = []  # what is there twice, or is no file
        self._members: dict[str, tuple[int, int]] | None = None
        if not path.is_dir():
            self._members = self._index(path)

    def names(self) -> Iterator[str]:
        """Yield the names of all files."""
        if self._members is not None:
            yield from self._members
            return
        for folder, below, files in os.walk(self.path):
            inside = Path(folder).relative_to(self.path)
            yield from ((inside / name).as_posix() for name in files)
            for name in below:
                if (Path(folder) / name).is_symlink():
                    self.odd.append((inside / name).as_posix())

    def chunks(self, name: str, limit: int) -> Iterator[bytes]:
        """Yield what a file holds; nothing where it is missing, odd or longer than the limit."""
        start, length = 0, -1
        if self._members is not None:
            start, length = self._members.get(name, (0, -1))
        try:
            path = self.path if self._members is not None else self.path / name
            handle = os.open(
                path, os.O_RDONLY | os.O_NOFOLLOW * (self._members is None) | os.O_NONBLOCK
            )
        except (OSError, ValueError):
            return
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(handle)
            if self._members is None:
                length = found.st_size
            if not stat.S_ISREG(found.st_mode) or not 0 <= length <= limit:
                return
            file.seek(start)
            while length and (data := file.read(min(length, _CHUNK_BYTES))):
                yield data
                length -= len(data)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return what a file holds, None where it is missing, odd or longer than the limit."""
        if self._members is not None:
            there = name in self._members
        else:
            there = (self.path / name).is_file()
        data = b"".join(self.chunks(name, limit)) if there else None
        return None if not data and there and self._size(name) else data

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a file."""
        found = sha256()
        for data in self.chunks(name, sys.maxsize):
            found.update(data)
        return found.hexdigest()

    def frames(self, name: str, *, width: int, limit: int) -> Iterator[bytes | None]:
        """Yield what stands behind lengths of this many bytes; None ends what is cut."""
        held, place = b"", 0
        for data in self.chunks(name, sys.maxsize):
            held, place = held[place:] + data, 0
            while (start := place + width) <= len(held):
                length = int.from_bytes(held[place:start], "big")
                if length > limit:
                    yield None
                    return
                if start + length > len(held):
                    break
                place = start + length
                yield held[start:place]
        if place < len(held):
            yield None

    def frames_of(self, name: str, *, width: int, limit: int, count: int) -> list[bytes | None]:
        """Return the frames of a file that has so many, as `frames` does, all at once."""
        data, found, place = self.read(name, count * (width + limit)), list[bytes | None](), 0
        held = data or b""
        while (start := place + width) <= len(held):
            place = start + int.from_bytes(held[place:start], "big")
            if not place - start <= min(limit, len(held) - start):
                return [*found, None]
            found.append(held[start:place])
        return [*found, None] if place < len(held) else found

    def _size(self, name: str) -> int:
        if self._members is not None:
            return self._members[name][1]
        return (self.path / name).lstat().st_size

    def _index(self, path: Path) -> dict[str, tuple[int, int]]:
        """Return where the members of a tar file lie; each header must be in its one form."""
        found: dict[str, tuple[int, int]] = {}
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(f"`{path}` is no file")
            total = os.fstat(file.fileno()).st_size
            while any(block := file.read(tarfile.BLOCKSIZE)):
                offset = file.tell()
                try:
                    member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
                    plain = tar_header(member.name, member.size)
                except (tarfile.HeaderError, ValueError) as error:
                    if not found:
                        raise OSError(f"`{path}` is neither a directory nor a tar file") from error
                    self.odd.append(f"offset {offset - tarfile.BLOCKSIZE}")
                    return found
                file.seek(offset + member.size)
                padding = file.read(-member.size % tarfile.BLOCKSIZE)
                if plain != block or member.name in found or any(padding):
                    self.odd.append(member.name)
                found[member.name] = (offset, member.size)
                if not 0 <= member.size <= total - offset:
                    self.odd.append(member.name)
                    return found
            rest = file.tell() - len(block)
            if any(file.read(tarfile.RECORDSIZE)) or total != rest + len(tar_end(rest)):
                self.odd.append(f"offset {rest}")
        return found


def tar_header(name: str, size: int) -> bytes:
    """Return the one header that a file of an export has in a tar file."""
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def tar_end(length: int) -> bytes:
    """Return what ends a tar file of this length: two empty blocks, and the rest of a record."""
    return bytes(2 * tarfile.BLOCKSIZE + -(length + 2 * tarfile.BLOCKSIZE) % tarfile.RECORDSIZE)


def bundle_name(n: int, *, width: int = TILE_WIDTH, kind: str = "tile/entries") -> str:
    """Return the file of a bundle of leaves: `tile/entries/x001/234` or `….p/44`."""
    return f"{kind}/{_digits(n)}{'' if width == TILE_WIDTH else f'.p/{width}'}"


def tile_name(level: int, n: int, *, width: int = TILE_WIDTH) -> str:
    """Return the file of a tile."""
    return bundle_name(n, width=width, kind=f"tile/{level}")


def manifest(
    origin: str, first: int, size: int, counts: Sequence[str], digests: Mapping[str, str]
) -> bytes:
    """Return the one manifest of an export: what it holds, and digests of what no tree covers."""
    lines = [
        f"remit export {EXPORT_FORMAT}",
        f"origin {origin}",
        f"entries {first} {size}",
        *counts,
        *(f"{digests[name]}  {name}" for name in sorted(digests)),
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _digits(n: int) -> str:
    """Return a number in groups of three, all but the last behind an `x` (C2SP tlog-tiles)."""
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:  # noqa: PLR2004 - three digits
        n //= 1000
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups))
