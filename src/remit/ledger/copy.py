"""Copy a whole record into an empty database, and prove that nothing of it changed on the way.

Everything happens in one transaction of the target, the comparison too: it holds all or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from remit.errors import DatabaseNotEmptyError, LedgerMismatchError
from remit.ledger.checkpoint import NoteError, parse_note
from remit.ledger.merkle import Frontier, leaf_hash
from remit.store import passages, tables
from remit.store.connection import Connection
from remit.store.tables import Table

PAGE_ROWS: Final = 1_000
# Each database keeps these for itself; the knowledge index is derived and written anew.
OWN: Final = frozenset({"meta", "migrations", "pending"})
DERIVED: Final = "passage"
LEDGER_FIRST: Final = ("entries", "payloads", "entry_order", "tiles", "checkpoints", "ledger_head")

Told = Callable[[int, int, str], None]  # rows done, rows in all, what is being done


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was copied and found equal."""

    entries: int
    root: bytes
    rows: dict[str, int]  # of each table


@dataclass(slots=True)
class _Progress:
    told: Told
    total: int
    done: int = 0

    def step(self, rows: int, words: str) -> None:
        self.done += rows
        self.told(self.done, self.total, words)


def copy(source: Connection, target: Connection, *, vkey: str, told: Told) -> Copied:
    """Copy all rows, read them back and compare them, build the tree anew, then commit.

    `source` is in a snapshot that nobody writes behind; `vkey` is the public key of its
    checkpoints. Raises `DatabaseNotEmptyError`, and `LedgerMismatchError` naming what differs.
    """
    target.begin(write=True)
    try:
        if target.dialect == "postgresql":
            target.execute("SET LOCAL statement_timeout = 0")
        chosen = _tables(source, target)
        rows = {one.name: tables.count(source, one.name) for one in chosen}
        progress = _Progress(told, 2 * sum(rows.values()) + rows["entry_order"])
        for one in chosen:
            for page in tables.pages(source, one, rows_max=PAGE_ROWS):
                tables.insert(target, one, page)
                progress.step(len(page), f"copied {one.name}")
        for one in chosen:
            _compare(source, target, one, progress)
        size, root = _tree(target, vkey, progress)
        _index(source, target)
    except BaseException:
        target.rollback()
        raise
    target.commit()
    return Copied(entries=size, root=root, rows=rows)


def _tables(source: Connection, target: Connection) -> list[Table]:
    """Return what is to be copied; raises where the target is not empty or lacks a table."""
    there = tables.names(target)
    for name in sorted(there - OWN):
        if tables.any_row(target, name):
            raise DatabaseNotEmptyError(
                f"the database to copy to is not empty (there are rows in `{name}`); "
                "name an empty one: nothing was changed"
            )
    wanted = {name for name in tables.names(source) - OWN if not name.startswith(DERIVED)}
    chosen = []
    for name in sorted(wanted, key=lambda name: (name not in LEDGER_FIRST, name)):
        one = tables.table(source, name)
        if name not in there or set(tables.table(target, name).columns) != set(one.columns):
            raise LedgerMismatchError(
                f"the table `{name}` has another shape in the database to copy to; "
                "bring both to one shape with `remit migrate`: nothing was copied"
            )
        chosen.append(one)
    return chosen


def _compare(source: Connection, target: Connection, one: Table, progress: _Progress) -> None:
    """Read both sides in the order of the key and stop at the first row that differs."""
    left = tables.pages(source, one, rows_max=PAGE_ROWS)
    right = tables.pages(target, one, rows_max=PAGE_ROWS)
    while True:
        expected, found = next(left, []), next(right, [])
        for before, after in zip(expected, found, strict=False):
            if tuple(before) != tuple(after):
                key = ", ".join(str(before[one.columns.index(name)]) for name in one.key)
                raise LedgerMismatchError(
                    f"row {key} of `{one.name}` is not the same in the copy; nothing was kept"
                )
        if len(expected) != len(found):
            raise LedgerMismatchError(
                f"`{one.name}` has another number of rows in the copy; nothing was kept"
            )
        if not expected:
            return
        progress.step(len(expected), f"compared {one.name}")


def _tree(target: Connection, vkey: str, progress: _Progress) -> tuple[int, bytes]:
    """Build the tree from the copied leaves; its root is the head's and the last checkpoint's."""
    frontier = Frontier()
    after = -1
    while True:
        page = target.rows(
            "SELECT o.position, o.leaf_hash, e.leaf FROM entry_order o LEFT JOIN entries e"
            " ON e.case_id = o.case_id AND e.seq = o.seq WHERE o.position > ?"
            " ORDER BY o.position LIMIT ?",
            (after, PAGE_ROWS),
        )
        for position, digest, leaf in page:
            # A leaf that was pruned at its time is missing by right; its hash stays.
            if position != frontier.size or (leaf is not None and leaf_hash(leaf) != digest):
                raise LedgerMismatchError(
                    f"entry {position} does not have the hash that the order names; "
                    "run `remit ledger verify` on the source: nothing was copied"
                )
            frontier.append(digest)
        if not page:
            break
        after = page[-1][0]
        progress.step(len(page), "built the tree")
    size, root = frontier.size, frontier.root()
    stated = _stated(target, vkey)
    if stated != (size, root):
        raise LedgerMismatchError(
            f"the tree of {size} copied entries has root {root.hex()}, and the last checkpoint "
            f"states {stated[0]} and {stated[1].hex()}; run `remit ledger verify` on the source: "
            "nothing was copied"
        )
    return size, root


def _stated(target: Connection, vkey: str) -> tuple[int, bytes]:
    """Return size and root of head and last checkpoint, which must agree."""
    head = target.one("SELECT size, root FROM ledger_head")
    note = target.value("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
    if head is None or note is None:
        raise LedgerMismatchError("there is no ledger in the source; there is nothing to copy")
    try:
        stated = parse_note(note, vkey)
    except NoteError as error:
        raise LedgerMismatchError(
            f"the last checkpoint is not signed by this installation's key ({error}); "
            "nothing was copied"
        ) from error
    if (stated.size, stated.root) != (head[0], bytes(head[1])):
        raise LedgerMismatchError(
            f"the head is at {head[0]} and the last checkpoint at {stated.size}; "
            "run `remit ledger verify` on the source: nothing was copied"
        )
    return stated.size, stated.root


def _index(source: Connection, target: Connection) -> None:
    digest = passages.index_digest(source)
    if digest is not None:
        passages.replace_all(target, passages.every(source), digest)
