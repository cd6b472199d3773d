"""Heartbeats in the record: who runs cases, and what became of those that fell silent."""

from dataclasses import dataclass
from typing import Final

from remit.domain.actor import service
from remit.domain.entry import Draft
from remit.domain.ids import stream
from remit.domain.ledger_event import HeartbeatEnded, HeartbeatRecorded
from remit.ledger.chain import CONTROL_WORKFLOW
from remit.ledger.entry import parse
from remit.ledger.silence import ENDED
from remit.store.connection import Connection

STREAM: Final = stream("control", "heartbeats")
LOOK_BACK_MAX: Final = 256  # heartbeats of all processes, newest first
OWN_BACK_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The last that a process said, or that was said of it."""

    process: str
    number: int
    at_us: int
    how: str  # empty while it is at work


def draft(event: HeartbeatRecorded | HeartbeatEnded) -> Draft:
    """Return the entry to append."""
    return Draft(
        event=event, case_id=STREAM, workflow=CONTROL_WORKFLOW, actor=service("heartbeat")
    )


def heard(connection: Connection, *, limit: int = LOOK_BACK_MAX) -> dict[str, Heard]:
    """Return what was last heard of each process, as far back as `limit` entries."""
    rows = connection.rows(
        "SELECT leaf FROM entries WHERE case_id = ? ORDER BY seq DESC LIMIT ?", (STREAM, limit)
    )
    found: dict[str, Heard] = {}
    for row in rows:
        entry = parse(row[0]).entry
        name = entry.word("process")
        if name in found:
            continue
        found[name] = Heard(
            process=name,
            number=entry.number("number") or 0,
            at_us=entry.at_us,
            how=entry.word("how") if entry.event == ENDED else "",
        )
    return found
