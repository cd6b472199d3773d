"""The calibration sample of a stream: its first verdicts fix which confidences are tried."""

from remit.domain import actor
from remit.domain.autonomy import TIES, Outcome
from remit.domain.entry import Draft
from remit.domain.evidence_event import GridFixed
from remit.domain.ids import control_stream
from remit.evidence import threshold
from remit.evidence.threshold import TooFew
from remit.governance.streams import EvidenceStream
from remit.store import plans
from remit.store.plans import SCALE
from remit.store.unit import UnitOfWork

_VERDICTS = {"right": Outcome.RIGHT, "wrong": Outcome.WRONG}


def fix(uow: UnitOfWork, stream: EvidenceStream) -> bool:
    """Fix the grid of a stream once its calibration sample is complete; tell whether it was now.

    The sample are the first rows with a score and a verdict, in decision order as of now; it
    counts for nothing else, and neither does any row decided before its last one.
    """
    cell, fingerprint = stream.cell, stream.fingerprint
    if plans.grid(uow.connection, cell, fingerprint, stream.attempt) is not None:
        return False
    size = stream.plan.calibration_rows
    sample = [row for row in stream.drawn() if row.score is not None and row.outcome in _VERDICTS][
        :size
    ]
    if len(sample) < size:
        return False
    found = threshold.calibrate(
        [((row.score or 0) / SCALE, _VERDICTS[row.outcome]) for row in sample],
        error_max=stream.plan.bar.error_max,
        size=size,
    )
    if isinstance(found, TooFew):
        return False
    uow.append(
        Draft(
            event=GridFixed(
                action=cell.action, segment=cell.segment, fingerprint=fingerprint,
                attempt=stream.attempt,
                thresholds=tuple(plans.written(round(one * SCALE)) for one in found.thresholds),
                begins=found.start, back=found.back,
                low_mark_ppm=round(found.low_mark * SCALE) // TIES,
                first=sample[0].action_id, last=sample[-1].action_id,
            ),
            case_id=control_stream(cell.workflow),
            workflow=cell.workflow,
            actor=actor.service("monitors"),
        )
    )  # fmt: skip
    return True
