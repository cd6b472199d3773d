"""The next step of a cell: from which level to which, on which rows, and what these show."""

from typing import Final

from remit.domain.autonomy import Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US, PPM, Plan
from remit.governance import grants, judged, reviewers, streams
from remit.governance.judged import Judged
from remit.governance.streams import EvidenceStream
from remit.store import plans
from remit.store.authority import GrantRow
from remit.store.connection import Connection
from remit.store.plans import GridRow

SEEDS_SINCE_US: Final = 90 * DAY_US  # before the stream opened


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """Where a cell stands, and the rows on which its next level is judged."""

    plan: Plan
    cell: Cell
    level: Level  # that is granted, or at which its plan has it begin
    to: Level | None  # the next one; none at the top
    grant: GrantRow | None
    stream: EvidenceStream
    grid: GridRow | None
    missed: int  # of the known-bad checks that its reviewers were dealt
    dealt: int
    sensitivity_ppm: int

    @property
    def since_us(self) -> int:
        """When the ledger of a second step began; 0 where it is a first."""
        return self.grant.given_us if self.to is Level.AUTONOMOUS and self.grant else 0

    def judge(self, *, now_us: int, before_us: int | None = None) -> Judged | None:
        """Return what the rows show for the next level, of those before an instant alone."""
        if self.to is None:
            return None
        grant = self.grant if self.to is Level.AUTONOMOUS else None
        return judged.judge(
            self.stream, to=self.to, grid=self.grid, sensitivity_min=self.sensitivity_ppm / PPM,
            now_us=now_us, since_us=self.since_us,
            in_force=grant.score if grant and grant.threshold_ppm else None, before_us=before_us,
        )  # fmt: skip


def of(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    fingerprint: str,
    *,
    stream: EvidenceStream | None = None,
) -> NextStep:
    """Return the next step of a cell; `stream` saves reading its rows again."""
    grant = grants.of_cell(connection, cell)
    level = plan.starts if grant is None else Level(grant.level)
    if stream is None:
        stream = streams.read(connection, plan, cell, fingerprint)
    first_us = stream.rows[0].at_us if stream.rows else stream.since_us
    missed, dealt = reviewers.found(
        connection, plan, since_us=max(stream.since_us, first_us) - SEEDS_SINCE_US
    )
    return NextStep(
        plan=plan, cell=cell, level=level,
        to=list(Level)[level.rank + 1] if level.rank < Level.AUTONOMOUS.rank else None,
        grant=grant, stream=stream,
        grid=plans.grid(connection, cell, fingerprint, stream.attempt),
        missed=missed, dealt=dealt,
        sensitivity_ppm=reviewers.sensitivity_ppm(
            plan, missed=missed, dealt=dealt, attempt=stream.attempt
        ),
    )  # fmt: skip
