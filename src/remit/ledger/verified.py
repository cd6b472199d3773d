"""When the whole record was last verified by the clock, and what came of it."""

from dataclasses import dataclass
from datetime import datetime

from remit.domain import clock
from remit.domain.ledger_event import VerifyFinished
from remit.ledger.entry import parse
from remit.store.connection import Connection
from remit.store.entries import OF_LEDGER


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A full verify that was recorded."""

    at: datetime
    size: int
    result: str


def last(connection: Connection) -> Verified | None:
    """Return the last full verify that the record tells of."""
    row = connection.one(
        f"SELECT leaf FROM entries WHERE event = ? AND {OF_LEDGER}"  # noqa: S608 - a constant
        " ORDER BY at_us DESC LIMIT 1",
        (VerifyFinished.NAME,),
    )
    if row is None:
        return None
    entry = parse(row[0]).entry
    return Verified(
        at=clock.instant(entry.at_us),
        size=entry.number("size") or 0,
        result=entry.word("result"),
    )
