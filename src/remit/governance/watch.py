"""What lowers a cell though no label says so: time, silence, another behaviour, other cases."""

from collections.abc import Sequence
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Cell, Level
from remit.domain.evidence_event import SurgeEnded
from remit.domain.plan import DAY_US, PPM, SHARE_MIN_PPM
from remit.governance import grants, monitors, shifting, streams
from remit.governance.alarm import Alarm
from remit.governance.scorecard import Frame
from remit.store import authority, evidence, evidence_watch, plans
from remit.store.authority import GrantRow, SurgeRow
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

DUE_US: Final = 3 * DAY_US  # in which an audit is due
WINDOW_US: Final = 14 * DAY_US
WINDOW_US_MAX: Final = 60 * DAY_US
DUE_MIN: Final = 10  # verdicts, before their absence says anything
DUE_ROWS_MAX: Final = DUE_MIN * PPM // SHARE_MIN_PPM  # in which so many are due at any share


def tick(uow: UnitOfWork, cell: Cell, frame: Frame, *, behind: bool = False) -> bool:
    """Look at one cell; tell whether anything was done. Doing it twice does it once.

    A cell that acts alone falls to approve-each where its grant has expired or belongs to another
    behaviour, one level where no verdict came in, and is looked at case by case where too few
    came, or where its cases are not those that it was granted on. A process that is `behind`
    others, which have read other limits, does not judge whose behaviour it is; its gate holds.
    """
    streams.hold(uow, cell)
    now_us = clock.microseconds(uow.now)
    calm = _calm(uow, cell)
    grant = grants.of_cell(uow.connection, cell)
    if grant is None or Level(grant.level).rank <= Level.APPROVE_EACH.rank:
        return calm
    level = Level(grant.level)
    code = (
        "expired"
        if grant.expires_us <= now_us
        else "fingerprint"
        if grant.fingerprint != frame.fingerprint and not behind
        else ""
    )
    if code:  # nothing speaks against what was counted: it may be signed again
        grants.lower(
            uow, cell, level=Level.APPROVE_EACH, code=code, fingerprint=grant.fingerprint,
            before=level.value,
        )  # fmt: skip
        monitors.tell_owner(uow, cell, code=code)
        return True
    surging = _surge(uow.connection, cell)
    due, arrived = lately(uow.connection, cell, grant, now_us=now_us)
    if due >= DUE_MIN and not arrived:
        to = list(Level)[level.rank - 1]
        monitors.record_lowering(uow, cell, grant.fingerprint, level, to, "starved")
        return True
    starved = due >= DUE_MIN and 2 * arrived < due
    shifted = _shifted(uow, cell, grant)
    for one in shifted:
        monitors.append(uow, cell, monitors.fired(one, cell, grant.fingerprint))
    if (starved or shifted) and surging is None:
        monitors.surge(uow, cell, code=shifting.LABEL_FREE if shifted else "starved")
        return True
    return calm or bool(shifted)


def concerns(connection: Connection, cell: Cell) -> bool:
    """Is there anything of this cell to look at: what acts alone, or a surge?"""
    grant = grants.of_cell(connection, cell)
    if grant is not None and Level(grant.level).rank > Level.APPROVE_EACH.rank:
        return True
    return _surge(connection, cell) is not None


def arrivals(rows: Sequence[EvidenceRow], *, now_us: int) -> tuple[float, int]:
    """Return how many verdicts were due of what ran alone lately, and how many came.

    The window is 14 days up to when an audit is due, and grows to 60 until ten are due.
    """
    end_us = now_us - DUE_US
    due_ppm, arrived = 0, 0
    for row in reversed(rows):
        if row.at_us > end_us or not row.alone:
            continue
        age_us = end_us - row.at_us
        if age_us > WINDOW_US_MAX or (age_us > WINDOW_US and due_ppm >= DUE_MIN * PPM):
            break
        due_ppm += row.share_ppm
        arrived += row.drawn and row.labels > 0
    return due_ppm / PPM, arrived


def lately(
    connection: Connection, cell: Cell, grant: GrantRow, *, now_us: int
) -> tuple[float, int]:
    """Return the same of the rows since a level was set, without reading all of them."""
    end_us = now_us - DUE_US
    oldest_us = max(grant.given_us, end_us - WINDOW_US_MAX)
    begin_us = max(grant.given_us, end_us - WINDOW_US)
    due_ppm, arrived = evidence_watch.verdicts(
        connection, cell, grant.fingerprint, since_us=begin_us, until_us=end_us
    )
    if due_ppm < DUE_MIN * PPM:
        for share_ppm, came in evidence_watch.verdicts_before(
            connection, cell, grant.fingerprint, since_us=oldest_us, before_us=begin_us,
            limit=DUE_ROWS_MAX,
        ):  # fmt: skip
            due_ppm, arrived = due_ppm + share_ppm, arrived + came
            if due_ppm >= DUE_MIN * PPM:
                break
    return due_ppm / PPM, arrived


def _shifted(uow: UnitOfWork, cell: Cell, grant: GrantRow) -> list[Alarm]:
    name = shifting.LABEL_FREE
    known = {one.row for one in plans.alarms(uow.connection, cell) if one.detector == name}
    now_us = clock.microseconds(uow.now)
    found = shifting.alarms(uow.connection, cell, grant, now_us=now_us)
    return [one for one in found if one.row not in known]


def _calm(uow: UnitOfWork, cell: Cell) -> bool:
    """End a surge whose cases have all been decided."""
    found = _surge(uow.connection, cell)
    if found is None:
        return False
    if evidence.eligible_since(uow.connection, cell, since_us=found.begun_us) < found.cases:
        return False
    monitors.append(
        uow, cell, SurgeEnded(action=cell.action, segment=cell.segment, code="drained")
    )
    return True


def _surge(connection: Connection, cell: Cell) -> SurgeRow | None:
    return authority.surge(
        connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
    )
