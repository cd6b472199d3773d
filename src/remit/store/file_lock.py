"""The lock file beside a SQLite file, held by its one owner and freed by the kernel."""

import fcntl
import json
import os
import time
from datetime import datetime
from pathlib import Path
from typing import Final

from remit.errors import DatabaseInUseError, StorageUnavailableError

LOCK_NOTE_BYTES_MAX: Final = 4096
TRIES_MAX: Final = 3
TRY_SECONDS: Final = 0.02


def lock(path: Path, *, owner: str, since: datetime | None) -> int:
    """Return the descriptor of the held lock file; the kernel frees it when the process ends."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageUnavailableError(
            f"`{path}.lock` cannot be made ({error.strerror}); choose a folder you may write to"
        ) from error
    if not _taken(lock):
        held_by = _holder(lock)
        os.close(lock)
        raise DatabaseInUseError(
            f"`{path.name}` is in use by {held_by}; stop it, use its API, "
            "or set `database` to PostgreSQL"
        )
    note: dict[str, str | int] = {"owner": owner, "pid": os.getpid()}
    if since is not None:
        note["since"] = f"{since:%Y-%m-%d %H:%M} UTC"
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(note).encode(), 0)
    return lock


def holder(path: Path) -> str:
    """Return who holds the lock of a file, or nothing; takes none."""
    try:
        lock = os.open(f"{path}.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _holder(lock)
    else:
        return ""
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    """Take a lock; whoever only asks who has it holds it for an instant, so try more than once."""
    for _ in range(TRIES_MAX):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(TRY_SECONDS)
        else:
            return True
    return False


def _holder(lock: int) -> str:
    try:
        note = json.loads(os.pread(lock, LOCK_NOTE_BYTES_MAX, 0))
        since = f", since {note['since']}" if "since" in note else ""
        return f"`{note['owner']}` (process {note['pid']}{since})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
