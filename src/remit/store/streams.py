"""The ends of streams: what the one writer remembers, and whether another run has written."""

from collections import OrderedDict
from typing import Final

from remit.store.connection import Connection, Row

STREAMS_CACHED_MAX: Final = 20_000


class Tails:
    """The last number of each stream, remembered by the one writer."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, int] = OrderedDict()
        self._undo: list[tuple[str, int]] = []

    def last(self, connection: Connection, case_id: str) -> int:
        """Return the number of the stream's last entry, 0 for a new stream."""
        known = self._known
        seq = known.get(case_id)
        if seq is None:
            seq = int(
                connection.value("SELECT MAX(seq) FROM entries WHERE case_id = ?", (case_id,)) or 0
            )
            if len(known) >= STREAMS_CACHED_MAX:
                known.popitem(last=False)
            known[case_id] = seq
        return seq

    def advance(self, case_id: str, seq: int) -> None:
        """Remember a new last number until the unit is undone."""
        self._undo.append((case_id, seq - 1))
        self._known[case_id] = seq
        self._known.move_to_end(case_id)

    def keep(self) -> None:
        """Keep what the unit did."""
        self._undo.clear()

    def undo(self) -> None:
        """Forget what the unit did."""
        while self._undo:
            case_id, seq = self._undo.pop()
            self._known[case_id] = seq

    def forget(self) -> None:
        """Forget everything: the transaction was lost."""
        self._known.clear()
        self._undo.clear()


def other_run(connection: Connection, case_id: str, *, seen: int, run: int) -> Row | None:
    """Return number and run of the first entry after `seen` that another run wrote."""
    return connection.one(
        "SELECT seq, run FROM entries WHERE case_id = ? AND seq > ? AND run <> ?"
        " ORDER BY seq LIMIT 1",
        (case_id, seen, run),
    )
