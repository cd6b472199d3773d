"""The record as rows of a database have it, for a judge to read; judged by nobody yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.errors import EntryRefusedError, PayloadTamperedError, StorageError
from remit.ledger.judge import MISSING, Head, Judge, Note, Page
from remit.ledger.leaf import Leaf
from remit.ledger.merkle import HASH_BYTES
from remit.ledger.seal import KeyRing, check_row, open_payload
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
# What is committed and waits for its position is no surplus: PostgreSQL only.
_WAITING: Final = {
    "entries": "SELECT COUNT(*) FROM pending",
    "payloads": """SELECT COUNT(*) FROM pending w
 JOIN payloads p ON p.case_id = w.case_id AND p.seq = w.seq""",
}


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is stored for one position beside its leaf."""

    claims: tuple[object, ...]
    payloads: dict[str, tuple[str, bytes]]  # role -> key, sealed
    case_id: str
    hash: bytes  # that the order has


class Rows:
    """The record in a database; with `keys` it also opens contents."""

    def __init__(self, connection: Connection, keys: KeyRing | None = None) -> None:
        self._connection = connection
        self._keys = keys
        self._page: list[_Beside | None] = []
        self._start = 0
        self._opened = 0

    def head(self) -> Head | None:
        """Return the head row."""
        row = self._connection.one("SELECT origin, size, root FROM ledger_head WHERE one = 1")
        return None if row is None else Head(origin=row[0], size=row[1], root=row[2])

    def pages(self) -> Iterator[Page]:
        """Yield every position of the order; one that cannot be read has no leaf."""
        last = None
        while positions := self._positions(last):
            self._start += len(self._page)
            self._page = []
            leaves: list[bytes | None] = []
            gone: dict[int, tuple[str, bytes]] = {}
            for leaf, beside in self._read(positions):
                if leaf is None and beside is not None and len(beside.hash) == HASH_BYTES:
                    gone[len(leaves)] = (beside.case_id, beside.hash)
                leaves.append(leaf)
                self._page.append(beside)
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

    def beside(self, position: int, leaf: Leaf, digest: bytes) -> Iterator[tuple[str, str]]:
        """Compare columns and sealed rows with what the leaf says."""
        stored = self._page[position - self._start]
        if stored is None:
            return
        if stored.claims != _claims(leaf, digest):
            yield "structure", "columns beside the leaf say something else"
        for named in leaf.payloads:
            row = stored.payloads.get(named["role"])
            if row is None:
                yield MISSING, named["key"]
            elif trouble := self._payload(leaf, named["role"], *row):
                yield "payloads", trouble

    def surplus(self, seen: Judge) -> Iterator[tuple[str, str]]:
        """Compare the head's other columns and the number of rows with what the leaves name."""
        at_us, writer = self._connection.one("SELECT at_us, writer_id FROM ledger_head") or (0, "")
        if seen.last is not None and (readable(at_us), writer) != (seen.last.at, seen.last.writer):
            yield "structure", "the head claims another time or writer"
        size = seen.tree.size
        rows = None if seen.blind else seen.named - sum(n for n, _ in seen.missing.values())
        for table, number in zip(
            _COUNTS, (size - seen.pruned.holes, size, rows, sum(seen.tree.counts)), strict=True
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

    def _payload(self, leaf: Leaf, role: str, key: str, sealed: bytes) -> str:
        """Return what does not fit a sealed row; empty where all does."""
        named = next(one for one in leaf.payloads if one["role"] == role)
        try:
            check_row(sealed, cipher=named["cipher"])
            if key != named["key"]:
                return f"payload `{role}` names another key"
            held = None if self._keys is None else self._keys.find(key)
            if held is not None:
                open_payload(
                    sealed,
                    key=held,
                    entry_id=leaf.id,
                    role=role,
                    cipher=named["cipher"],
                    commitment=named["commitment"],
                )
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

    def _read(self, positions: Sequence[int]) -> Iterator[tuple[bytes | None, _Beside | None]]:
        try:
            yield from self._span(positions[0], positions[-1])
            return
        except StorageError:
            pass
        for position in positions:  # one by one, to lose no more than cannot be read
            try:
                yield from self._span(position, position)
            except StorageError:
                yield None, None

    def _span(self, first: int, last: int) -> list[tuple[bytes | None, _Beside]]:
        payloads: dict[int, dict[str, tuple[str, bytes]]] = {}
        for position, role, key, sealed in self._connection.rows(_PAYLOADS, (first, last)):
            payloads.setdefault(position, {})[role] = (key, sealed)
        found = []
        for row in self._connection.rows(_ORDER, (first, last)):
            position, case_id, seq, ordered, leaf, digest = row[:6]
            claims = (case_id, seq, ordered, digest, *row[6:])
            beside = _Beside(claims, payloads.get(position, {}), case_id, ordered)
            found.append((leaf, beside))
        return found


def readable(at_us: int) -> str:
    """Return an instant as text, whatever number it is."""
    try:
        return clock.text(clock.instant(at_us))
    except (ValueError, OverflowError, OSError):
        return "at no readable time"


def _claims(leaf: Leaf, digest: bytes) -> tuple[object, ...]:
    """Return the columns that belong to a leaf."""
    case, value = leaf.value["case"], leaf.value
    run, path = (case.get("run"), case.get("path")) if isinstance(case, dict) else (None, None)
    return (
        leaf.case_id, leaf.seq, digest, digest, leaf.event, run, path,
        clock.microseconds(datetime.fromisoformat(leaf.at)), value["tenant"], value["workflow"],
        leaf.writer, leaf.number,
    )  # fmt: skip
