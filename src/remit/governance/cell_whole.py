"""A cell with its history: where it stands, how it came there, what its next grant would do."""

from remit.domain.autonomy import Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.governance import cells, comparisons, counterfactual, evidence_path
from remit.governance.cells import CellView
from remit.governance.comparisons import Comparison
from remit.governance.counterfactual import Counterfactual
from remit.governance.evidence_path import EvidencePath
from remit.governance.scorecard import Frame, Scorecard
from remit.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWhole:
    """A cell, the path of its evidence, and the next grant over 90 days; none at the top."""

    cell: CellView
    path: EvidencePath
    counterfactual: Counterfactual | None
    comparison: Comparison  # of the behaviour of now with what is known of others


def of(connection: Connection, plan: Plan, cell: Cell, frame: Frame, *, now_us: int) -> CellWhole:
    """Return all of it, from one reading of the rows."""
    stream, card = cells.read(connection, plan, cell, frame, now_us=now_us)
    return CellWhole(
        cell=cells.shown(connection, frame, card, stream, now_us=now_us),
        path=evidence_path.of(connection, plan, card, stream, now_us=now_us),
        counterfactual=_counterfactual(connection, plan, card, now_us=now_us),
        comparison=comparisons.of(
            connection,
            plan,
            cell,
            fingerprint=frame.fingerprint,
            bar=None if card.counted is None else cells.bar_shown(card.counted),
            now_us=now_us,
        ),
    )


def _counterfactual(
    connection: Connection, plan: Plan, card: Scorecard, *, now_us: int
) -> Counterfactual | None:
    counted, grant = card.counted, card.grant
    if card.to is None or counted is None:
        return None
    threshold = counted.threshold
    if card.to is Level.AUTONOMOUS and grant is not None and grant.threshold_ppm:
        threshold = grant.score  # the one in force is what would be certified again
    return counterfactual.of(
        connection, plan, card.cell, fingerprint=card.fingerprint, to=card.to,
        threshold=threshold, scored=counted.scored, now_us=now_us,
    )  # fmt: skip
