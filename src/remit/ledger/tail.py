"""The tail of the log for whoever follows it: cursors skip nothing, and say when they cannot."""

from dataclasses import dataclass
from typing import Final

from remit.domain.entry import Entry
from remit.errors import CursorOriginError, CursorPrunedError
from remit.ledger.entry import parse
from remit.store.connection import Connection

PAGE_MAX: Final = 10_000
_DIGITS_MAX: Final = 15
_AFTER: Final = """SELECT o.position, e.leaf FROM entry_order o
 LEFT JOIN entries e ON e.case_id = o.case_id AND e.seq = o.seq
 WHERE o.position > ? ORDER BY o.position LIMIT ?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tailed:
    """An entry, its position, and the cursor to give next time."""

    position: int
    cursor: str  # origin@position
    entry: Entry


def tail(connection: Connection, *, after: str = "", limit: int = 1000) -> list[Tailed]:
    """Return the entries after a cursor, in order and without a gap; an empty cursor is the start.

    What was returned may be returned again after a crash of the reader, known by its position.
    Raises `CursorOriginError` where the cursor is of another log or beyond the end of this one,
    `CursorPrunedError` where entries after it are gone.
    """
    head = connection.one("SELECT origin, size FROM ledger_head")
    origin, size = head if head is not None else ("", 0)
    position = _position(after, origin=origin, size=size) if after else -1
    found = connection.rows(_AFTER, (position, min(limit, PAGE_MAX)))
    tailed = []
    for number, (there, leaf) in enumerate(found, position + 1):
        if there != number or leaf is None:
            raise CursorPrunedError(
                f"entries from position {number} on are no longer here; begin with an export of "
                f"them, or after `{origin}@{max(there, number)}`"
            )
        entry = parse(bytes(leaf)).entry
        tailed.append(Tailed(position=there, cursor=f"{origin}@{there}", entry=entry))
    return tailed


def _position(cursor: str, *, origin: str, size: int) -> int:
    named, _, digits = cursor.rpartition("@")
    known = digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX
    if named != origin or not known:
        raise CursorOriginError(
            f"the cursor is of `{named}` and this log is `{origin}`; read the old log's export to "
            f"its end, then begin here without a cursor"
        )
    if int(digits) >= size:
        raise CursorOriginError(
            f"the cursor is at {digits} and this log ends before {size}: it was put back to an "
            "older state; run `remit ledger verify` with an anchor"
        )
    return int(digits)
