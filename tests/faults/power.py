"""Cut the power: what a killed process wrote and did not sync is taken back, all of it or a part.

The library of `power.c` notes each write; files keep their names, and what is deleted stays so.
"""

import os
import random
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("power.c")
WRITTEN, CUT, SYNCED, FAILED = 1, 2, 3, 4
HEADER = struct.Struct("=4I3Q256s")


def library(folder: Path) -> Path:
    """Build the library that notes writes; skips where there is no compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("unsynced writes cannot be taken back: there is no C compiler (gcc)")
    target = folder / "power.so"
    made = subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(target), str(SOURCE), "-lpthread"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One write, cut or sync of a file, or a sync that failed."""

    kind: int
    path: Path
    inode: int
    offset: int
    size: int  # of the file before it
    old: bytes
    new: bytes


def notes(log: Path) -> Iterator[Note]:
    """Yield what a log holds; a last note that is torn was never followed by its write."""
    data, at = log.read_bytes(), 0
    while at + HEADER.size <= len(data):
        kind, old, new, _, inode, offset, size, path = HEADER.unpack_from(data, at)
        at += HEADER.size
        if at + old + new > len(data):
            return
        yield Note(
            kind=kind, path=Path(os.fsdecode(path.rstrip(b"\0"))), inode=inode, offset=offset,
            size=size, old=data[at : at + old], new=data[at + old : at + old + new],
        )  # fmt: skip
        at += old + new


def cut(log: Path, chance: random.Random) -> int:
    """Take back what is not synced, or each of it by chance; return how many writes are gone."""
    waiting: dict[tuple[Path, int], list[Note]] = {}
    for note in notes(log):
        if note.kind == SYNCED:
            waiting.pop((note.path, note.inode), None)
        elif note.kind != FAILED:
            waiting.setdefault((note.path, note.inode), []).append(note)
    kept = chance.choice((0.0, 0.5, 0.9))
    gone = 0
    for (path, inode), unsynced in waiting.items():
        if not path.exists() or path.stat().st_ino != inode:
            continue
        with path.open("r+b", buffering=0) as file:
            for note in reversed(unsynced):
                os.pwrite(file.fileno(), note.old, note.offset)
                file.truncate(note.size)
            for note in unsynced:
                if chance.random() >= kept:
                    gone += 1
                elif note.kind == CUT:
                    file.truncate(note.offset)
                else:
                    os.pwrite(file.fileno(), note.new, note.offset)
    log.write_bytes(b"")
    return gone
