"""Raising a cell: a signature on a scorecard whose conditions all hold as it is signed."""

from collections.abc import Collection
from datetime import timedelta

from remit.domain import clock
from remit.domain.autonomy import Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.plan import Plan
from remit.domain.value import Json, digest
from remit.errors import IllegalMoveError, NotEntitledError, StaleScorecardError
from remit.governance import board, checklist, grants, scorecard
from remit.governance.checklist import Checklist, Ticked
from remit.governance.condition import Condition
from remit.governance.grants import Proven
from remit.governance.scorecard import EXPIRES_DAYS, Frame, Scorecard
from remit.store import plans
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """What stands against a grant; nothing was changed."""

    conditions: tuple[Condition, ...]


def promote(
    uow: UnitOfWork,
    plan: Plan,
    cell: Cell,
    frame: Frame,
    *,
    to: Level,
    scorecard_digest: str,
    person: str,
    attested: Collection[str] = (),
) -> Scorecard | Unmet:
    """Raise a cell by one level; everything is looked at again in this transaction.

    Returns the scorecard that was signed, or what is unmet. Raises `NotEntitledError` for anybody
    but the owner, `IllegalMoveError` for more than one level or none, and `StaleScorecardError`
    where what would be signed is not what was shown.
    """
    board.hold(uow, plan, cell)  # before its control stream, as who gives a label does
    uow.lock(control_stream(cell.workflow))
    if person != frame.owner:
        raise NotEntitledError(
            f"`{person}` does not answer for `{cell.workflow}`; its owner signs what it may do"
        )
    now_us = clock.microseconds(uow.now)
    found = scorecard.of(uow.connection, plan, cell, frame, now_us=now_us)
    if found.to is None or to is not found.to:
        higher = "nothing is higher" if found.to is None else f"the next level is {found.to.value}"
        raise IllegalMoveError(
            f"`{cell.name}` stands at {found.level.value} and goes up level by level; {higher}"
        )
    if scorecard_digest != found.digest:
        raise StaleScorecardError(
            f"what `{cell.name}` has shown is not what was signed any more; look at it again"
        )
    listed = checklist_of(uow.connection, found, frame, now_us=now_us)
    unmet = tuple(one for one in found.conditions if one.met is not True)
    if listed is not None:
        unmet += listed.unmet(attested)
    if unmet:
        return Unmet(conditions=unmet)
    if plans.version(uow.connection, workflow=cell.workflow, action=cell.action) != plan.version:
        raise StaleScorecardError(
            f"the plan of `{cell.name}` has changed, and nothing was proposed under it yet; what "
            "it has shown was under another"
        )
    counted = found.counted
    ticked = None if listed is None else listed.ticked(attested)
    since_us = found.grant.given_us if to is Level.AUTONOMOUS and found.grant else 0
    grants.give(
        uow, cell, phase=frame.phase, level=to, fingerprint=frame.fingerprint, signer=person,
        evidence=evidence_digest(found, ticked), ticked=ticked,
        expires_at=uow.now + timedelta(days=EXPIRES_DAYS),
        proven=None if counted is None else Proven(
            plan=plan.version, attempt=found.attempt, counted=counted, since_us=since_us,
            sensitivity_ppm=found.sensitivity_ppm,
        ),
    )  # fmt: skip
    return found


def checklist_of(
    connection: Connection, found: Scorecard, frame: Frame, *, now_us: int
) -> Checklist | None:
    """Return what has to be settled before the next level; `None` where nothing runs alone."""
    return checklist.of(
        connection, found.cell, fingerprint=found.fingerprint, to=found.to, undo=frame.undo,
        escalation=frame.escalation, now_us=now_us,
    )  # fmt: skip


def evidence_digest(found: Scorecard, ticked: Ticked | None) -> str:
    """Return what a grant says that it rests on: the counts, and what was signed."""
    counted = found.counted
    said: dict[str, Json] = {"signed": found.digest}
    if ticked is not None:
        said["checklist"] = ticked.digest
    if counted is not None:
        said |= {
            "rows": counted.rows,
            "wrong": counted.wrong,
            "last": counted.last,
            "log_evidence": f"{counted.log_evidence:.12f}",
            "threshold": counted.threshold,
        }
    return digest(said)
