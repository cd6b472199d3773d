"""Exports: the record as files that anybody can check with the public key (C2SP tlog-tiles).

`checkpoint`, `checkpoints`, `vkey`, `manifest.json`, `tile/entries/…` (bundles of leaves) and
`tile/<level>/…`. Keys and contents never travel.
"""

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from remit.errors import LedgerError
from remit.ledger.merkle import TILE_WIDTH, Tiles
from remit.ledger.rebuild import restored
from remit.store.connection import Connection

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
_LENGTH_BYTES: Final = 2

Put = Callable[[str, bytes], None]


def export(connection: Connection, target: Path, *, vkey: str) -> int:
    """Write the record to a new directory, or to a file if the name ends in `.tar`.

    Returns the number of entries. Give the connection of one read snapshot. The target appears
    complete or not at all; one that is there already is refused.
    """
    if target.exists():
        raise LedgerError(f"`{target}` is there already; choose a new name")
    head = connection.one("SELECT origin, size, root FROM ledger_head")
    if head is None or head[1] == 0:
        raise LedgerError("there is no entry to export yet")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.suffix == ".tar":
            with tarfile.open(draft, "x", format=tarfile.USTAR_FORMAT) as archive:
                _write(connection, head, vkey, _into_tar(archive))
        else:
            _write(connection, head, vkey, _into_folder(draft))
        draft.rename(target)
    except BaseException:
        if draft.is_dir():
            shutil.rmtree(draft)
        draft.unlink(missing_ok=True)
        raise
    return int(head[1])


def bundle_name(n: int, *, width: int = TILE_WIDTH) -> str:
    """Return the file of a bundle of leaves: `tile/entries/x001/234` or `….p/44`."""
    return f"tile/entries/{_digits(n)}{_part(width)}"


def tile_name(level: int, n: int, *, width: int = TILE_WIDTH) -> str:
    """Return the file of a tile."""
    return f"tile/{level}/{_digits(n)}{_part(width)}"


def framed(items: list[bytes]) -> bytes:
    """Return byte strings behind their lengths, as entry bundles have them."""
    return b"".join(len(item).to_bytes(_LENGTH_BYTES, "big") + item for item in items)


def unframed(data: bytes) -> Iterator[bytes | None]:
    """Yield what `framed` joined; None ends what is cut."""
    place = 0
    while place < len(data):
        end = place + _LENGTH_BYTES
        length = int.from_bytes(data[place:end], "big")
        if end > len(data) or end + length > len(data):
            yield None
            return
        yield data[end : end + length]
        place = end + length


def manifest(*, origin: str, size: int, vkey: str, digests: dict[str, str]) -> bytes:
    """Return the one manifest of these files."""
    members = {
        "entries": size,
        "files": [[name, digests[name]] for name in sorted(digests)],
        "format": 1,
        "origin": origin,
        "vkey": vkey,
    }
    return (json.dumps(members, sort_keys=True, indent=1) + "\n").encode()


def _write(connection: Connection, head: tuple[str, int, bytes], vkey: str, put: Put) -> None:
    origin, size, root = head
    digests: dict[str, str] = {}

    def keep(name: str, data: bytes) -> None:
        digests[name] = hashlib.sha256(data).hexdigest()
        put(name, data)

    _write_entries(connection, size, keep)
    _write_tiles(connection, restored(connection, size=size, root=root), keep)
    notes = [row[0] for row in connection.rows("SELECT note FROM checkpoints ORDER BY size")]
    keep("checkpoints", framed(notes))
    keep("checkpoint", notes[-1])
    keep("vkey", f"{vkey}\n".encode())
    put("manifest.json", manifest(origin=origin, size=size, vkey=vkey, digests=digests))


def _write_entries(connection: Connection, size: int, keep: Put) -> None:
    for start in range(0, size, TILE_WIDTH):
        rows = connection.rows(
            "SELECT e.leaf FROM entry_order o JOIN entries e"
            " ON e.case_id = o.case_id AND e.seq = o.seq"
            " WHERE o.position >= ? AND o.position < ? ORDER BY o.position",
            (start, start + TILE_WIDTH),
        )
        width = min(TILE_WIDTH, size - start)
        keep(bundle_name(start // TILE_WIDTH, width=width), framed([row[0] for row in rows]))


def _write_tiles(connection: Connection, tiles: Tiles, keep: Put) -> None:
    level = 0
    while found := connection.rows("SELECT n FROM tiles WHERE level = ? ORDER BY n", (level,)):
        for (n,) in found:
            hashes = connection.value(
                "SELECT hashes FROM tiles WHERE level = ? AND n = ?", (level, n)
            )
            keep(tile_name(level, n), hashes)
        level += 1
    for level, n, hashes in tiles.partial():
        keep(tile_name(level, n, width=len(hashes) // 32), hashes)


def _into_folder(folder: Path) -> Put:
    def put(name: str, data: bytes) -> None:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    return put


def _into_tar(archive: tarfile.TarFile) -> Put:
    def put(name: str, data: bytes) -> None:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))

    return put


def _digits(n: int) -> str:
    """Return a number in groups of three, all but the last behind an `x` (C2SP tlog-tiles)."""
    groups = [f"{n % 1000:03d}"]
    while n >= 1000:  # noqa: PLR2004 - three digits
        n //= 1000
        groups.append(f"x{n % 1000:03d}")
    return "/".join(reversed(groups))


def _part(width: int) -> str:
    return "" if width == TILE_WIDTH else f".p/{width}"
