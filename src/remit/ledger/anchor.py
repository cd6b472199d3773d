"""Anchors: checkpoints kept outside the data directory, so that a rollback shows.

The one sink today is a file on this host, one line for each checkpoint; whoever owns the host can
rewrite the ledger and the anchor together, and `verify` says so.
"""

import base64
import binascii
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from remit.domain import clock
from remit.errors import StorageUnavailableError
from remit.store.connection import Connection

LINE_BYTES_MAX: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorReceipt:
    """A line of an anchor; a malformed one has an empty note, which no key has signed."""

    line: int
    note: bytes


def publish(connection: Connection, path: Path, *, now: datetime) -> bool:
    """Append the last checkpoint to an anchor file if it is not its last line already."""
    note: bytes | None = connection.value(
        "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1"
    )
    if note is None:
        return False
    known = receipts(path)
    if known and known[-1].note == note:
        return False
    line = json.dumps({"at": clock.text(now), "note": base64.b64encode(note).decode()}) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, line.encode())
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageUnavailableError(
            f"the anchor `{path}` cannot be written ({error.strerror}); set another place"
        ) from error
    return True


def receipts(path: Path) -> list[AnchorReceipt]:
    """Return the lines of an anchor file, none where there is no file."""
    if not path.exists():
        return []
    found = []
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LINE_BYTES_MAX):
            number += 1
            found.append(AnchorReceipt(line=number, note=_note(line)))
    return found


def _note(line: bytes) -> bytes:
    try:
        return base64.b64decode(json.loads(line)["note"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error):
        return b""
