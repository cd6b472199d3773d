"""The calibration sample of a stream: its first verdicts fix which confidences are tried."""

from remit.domain import actor
from remit.domain.autonomy import TIES, Cell, Outcome
from remit.domain.entry import Draft
from remit.domain.evidence_event import GridFixed
from remit.domain.ids import control_stream
from remit.domain.plan import Plan
from remit.evidence import threshold
from remit.evidence.threshold import TooFew
from remit.governance import streams
from remit.store import evidence, plans
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.plans import SCALE
from remit.store.unit import UnitOfWork

_VERDICTS = {"right": Outcome.RIGHT, "wrong": Outcome.WRONG}


def fix(uow: UnitOfWork, plan: Plan, row: EvidenceRow) -> bool:
    """Fix the grid of a row's stream once its calibration sample is complete; was it now?"""
    if row.score is None:
        return False  # no model chose
    found = grid_of(uow.connection, plan, row.cell, row.fingerprint)
    if found is not None:
        uow.append(
            Draft(
                event=found, case_id=control_stream(row.workflow), workflow=row.workflow,
                actor=actor.service("monitors"),
            )
        )  # fmt: skip
    return found is not None


def grid_of(connection: Connection, plan: Plan, cell: Cell, fingerprint: str) -> GridFixed | None:
    """Return the grid of a stream that is due and not fixed yet.

    The sample are the first rows with a score and a verdict, in decision order as of now; it
    counts for nothing else, and neither does any row decided before its last one.
    """
    size, over = plan.calibration_rows, plans.over(connection, cell, fingerprint)
    if plans.grid(connection, cell, fingerprint, over.attempt + 1):
        return None
    judged = evidence.judged_since(connection, cell, fingerprint, since_us=over.resumes_us)
    if judged < size:
        return None
    stream = streams.read(connection, plan, cell, fingerprint)
    sample = [
        row
        for row in stream.drawn()
        if row.score is not None and row.outcome in _VERDICTS and row.counts
    ][:size]
    if len(sample) < size:
        return None
    found = threshold.calibrate(
        [((row.score or 0) / SCALE, _VERDICTS[row.outcome]) for row in sample],
        error_max=plan.bar.error_max,
        size=size,
    )
    if isinstance(found, TooFew):
        return None
    return GridFixed(
        action=cell.action, segment=cell.segment, fingerprint=fingerprint, attempt=stream.attempt,
        thresholds=tuple(plans.written(round(one * SCALE)) for one in found.thresholds),
        begins=found.start, back=found.back, low_mark_ppm=round(found.low_mark * SCALE) // TIES,
        first=sample[0].action_id, last=sample[-1].action_id,
    )  # fmt: skip
