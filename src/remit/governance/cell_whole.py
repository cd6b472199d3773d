"""A cell with its history: where it stands, how it came there, what its next grant would do."""

from remit.domain.autonomy import Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.governance import (
    cells,
    comparisons,
    counterfactual,
    evidence_path,
    forecast,
    promoting,
)
from remit.governance.cells import CellView
from remit.governance.checklist import Checklist
from remit.governance.comparisons import Comparison
from remit.governance.counterfactual import Counterfactual
from remit.governance.evidence_path import EvidencePath
from remit.governance.forecast import Forecast
from remit.governance.judged import Judged
from remit.governance.scorecard import Frame, Scorecard
from remit.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CellWhole:
    """A cell, the path of its evidence, and the next grant over 90 days; none at the top."""

    cell: CellView
    path: EvidencePath
    counterfactual: Counterfactual | None
    comparison: Comparison  # of the behaviour of now with what is known of others
    forecast: Forecast | None  # where it would run something alone
    checklist: Checklist | None  # likewise


def of(connection: Connection, plan: Plan, cell: Cell, frame: Frame, *, now_us: int) -> CellWhole:
    """Return all of it, from one reading of the rows."""
    stream, card = cells.read(connection, plan, cell, frame, now_us=now_us)
    told = _counterfactual(connection, plan, card, now_us=now_us)
    return CellWhole(
        cell=cells.shown(connection, frame, card, stream, now_us=now_us),
        path=evidence_path.of(connection, plan, card, stream, now_us=now_us),
        counterfactual=told,
        forecast=_forecast(connection, plan, card, told, now_us=now_us),
        checklist=promoting.checklist_of(connection, card, frame, now_us=now_us),
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
    if card.to is None or card.counted is None:
        return None
    return counterfactual.of(
        connection, plan, card.cell, fingerprint=card.fingerprint, to=card.to,
        threshold=_threshold(card, card.counted), scored=card.counted.scored, now_us=now_us,
    )  # fmt: skip


def _forecast(
    connection: Connection,
    plan: Plan,
    card: Scorecard,
    told: Counterfactual | None,
    *,
    now_us: int,
) -> Forecast | None:
    if card.to is None or card.counted is None:
        return None
    rate = None if told is None else told.rate
    return forecast.of(
        connection, plan, card.cell, fingerprint=card.fingerprint, to=card.to,
        threshold=_threshold(card, card.counted), scored=card.counted.scored,
        rate_max=None if rate is None else rate[1], now_us=now_us,
    )  # fmt: skip


def _threshold(card: Scorecard, counted: Judged) -> int | None:
    """Return the confidence that the next grant asks for: a second step certifies the same."""
    grant = card.grant
    if card.to is Level.AUTONOMOUS and grant is not None and grant.threshold_ppm:
        return grant.score
    return counted.threshold
