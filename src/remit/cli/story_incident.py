"""What the story's owners do about the incident that the fall has opened: put right, resolve."""

import contextlib
from datetime import datetime
from functools import partial

from remit.app import Remit
from remit.domain.autonomy import Cell
from remit.domain.incident import Correction
from remit.errors import CorrectionsOpenError
from remit.governance.incident import IncidentView
from remit.governance.rollbacks import RollbackView, Selection
from remit.store import evidence


async def put_right(
    remit: Remit, cell: Cell, *, swapped_at: datetime, owner: str
) -> tuple[RollbackView, IncidentView]:
    """Take back what was done since the swap, say of the rest what was found, and resolve it.

    What was answered before the swap and is known to be wrong is taken back too; nothing speaks
    against the rest of it, which the model wrote that was signed for.
    """
    (opened, *_) = remit.incidents_of(cell)
    selection = Selection(
        workflow=cell.workflow, since=swapped_at, until=remit.now(), action=cell.action,
        incident_id=opened.incident_id,
    )  # fmt: skip
    plan = remit.plan_rollback(selection)
    rollback = await remit.start_rollback(
        selection, person=owner, reason="answers went out that promise what is not true",
        digest=plan.digest,
    )  # fmt: skip
    before = {
        one.action_id
        for one in remit.incident(opened.incident_id).effects
        if one.finding == Correction.TO_CHECK and one.at < swapped_at
    }
    for action_id in sorted(before):
        row = remit.database.read(partial(evidence.find, action_id=action_id))
        if row is not None and row.outcome == "wrong":
            await remit.undo(action_id, person=owner, reason="an audit found it wrong")
    rest = remit.incident(opened.incident_id).effects
    await remit.note_finding(
        opened.incident_id, person=opened.owner, finding=Correction.NO_HARM,
        actions=[
            one.action_id
            for one in rest
            if one.action_id in before and one.finding == Correction.TO_CHECK
        ],
    )  # fmt: skip
    with contextlib.suppress(CorrectionsOpenError):  # then the screen says that it is open
        await remit.resolve_incident(opened.incident_id, person=opened.owner)
    return rollback, remit.incident(opened.incident_id)
