"""Watching the file that this process has open: one that was removed or replaced is lost.

Whoever goes on writing to a file without a name writes to nothing: it is gone when the process is.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from remit.errors import StorageError

LOOK_SECONDS: Final = 1.0
MOUNTS: Final = Path("/proc/self/mountinfo")
# A file there may be written by two hosts at once, and its locks and syncs promise less.
NETWORK: Final = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs2",
        "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs", "glusterfs", "gpfs", "lustre",
        "ncpfs", "nfs", "nfs4", "smb3", "smbfs",
    }
)  # fmt: skip


class FileWatch:
    """Looks each second whether the name still leads to the file, and its ledger goes forward."""

    def __init__(self, path: Path, size: Callable[[], int], lost: Callable[[str], None]) -> None:
        self._path = path
        self._size = size
        self._lost = lost
        self._file = _identity(path)
        self._largest = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="remit-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._ended.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def look(self) -> str:
        """Return what is wrong as a sentence, or nothing."""
        found = _identity(self._path)
        if found is None:
            return f"`{self._path}` was removed while Remit wrote to it; put back a copy of it"
        if found != self._file:
            return f"`{self._path}` was replaced by another file while Remit wrote to it"
        try:
            size = self._size()
        except StorageError:
            return ""  # whoever reads or writes is told; it may pass
        if size < self._largest:
            return (
                f"`{self._path}` went back from {self._largest} entries to {size} while Remit "
                "wrote to it: an older copy was put over it"
            )
        self._largest = size
        return ""

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            sentence = self.look()
            if sentence:
                self._lost(sentence)
                return


def network_kind(path: Path) -> str:
    """Return the kind of the network file system that holds a path, or nothing."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return ""
    wanted = path.resolve()
    best, kind = -1, ""
    for line in lines:
        fields, _, rest = line.partition(" - ")
        place = Path(fields.split()[4].encode().decode("unicode_escape"))
        depth = len(place.parts)
        if depth >= best and (place == wanted or place in wanted.parents):
            best, kind = depth, rest.split()[0]
    return kind if kind in NETWORK else ""


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
