"""The scan for anchors by Vectorscan or by RE2, where one is installed; the home of both.

It only says where to look, and says the same as `re` would: a property compares all three.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

from remit.domain.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What begins at a place: it matches one of the patterns, behind no letter or digit."""

    anchor: int
    patterns: tuple[str, ...]
    inside: bool = False  # may stand inside a word


Tables = tuple[tuple[Row, ...], ...]
Places = Iterator[tuple[int, int]]  # anchor, place; a place may come twice
Scan = Callable[[int, bytes], Places]


def scanner(name: str, tables: Tables) -> Scan | None:
    """Return what scans a buffer for the rows of a table, or None where it is not installed."""
    try:
        return _MAKERS[name](tables)
    except ImportError:
        return None


def _with_one_before(row: Row, pattern: str) -> bytes:
    """Return a pattern that takes the character before, too, so that its start is the place.

    Neither library can look behind. A space is put before the buffer: there is always one.
    """
    before = "." if row.inside else "[^a-z0-9]"
    return f"{before}(?:{pattern})".encode("latin-1")


def _hyperscan(tables: Tables) -> Scan | None:
    """Compile the tables once for a process; a scratch space serves one thread at a time.

    Of places that end together it tells the first one alone, so each pattern is one of its own.
    """
    import hyperscan

    try:
        databases = [_database(hyperscan, rows) for rows in tables]
    except hyperscan.error:  # a processor that it does not know
        return None
    anchors = [[row.anchor for row in rows for _ in row.patterns] for rows in tables]
    local = threading.local()

    def scan(number: int, buffer: bytes) -> Places:
        if not hasattr(local, "scratches"):
            local.scratches = [hyperscan.Scratch(one) for one in databases]
        seen: list[tuple[int, int]] = []
        databases[number].scan(
            b" " + buffer, match_event_handler=_note, context=seen,
            scratch=local.scratches[number],
        )  # fmt: skip
        kinds = anchors[number]
        return ((kinds[pattern], start) for pattern, start in seen)

    return scan


def _note(row: int, start: int, end: int, flags: int, seen: list[tuple[int, int]]) -> None:  # noqa: ARG001
    seen.append((row, start))


def _database(hyperscan: Any, rows: tuple[Row, ...]) -> Any:
    patterns = [_with_one_before(row, one) for row in rows for one in row.patterns]
    flags = hyperscan.HS_FLAG_SOM_LEFTMOST | hyperscan.HS_FLAG_DOTALL
    database = hyperscan.Database()
    database.compile(
        expressions=patterns, ids=list(range(len(patterns))), elements=len(patterns), flags=flags
    )
    return database


def _re2(tables: Tables) -> Scan:
    """Compile one expression for each row: a `Set` of them says which match, and not where."""
    import re2

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.dot_nl = options.never_capture = True
    compiled = [
        [
            (row.anchor, re2.compile(_with_one_before(row, "|".join(row.patterns)), options))
            for row in rows
        ]
        for rows in tables
    ]

    def scan(number: int, buffer: bytes) -> Places:
        padded = b" " + buffer
        for anchor, pattern in compiled[number]:
            match = pattern.search(padded)
            while match:
                start = match.start()
                yield anchor, start
                match = pattern.search(padded, start + 1)

    return scan


_MAKERS: Final[dict[str, Callable[[Tables], Scan | None]]] = {
    "hyperscan": _hyperscan,
    "google-re2": _re2,
}
NAMES: Final = tuple(_MAKERS)  # as they are installed, the fastest first
