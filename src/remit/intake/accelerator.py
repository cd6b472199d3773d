"""The scan for anchors by Vectorscan, where the extra `fast` is installed; the home of hyperscan.

It only says where to look, and says the same as `re` would: a property compares them.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any

Row = tuple[int, str, bool]  # anchor, pattern, may stand inside a word
Scan = Callable[[int, bytes], list[tuple[int, int]]]
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789")


def scanner(tables: tuple[tuple[Row, ...], ...]) -> Scan | None:
    """Return what scans a buffer for the rows of one table, or None where it is not installed.

    The databases are compiled once for a process. A scratch space serves one thread at a time.
    """
    try:
        import hyperscan
    except ImportError:
        return None
    try:
        databases = [_database(hyperscan, rows) for rows in tables]
    except hyperscan.error:
        return None
    local = threading.local()

    def scan(number: int, buffer: bytes) -> list[tuple[int, int]]:
        database, rows = databases[number], tables[number]
        if not hasattr(local, "scratches"):
            local.scratches = [hyperscan.Scratch(one) for one in databases]
        seen: list[tuple[int, int]] = []
        database.scan(
            buffer, match_event_handler=_note, context=seen, scratch=local.scratches[number]
        )
        return list(_places(seen, buffer, rows)) if seen else seen

    return scan


def _note(row: int, start: int, end: int, flags: int, seen: list[tuple[int, int]]) -> None:  # noqa: ARG001
    seen.append((row, start))


def _places(
    seen: list[tuple[int, int]], buffer: bytes, rows: tuple[Row, ...]
) -> Iterator[tuple[int, int]]:
    """Yield each anchor and place once; the character before a word is part of its match."""
    for row, start in dict.fromkeys(seen):
        anchor, _, inside = rows[row]
        moved = not inside and buffer[start] not in _LETTERS
        yield anchor, start + 1 if moved else start


def _database(hyperscan: Any, rows: tuple[Row, ...]) -> Any:
    database = hyperscan.Database()
    patterns = [
        (pattern if inside else rf"(?:^|[^a-z0-9])(?:{pattern})").encode("latin-1")
        for _, pattern, inside in rows
    ]
    flags = hyperscan.HS_FLAG_SOM_LEFTMOST | hyperscan.HS_FLAG_DOTALL
    database.compile(
        expressions=patterns, ids=list(range(len(patterns))), elements=len(patterns), flags=flags
    )
    return database
