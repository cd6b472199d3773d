"""Anchors: checkpoints kept outside the data directory, so that a rollback shows.

A receipt has one form whoever gave it. In a file it is one line of JSON; a folder of such files
(a clone of a git anchor, a write-once directory) is read as a whole.
"""

import base64
import binascii
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from remit.domain import clock

LINE_BYTES_MAX: Final = 65_536  # a time-stamp token with its certificates is some kilobytes
TAIL_BYTES: Final = 16 * LINE_BYTES_MAX
RECEIPTS_MAX: Final = 20_000  # of one file in memory
SUFFIX: Final = ".anchor"
LOCAL: Final = "local"  # the operator of whatever is kept on this host
_NOTE_LINES: Final = 3
_SIZE_DIGITS_MAX: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorReceipt:
    """Somebody keeps a checkpoint. A malformed one has an empty note, which no key has signed.

    `size` and `root` are what the note claims; whoever judges parses it with the log's key.
    """

    note: bytes  # the checkpoint as the log signed it
    operator: str = LOCAL  # who keeps it: named in settings, never taken from a signature
    kind: str = "file"  # file | git | directory | witness | rfc3161
    at: datetime | None = None
    raw: bytes = b""  # what the sink answered: commit id, cosignature lines, time-stamp token
    place: str = ""  # where it is kept, for sentences
    line: int = 0

    @property
    def size(self) -> int:
        """The number of entries that the note claims; -1 where it is malformed."""
        lines = self.note.split(b"\n", _NOTE_LINES)
        known = len(lines) > _NOTE_LINES and len(lines[1]) <= _SIZE_DIGITS_MAX
        return int(lines[1]) if known and lines[1].isdigit() else -1

    @property
    def origin(self) -> str:
        """The log that the note claims to be of."""
        return self.note.partition(b"\n")[0].decode(errors="replace")

    @property
    def root(self) -> bytes:
        """The root that the note claims; empty where it is malformed."""
        lines = self.note.split(b"\n", _NOTE_LINES)
        try:
            return base64.b64decode(lines[2], validate=True) if len(lines) > _NOTE_LINES else b""
        except binascii.Error:
            return b""


def line_of(receipt: AnchorReceipt, *, named: bool = False) -> bytes:
    """Return the line of a receipt; `named` also writes who gave it."""
    members = {
        "at": "" if receipt.at is None else clock.text(receipt.at),
        "note": base64.b64encode(receipt.note).decode(),
    }
    if named:
        members |= {"kind": receipt.kind, "operator": receipt.operator}
        members |= {"place": receipt.place} if receipt.place else {}
    if receipt.raw:
        members["raw"] = base64.b64encode(receipt.raw).decode()
    return (json.dumps(members, sort_keys=True) + "\n").encode()


def receipts(path: Path, *, operator: str = LOCAL, kind: str = "file") -> list[AnchorReceipt]:
    """Return the lines of an anchor file, or of all files of a folder; none where nothing is.

    `operator` and `kind` are those of lines that name none. A last line without its end was never
    complete and is left out.
    """
    if path.is_dir():
        files = sorted(one for one in path.rglob(f"*{SUFFIX}") if one.is_file())
        return [found for file in files for found in receipts(file, operator=operator, kind=kind)]
    if not path.exists():
        return []
    found: list[AnchorReceipt] = []
    for number, data in enumerate(_lines(path), 1):
        found.append(parsed(data, line=number, operator=operator, kind=kind))
        if len(found) > RECEIPTS_MAX:
            found = thinned(found)
    return found


def thinned(found: list[AnchorReceipt]) -> list[AnchorReceipt]:
    """Drop every second receipt of the older half; what is malformed stays.

    A receipt vouches for all before it, and a file that grows each second must not fill memory.
    """
    half = len(found) // 2
    older = [one for n, one in enumerate(found[:half]) if n % 2 == 0 or not one.note]
    return [*older, *found[half:]]


def newest(path: Path) -> Iterator[AnchorReceipt]:
    """Yield the receipts at the end of a file, the last one first; reads no more than its end."""
    if not path.exists():
        return
    with path.open("rb") as file:
        start = max(file.seek(0, os.SEEK_END) - TAIL_BYTES, 0)
        file.seek(start)
        *lines, _ = file.read(TAIL_BYTES).split(b"\n")
    for line in reversed(lines[1:] if start else lines):
        yield parsed(line)


def parsed(
    data: bytes, *, line: int = 0, operator: str = LOCAL, kind: str = "file"
) -> AnchorReceipt:
    """Return the receipt of a line, with an empty note where it is malformed."""
    try:
        members = json.loads(data)
        at = members["at"]
        return AnchorReceipt(
            note=_decoded(members["note"]),
            operator=str(members.get("operator", operator)),
            kind=str(members.get("kind", kind)),
            at=datetime.fromisoformat(at) if at else None,
            raw=_decoded(members.get("raw", "")),
            place=str(members.get("place", "")),
            line=line,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return AnchorReceipt(note=b"", operator=operator, kind=kind, line=line)


def append_line(path: Path, line: bytes) -> None:
    """Append a line durably; one that a crash left unfinished goes first."""
    made = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _end_line(handle)
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
    if made:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _end_line(handle: int) -> None:
    """Cut off a line that a crash left unfinished, or end it where the file only grows."""
    size = os.fstat(handle).st_size
    start = max(size - TAIL_BYTES, 0)
    tail = os.pread(handle, TAIL_BYTES, start)
    if not tail or tail.endswith(b"\n"):
        return
    try:
        os.ftruncate(handle, start + tail.rfind(b"\n") + 1)
    except OSError:
        os.write(handle, b"\n")


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(LINE_BYTES_MAX):
            if not line.endswith(b"\n") and len(line) < LINE_BYTES_MAX:
                return
            yield line


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
