"""Labels read again from entries: each is of a decided row and follows the one before."""

from collections.abc import Iterator

from remit.domain.autonomy import Outcome
from remit.domain.entry import Entry
from remit.governance.tossed import Found
from remit.store import evidence
from remit.store.connection import Connection


def label(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Compare a label with its row and the labels before it; yields what differs."""
    row = evidence.find(connection, entry.word("action_id"))
    if row is None:
        yield Found(what="the proposal of a label", found="not decided before it")
        return
    number = entry.number("number")
    if entry.event == "governance:label:contested":
        if number != row.labels or row.outcome != Outcome.WRONG:
            yield Found(
                what="what is contested", said=f"label {number}, wrong",
                found=f"label {row.labels}, {row.outcome or 'nothing'}",
            )  # fmt: skip
        return
    if number != row.labels + 1:
        yield Found(what="the number of a label", said=str(number), found=str(row.labels + 1))
    mends = row.outcome == Outcome.WRONG and entry.word("outcome") != Outcome.WRONG
    first, second = row.contested_by, entry.word("reviewer")
    signed = first and second and first != second
    if mends and not (signed and entry.word("source") == "correction"):
        yield Found(
            what="what was wrong", said=entry.word("outcome"),
            found="wrong: two people must sign a correction",
        )  # fmt: skip
