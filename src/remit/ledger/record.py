"""The record as rows of a database have it, for a judge to read; judged by nobody yet."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from remit.domain import clock
from remit.errors import EntryRefusedError, PayloadTamperedError, StorageError
from remit.ledger.judge import MISSING, Head, Judge, Note, Page
from remit.ledger.leaf import Leaf, LeafError, NewerLeafError, read_leaf
from remit.ledger.merkle import HASH_BYTES
from remit.ledger.seal import KeyRing, check_row, open_payload
from remit.ledger.successions import ROTATED
from remit.store.connection import Connection, Row
from remit.store.entries import OF_LEDGER

PAGE_ROWS_MAX: Final = 256
ROTATIONS_MAX: Final = 1_000
POSITION_MIN: Final = -(2**63)

_LEAVES: Final = """SELECT o.position, e.leaf, o.case_id, o.seq, o.leaf_hash
 FROM entry_order o LEFT JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq
 WHERE o.position >= ? AND o.position <= ? ORDER BY o.position"""
_ORDER: Final = """SELECT o.position, e.leaf, o.case_id, o.seq, o.leaf_hash, e.leaf_hash, e.event,
 e.run, e.path, e.at_us, e.tenant, e.workflow, e.writer_id, e.writer_n
 FROM entry_order o LEFT JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq
 WHERE o.position >= ? AND o.position <= ? ORDER BY o.position"""
_PAYLOADS: Final = """SELECT o.position, p.role, p.key_id, p.sealed
 FROM entry_order o JOIN payloads p ON p.case_id = o.case_id AND p.seq = o.seq
 WHERE o.position >= ? AND o.position <= ?"""
_CLAIMS: Final = slice(2, None)  # of a row of the order: what the leaf says too
_CASE: Final = 2
_ORDERED: Final = 4
_SECONDS: Final = 19  # letters of an instant up to its point
_FRACTION: Final = slice(20, 26)

_ROTATIONS: Final = f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER} LIMIT ?"  # noqa: S608 - a constant
_COUNTS: Final = {
    "entries": "SELECT COUNT(*) FROM entries",
    "entry_order": "SELECT COUNT(*) FROM entry_order",
    "payloads": "SELECT COUNT(*) FROM payloads",
    "tiles": "SELECT COUNT(*) FROM tiles",
}
# What is committed and waits for its position is no surplus: PostgreSQL only.
_WAITING: Final = {
    "entries": "SELECT COUNT(*) FROM pending",
    "payloads": """SELECT COUNT(*) FROM pending w
 JOIN payloads p ON p.case_id = w.case_id AND p.seq = w.seq""",
}


_Sealed = dict[str, tuple[str, bytes]]  # role -> key, sealed
_NONE: Final[_Sealed] = {}


class Rows:
    """The record in a database; with `keys` it also opens contents.

    Without `form` nothing is read beside the leaves and their order.
    """

    def __init__(
        self, connection: Connection, keys: KeyRing | None = None, *, form: bool = True
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._form = form
        self._page: list[tuple[Row, _Sealed] | None] = []
        self._start = 0
        self._opened = 0

    def head(self) -> Head | None:
        """Return the head row."""
        row = self._connection.one("SELECT origin, size, root FROM ledger_head WHERE one = 1")
        return None if row is None else Head(origin=row[0], size=row[1], root=row[2])

    def keys(self) -> list[str]:
        """Return the keys that entries say the log is signed with."""
        rows = self._connection.rows(_ROTATIONS, (ROTATED, ROTATIONS_MAX))
        found: dict[str, None] = {}
        for row in rows:
            try:
                body = read_leaf(bytes(row[0])).body
            except (LeafError, NewerLeafError):
                continue  # the judge comes to it
            found |= {str(body[name]): None for name in ("before", "key") if name in body}
        return list(found)

    def pages(self) -> Iterator[Page]:
        """Yield every position of the order; one that cannot be read has no leaf."""
        last = None
        while positions := self._positions(last):
            self._start += len(self._page)
            self._page = self._read(positions)
            leaves = [None if one is None else one[0][1] for one in self._page]
            gone: dict[int, tuple[str, bytes]] = {}
            if None in leaves:
                gone = dict(self._gone())
            yield Page(positions, leaves, gone=gone)
            last = positions[-1]

    def notes(self) -> Iterator[Note]:
        """Yield the stored checkpoints."""
        last = POSITION_MIN
        while page := self._connection.rows(
            "SELECT size, at_us, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?",
            (last, PAGE_ROWS_MAX),
        ):
            for size, at_us, note in page:
                yield Note(note, size, readable(at_us))
            last = page[-1][0]

    def tile(self, level: int, n: int) -> bytes | None:
        """Return a stored full tile."""
        found: bytes | None = self._connection.value(
            "SELECT hashes FROM tiles WHERE level = ? AND n = ?", (level, n)
        )
        return found

    def beside(self, position: int, leaf: Leaf, digest: bytes) -> Iterable[tuple[str, str]]:
        """Compare columns and sealed rows with what the leaf says."""
        stored = self._page[position - self._start]
        if stored is None:
            return ()
        row, sealed = stored
        found: list[tuple[str, str]] = []
        if row[_CLAIMS] != _claims(leaf, digest):
            found.append(("structure", "columns beside the leaf say something else"))
        for named in leaf.payloads:
            role = named["role"]
            there = sealed.get(role)
            if there is None:
                found.append((MISSING, named["key"]))
            elif trouble := self._payload(leaf.id, named, *there):
                found.append(("payloads", trouble))
        return found

    def surplus(self, seen: Judge) -> Iterator[tuple[str, str]]:
        """Compare the head's other columns and the number of rows with what the leaves name."""
        at_us, writer = self._connection.one("SELECT at_us, writer_id FROM ledger_head") or (0, "")
        if (
            seen.form
            and seen.last
            and (readable(at_us), writer) != (seen.last.at, seen.last.writer)
        ):
            yield "structure", "the head claims another time or writer"
        size, tiles = seen.tree.size, sum(seen.tree.counts)
        for level, n, hashes in seen.tree.partial():
            if level:  # the open tiles above, which proofs read; the lowest is the order's tail
                tiles += 1
                if self.tile(level, n) != hashes:
                    yield "tree", f"the open tile {n} of level {level} is not that of its entries"
        rows = None if seen.blind else seen.named - sum(n for n, _ in seen.missing.values())
        for table, number in zip(
            _COUNTS, (size - seen.pruned.holes, size, rows, tiles), strict=True
        ):
            there = self._count(table)
            if number is not None and there != number:
                yield (
                    "structure",
                    f"`{table}` has {there} rows and the leaves account for {number}",
                )
        if not seen.form:
            return
        what = "contents not opened (no keys)" if self._keys is None else f"{self._opened} opened"
        seen.lines.append(f"payloads  {seen.named} rows as logged, {what}")

    def _payload(self, entry_id: str, named: Mapping[str, str], key: str, sealed: bytes) -> str:
        """Return what does not fit a sealed row; empty where all does."""
        role, cipher = named["role"], named["cipher"]
        try:
            check_row(sealed, cipher=cipher)
            if key != named["key"]:
                return f"payload `{role}` names another key"
            held = None if self._keys is None else self._keys.find(key)
            if held is not None:
                open_payload(
                    sealed, key=held, entry_id=entry_id, role=role, cipher=cipher,
                    commitment=named["commitment"],
                )  # fmt: skip
                self._opened += 1
        except (PayloadTamperedError, EntryRefusedError) as error:
            return str(error)
        return ""

    def _count(self, table: str) -> int:
        count = int(self._connection.value(_COUNTS[table]))
        if self._connection.dialect == "postgresql" and table in _WAITING:
            count -= int(self._connection.value(_WAITING[table]))
        return count

    def _positions(self, last: int | None) -> list[int]:
        """Return the next positions there are; a claimed one far away costs nothing."""
        sql = "SELECT position FROM entry_order WHERE position > ? ORDER BY position LIMIT ?"
        after = POSITION_MIN if last is None else last
        return [row[0] for row in self._connection.rows(sql, (after, PAGE_ROWS_MAX))]

    def _gone(self) -> Iterator[tuple[int, tuple[str, bytes]]]:
        """Yield case and hash of leaves that are not there."""
        for n, one in enumerate(self._page):
            if one is not None and one[0][1] is None and len(one[0][_ORDERED]) == HASH_BYTES:
                yield n, (one[0][_CASE], one[0][_ORDERED])

    def _read(self, positions: Sequence[int]) -> list[tuple[Row, _Sealed] | None]:
        try:
            return list(self._span(positions[0], positions[-1]))
        except StorageError:
            pass
        found: list[tuple[Row, _Sealed] | None] = []
        for position in positions:  # one by one, to lose no more than cannot be read
            try:
                found += self._span(position, position)
            except StorageError:
                found.append(None)
        return found

    def _span(self, first: int, last: int) -> list[tuple[Row, _Sealed]]:
        if not self._form:
            return [(row, _NONE) for row in self._connection.rows(_LEAVES, (first, last))]
        payloads: dict[int, _Sealed] = {}
        for position, role, key, sealed in self._connection.rows(_PAYLOADS, (first, last)):
            payloads.setdefault(position, {})[role] = (key, sealed)
        rows = self._connection.rows(_ORDER, (first, last))
        return [(row, payloads.get(row[0], _NONE)) for row in rows]


def readable(at_us: int) -> str:
    """Return an instant as text, whatever number it is."""
    try:
        return clock.text(clock.instant(at_us))
    except (ValueError, OverflowError, OSError):
        return "at no readable time"


def _claims(leaf: Leaf, digest: bytes) -> tuple[object, ...]:
    """Return the columns that belong to a leaf."""
    value, _, event, at, case_id, seq, writer, number, _, _ = leaf
    case: dict[str, object] = value["case"]  # type: ignore[assignment]  # `read_leaf` checked it
    return (
        case_id, seq, digest, digest, event, case.get("run"), case.get("path"),
        _second(at[:_SECONDS]) + int(at[_FRACTION]), value["tenant"], value["workflow"], writer,
        number,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _second(written: str) -> int:
    """Return the microseconds of a whole second as leaves write it."""
    return clock.microseconds(datetime.fromisoformat(f"{written}Z"))
