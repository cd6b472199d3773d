"""What a server looks after by itself, and a file does not: its disk and its log."""

from collections.abc import Callable

from remit.store.connection import Connection


class OnServer:
    """The part of a `Database` that is the server's."""

    def free(self) -> int | None:
        """Return nothing: the server's disk is the server's."""
        return None

    def log_size(self) -> int | None:
        """Return nothing: the log is the server's."""
        return None

    def reserve_kept(self) -> bool | None:
        """Return nothing: the disk is the server's."""
        return None

    def empty_log(self) -> bool:
        """Do nothing: the server's log belongs to the server, and the content in it is sealed."""
        return True

    def maintain(self, connection: Connection) -> None:
        """Do nothing: the server looks after itself."""

    def watch(self, lost: Callable[[str], None]) -> None:
        """Do nothing: the server watches its own files."""

    def free_reserve(self) -> bool:
        """Say that none is kept: the disk is the server's."""
        return False

    def arm_reserve(self) -> bool:
        """Do nothing: the disk is the server's."""
        return True
