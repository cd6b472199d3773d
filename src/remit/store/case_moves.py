"""How the row of a case moves with its entries: the projection of `remit.store.cases`."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from remit.domain.case import CaseStatus, Priority, move
from remit.domain.check_event import SEEDED
from remit.domain.entry import Entry
from remit.store.cases import COLUMNS, CaseRow, find
from remit.store.connection import Connection
from remit.store.ready import Ready
from remit.store.tally import Tally


def project(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    """Bring the rows up to this entry; return the case when it became ready."""
    handle = _MOVES.get(entry.event)
    return handle(connection, entry, tally) if handle else None


def _opened(
    connection: Connection, entry: Entry, tally: Tally, status: CaseStatus, reason: str
) -> None:
    connection.later(
        f"insert into cases ({COLUMNS}) values"
        " (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, null, ?, ?, 0, 0, 0, '', ?, ?, ?, ?)",
        [
            (
                entry.case_id,
                entry.workflow,
                status.value,
                reason,
                entry.word("channel"),
                entry.word("external"),
                entry.word("content"),
                entry.word("subject"),
                entry.fingerprint or "",
                entry.at_us,
                entry.at_us,
                entry.tenant,
                entry.word("priority") or Priority.NORMAL.value,
                entry.at_us if status is CaseStatus.READY else None,
                entry.seq if status is CaseStatus.READY else None,
                entry.number("due_us") if status is CaseStatus.QUARANTINED else None,
                entry.word("by"),
            )
        ],
    )
    if entry.tenant != SEEDED:
        tally.status(entry.workflow, status.value, 1)


def _received(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    _opened(connection, entry, tally, CaseStatus.READY, "")
    if entry.tenant == SEEDED:
        return None
    return _ready(entry, entry.word("priority") or Priority.NORMAL.value, resumed=False)


def _quarantined(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    codes = entry.words("codes")
    _opened(connection, entry, tally, CaseStatus.QUARANTINED, codes[0] if codes else "")
    return None


def _waits(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    _set(connection, entry, tally, CaseStatus.PARKED, entry.word("kind"))
    return None


def _escalated(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    _set(connection, entry, tally, CaseStatus.ESCALATED, entry.word("code"))
    return None


def _closed(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    _set(
        connection,
        entry,
        tally,
        CaseStatus.CLOSED,
        entry.word("outcome"),
        result=entry.word("result"),
    )
    return None


def _released(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    """Make a case ready under the version of now: no code has seen it yet."""
    connection.later(
        "update cases set version = ? where case_id = ?",
        [(entry.fingerprint or "", entry.case_id)],
    )
    if entry.word("subject"):
        connection.later(
            "update cases set subject = ? where case_id = ?",
            [(entry.word("subject"), entry.case_id)],
        )
    return _wakes(connection, entry, tally)


def _asked(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    """Note that a person cancels it, and wake it where it waits."""
    connection.later(
        "update cases set asked = 1 where case_id = ?",
        [(entry.case_id,)],
    )
    return _set(connection, entry, tally, CaseStatus.READY, "")


def _faulted(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    woken = _set(connection, entry, tally, CaseStatus.READY, "")
    connection.later(
        "update cases set faults = faults + 1 where case_id = ?",
        [(entry.case_id,)],
    )
    return None if woken is None else replace(woken, faults=woken.faults + 1)


def _wakes(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    return _set(connection, entry, tally, CaseStatus.READY, "")


def _vote_wakes(connection: Connection, entry: Entry, tally: Tally) -> Ready | None:
    """Make a parked case ready after a verdict; a case that does not wait stays as it is."""
    row = find(connection, entry.case_id)
    if row is None or row.status is not CaseStatus.PARKED:
        return None
    return _moved(connection, entry, tally, row, CaseStatus.READY, "")


def _set(
    connection: Connection,
    entry: Entry,
    tally: Tally,
    to: CaseStatus,
    reason: str,
    *,
    result: str = "",
) -> Ready | None:
    row = find(connection, entry.case_id)
    if row is None:
        return None
    return _moved(connection, entry, tally, row, to, reason, result=result)


def _moved(
    connection: Connection,
    entry: Entry,
    tally: Tally,
    row: CaseRow,
    to: CaseStatus,
    reason: str,
    *,
    result: str = "",
) -> Ready | None:
    seeded = row.tenant == SEEDED
    if seeded and to is CaseStatus.READY:
        return None  # no code ever sees it
    if row.status is not to:
        move(row.status, to)
    if row.status is not to and not seeded:
        tally.status(row.workflow, row.status.value, -1)
        tally.status(row.workflow, to.value, 1)
    closed = to is CaseStatus.CLOSED
    ready = to is CaseStatus.READY
    resumed = row.resumed or row.status is not CaseStatus.QUARANTINED
    connection.later(
        "update cases set status = ?, reason = ?, result = ?, changed_us = ?, closed_us = ?,"
        " closed_by = ?, ready_us = ?, ready_seq = ?, resumed = ?, faults = ? where case_id = ?",
        [
            (
                to.value,
                reason,
                result,
                entry.at_us,
                entry.at_us if closed else None,
                entry.actor.ref if closed else "",
                entry.at_us if ready else None,
                entry.seq if ready else None,
                int(resumed),
                row.faults if ready and row.status is CaseStatus.READY else 0,
                entry.case_id,
            )
        ],
    )
    if not ready:
        return None
    faults = row.faults if row.status is CaseStatus.READY else 0
    return _ready(entry, row.priority, resumed=resumed, faults=faults)


def _ready(entry: Entry, priority: str, *, resumed: bool, faults: int = 0) -> Ready:
    return Ready(
        case_id=entry.case_id,
        tenant=entry.tenant,
        workflow=entry.workflow,
        priority=priority,
        resumed=resumed,
        ready_us=entry.at_us,
        seq=entry.seq,
        faults=faults,
    )


_MOVES: Mapping[str, Callable[[Connection, Entry, Tally], Ready | None]] = {
    "intake:case:received": _received,
    "intake:case:quarantined": _quarantined,
    "intake:case:released": _released,
    "orchestration:wait:started": _waits,
    "orchestration:wait:ended": _wakes,
    "orchestration:case:escalated": _escalated,
    "orchestration:case:closed": _closed,
    "orchestration:case:reopened": _wakes,
    "orchestration:case:reassigned": _faulted,
    "orchestration:run:yielded": _wakes,
    "orchestration:cancel:asked": _asked,
    "orchestration:run:faulted": _faulted,
    "governance:approval:decided": _vote_wakes,
}
