"""What verification reads: the record as rows of a database have it, judged by nobody yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from remit.domain import clock
from remit.errors import StorageError
from remit.ledger.entry import Leaf
from remit.ledger.merkle import Tiles
from remit.store.connection import Connection

PAGE_ROWS_MAX: Final = 256
POSITION_MIN: Final = -(2**63)

_ORDER: Final = """SELECT o.position, o.case_id, o.seq, o.leaf_hash, e.leaf, e.leaf_hash, e.event,
 e.run, e.path, e.at_us, e.tenant, e.workflow, e.writer_id, e.writer_n
 FROM entry_order o LEFT JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq
 WHERE o.position >= ? AND o.position <= ? ORDER BY o.position"""
_PAYLOADS: Final = """SELECT o.position, p.role, p.key_id, p.sealed
 FROM entry_order o JOIN payloads p ON p.case_id = o.case_id AND p.seq = o.seq
 WHERE o.position >= ? AND o.position <= ?"""

_COUNTS: Final = {
    "entries": "SELECT COUNT(*) FROM entries",
    "entry_order": "SELECT COUNT(*) FROM entry_order",
    "payloads": "SELECT COUNT(*) FROM payloads",
    "tiles": "SELECT COUNT(*) FROM tiles",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadRow:
    """A sealed payload as it is stored."""

    role: str
    key: str
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is stored for one position."""

    position: int
    leaf: bytes | None  # None: it is not there, or cannot be read
    claims: tuple[object, ...] = ()  # columns beside the leaf, as `claims_of` would have them
    payloads: tuple[PayloadRow, ...] | None = None  # None: this record carries none


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the record says of its own end."""

    origin: str
    size: int
    root: bytes | None = None
    at_us: int | None = None
    writer_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A stored checkpoint; `size` and `at_us` as its columns claim, where there are columns."""

    note: bytes
    size: int | None = None
    at_us: int | None = None


class Record(Protocol):
    """A record that can be judged: rows of a database, or an export."""

    def head(self) -> Head | None:
        """Return what the record says of its end; None where there is no ledger."""

    def places(self) -> Iterator[Place]:
        """Yield every position that is claimed, in order."""

    def notes(self) -> Iterator[Note]:
        """Yield the checkpoints, smallest first."""

    def tile(self, level: int, n: int) -> bytes | None:
        """Return a stored full tile."""

    def surplus(self, *, size: int, payloads: int | None, tiles: Tiles) -> list[str]:
        """Return what is stored beyond, or short of, what the leaves account for."""


def claims_of(leaf: Leaf, digest: bytes) -> tuple[object, ...]:
    """Return the columns that belong to a leaf."""
    entry = leaf.entry
    return (
        entry.case_id, entry.seq, digest, digest, entry.event, entry.run, entry.path, entry.at_us,
        entry.tenant, entry.workflow, leaf.link.id, leaf.link.number,
    )  # fmt: skip


class Rows:
    """The record in a database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> Head | None:
        """Return the head row."""
        row = self._connection.one(
            "SELECT origin, size, root, at_us, writer_id FROM ledger_head WHERE one = 1"
        )
        if row is None:
            return None
        return Head(origin=row[0], size=row[1], root=row[2], at_us=row[3], writer_id=row[4])

    def places(self) -> Iterator[Place]:
        """Yield every position of the order; one that cannot be read has no leaf."""
        last = None
        while positions := self._positions(last):
            try:
                yield from self._page(positions)
            except StorageError:
                for position in positions:
                    try:
                        yield from self._page([position])
                    except StorageError:
                        yield Place(position=position, leaf=None)
            last = positions[-1]

    def notes(self) -> Iterator[Note]:
        """Yield the stored checkpoints."""
        last = POSITION_MIN
        while page := self._connection.rows(
            "SELECT size, at_us, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?",
            (last, PAGE_ROWS_MAX),
        ):
            for size, at_us, note in page:
                yield Note(note=note, size=size, at_us=at_us)
            last = page[-1][0]

    def tile(self, level: int, n: int) -> bytes | None:
        """Return a stored full tile."""
        found: bytes | None = self._connection.value(
            "SELECT hashes FROM tiles WHERE level = ? AND n = ?", (level, n)
        )
        return found

    def surplus(self, *, size: int, payloads: int | None, tiles: Tiles) -> list[str]:
        """Compare the number of rows with what the leaves name."""
        expected = (size, size, payloads, sum(tiles.counts))
        found = [int(self._connection.value(sql)) for sql in _COUNTS.values()]
        return [
            f"`{table}` has {there} rows and the leaves account for {number}"
            for table, there, number in zip(_COUNTS, found, expected, strict=True)
            if number is not None and there != number
        ]

    def _positions(self, last: int | None) -> list[int]:
        """Return the next positions there are; a claimed one far away costs nothing."""
        sql = "SELECT position FROM entry_order WHERE position > ? ORDER BY position LIMIT ?"
        after = POSITION_MIN if last is None else last
        return [row[0] for row in self._connection.rows(sql, (after, PAGE_ROWS_MAX))]

    def _page(self, positions: Sequence[int]) -> list[Place]:
        span = (positions[0], positions[-1])
        payloads: dict[int, list[PayloadRow]] = {}
        for position, role, key, sealed in self._connection.rows(_PAYLOADS, span):
            payloads.setdefault(position, []).append(PayloadRow(role=role, key=key, sealed=sealed))
        places = []
        for row in self._connection.rows(_ORDER, span):
            position, case_id, seq, ordered, leaf, digest = row[:6]
            places.append(
                Place(
                    position=position,
                    leaf=leaf,
                    claims=(case_id, seq, ordered, digest, *row[6:]),
                    payloads=tuple(payloads.get(position, ())),
                )
            )
        return places


def readable(at_us: int) -> str:
    """Return an instant as text, whatever number it is."""
    try:
        return clock.text(clock.instant(at_us))
    except (ValueError, OverflowError, OSError):
        return "at no readable time"
