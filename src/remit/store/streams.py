"""The ends of streams: remembered by an only writer, read under a lock by one of several."""

from collections import OrderedDict
from datetime import datetime
from typing import Final, Protocol

from remit.domain import clock
from remit.store import locks
from remit.store.connection import Connection, Row

STREAMS_CACHED_MAX: Final = 20_000


class Tails(Protocol):
    """The last numbers of streams, as one unit sees and moves them."""

    floor: datetime | None  # no entry of this unit may be earlier

    def last(self, connection: Connection, case_id: str) -> int:
        """Return the number of the stream's last entry, 0 for a new stream."""

    def begin(self, connection: Connection, case_id: str) -> None:
        """Note a stream that is new, since its id was drawn for it: nobody else can know it."""

    def advance(self, case_id: str, seq: int) -> None:
        """Note a new last number."""


class KnownTails:
    """The last number of each stream, remembered by the one writer."""

    floor: datetime | None = None

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
            known[case_id] = seq
        return seq

    def begin(self, connection: Connection, case_id: str) -> None:  # noqa: ARG002
        """Remember a new stream without a look."""
        self._known[case_id] = 0

    def advance(self, case_id: str, seq: int) -> None:
        """Remember a new last number until the unit is undone."""
        self._undo.append((case_id, seq - 1))
        self._known[case_id] = seq
        self._known.move_to_end(case_id)

    def trim(self) -> None:
        """Forget the streams that were quiet longest; not inside a transaction, which has more."""
        while len(self._known) > STREAMS_CACHED_MAX:
            self._known.popitem(last=False)

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


class LockedTails:
    """The streams that one transaction has locked: nobody else moves them until it ends."""

    def __init__(self) -> None:
        self.floor: datetime | None = None
        self._known: dict[str, int] = {}

    def last(self, connection: Connection, case_id: str) -> int:
        """Lock the stream at the first look, then read what is committed."""
        seq = self._known.get(case_id)
        if seq is None:
            connection.later(locks.HOLD, [(locks.key(f"stream {case_id}"),)])
            row = connection.one(
                "SELECT seq, at_us FROM entries WHERE case_id = ? ORDER BY seq DESC LIMIT 1",
                (case_id,),
            )
            seq = 0 if row is None else int(row[0])
            self._known[case_id] = seq
            if row is not None:
                at = clock.instant(row[1])
                self.floor = at if self.floor is None or at > self.floor else self.floor
        return seq

    def begin(self, connection: Connection, case_id: str) -> None:
        """Note a new stream, and lock it: who looks what became of its unit waits for its end."""
        connection.later(locks.HOLD, [(locks.key(f"stream {case_id}"),)])
        self._known[case_id] = 0

    def advance(self, case_id: str, seq: int) -> None:
        """Note a new last number."""
        self._known[case_id] = seq


REASSIGNED: Final = "orchestration:case:reassigned"


def wrote(connection: Connection, case_id: str, event: str, *, after: int) -> bool:
    """Return whether an entry of that name came after entry `after`."""
    found = connection.one(
        "SELECT 1 FROM entries WHERE case_id = ? AND seq > ? AND event = ? LIMIT 1",
        (case_id, after, event),
    )
    return found is not None


def wrote_at(connection: Connection, case_id: str, path: str, *, after: int) -> bool:
    """Return whether an entry at that path came after entry `after`."""
    found = connection.one(
        "SELECT 1 FROM entries WHERE case_id = ? AND seq > ? AND path = ? LIMIT 1",
        (case_id, after, path),
    )
    return found is not None


def other_run(connection: Connection, case_id: str, *, seen: int) -> Row | None:
    """Return number and run of the first entry after `seen` by which a run must stop.

    A run has seen all that it wrote itself, so any entry of a run is another's, though both may
    have begun at the same number; and so is the takeover of its worker's cases.
    """
    return connection.one(
        "SELECT seq, coalesce(run, seq) FROM entries WHERE case_id = ? AND seq > ?"
        " AND (run IS NOT NULL OR event = ?) ORDER BY seq LIMIT 1",
        (case_id, seen, REASSIGNED),
    )
