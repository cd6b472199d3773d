"""Space kept for what must still be written when the disk is full: outcomes, stops and votes."""

import logging
import os
from pathlib import Path
from typing import Final

BYTES: Final = 64 * 1024 * 1024

_log = logging.getLogger("remit.store")


class Reserve:
    """A file of real blocks beside the database, freed when the disk is full."""

    def __init__(self, path: Path, *, bytes: int) -> None:
        self._path = path
        self._bytes = bytes
        self.armed = False

    @property
    def wanted(self) -> bool:
        """Whether any space is to be kept."""
        return self._bytes > 0

    @property
    def there(self) -> bool:
        """Whether the space is kept, by whichever process."""
        return self._path.exists()

    def arm(self) -> bool:
        """Take the space; False where there is not as much again besides it."""
        if not self._bytes or (self.armed and self.there):  # somebody may have removed it
            return True
        try:
            space = os.statvfs(self._path.parent)
            if space.f_bavail * space.f_frsize < 2 * self._bytes:
                return False
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._bytes)
            finally:
                os.close(handle)
        except OSError as error:
            _log.warning("no space could be set aside beside the database: %s", error.strerror)
            self._path.unlink(missing_ok=True)
            return False
        self.armed = True
        return True

    def free(self) -> bool:
        """Give the space back; False where none was kept."""
        was, self.armed = self.armed, False
        self._path.unlink(missing_ok=True)
        return was
