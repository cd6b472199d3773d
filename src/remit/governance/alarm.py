"""What a detector watches for at each level, and what it says when it fires."""

from typing import Final

from remit.domain.autonomy import Level
from remit.domain.frozen import dataclass
from remit.domain.plan import PPM, Plan
from remit.store.authority import GrantRow

BREACH, WARN, ALPHA = "breach", "warn", "alpha"
BOUND_PPM: Final = {  # of errors, below the levels at which it is the plan's own
    Level.SHADOW: 500_000, Level.DRAFT: 200_000, Level.APPROVE_EACH: 100_000,
}  # fmt: skip
_RUN: Final = 10_000  # labels to a false alarm where each row is drawn
_WARN_RUN: Final = 3_000
_RUN_MIN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A detector that has fired over the rows as they count now."""

    detector: str
    rate_max_ppm: int
    run_min: int
    rows: int  # after how many
    row: str  # action id of the last of them
    log_statistic: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A detector, the error rate that it watches, and how seldom it is wrong."""

    detector: str
    rate_max_ppm: int
    run_min: int


def bounds(plan: Plan, grant: GrantRow | None) -> tuple[Bound, ...]:
    """Return the detectors that watch a cell at its level."""
    level = plan.starts if grant is None else Level(grant.level)
    alone = level.rank > Level.APPROVE_EACH.rank
    share = plan.share_ppm(level, surge=False) / PPM
    run = max(_RUN_MIN, round(_RUN * share))
    rate = plan.error_max_ppm if alone else BOUND_PPM[level]
    found = [Bound(detector=BREACH, rate_max_ppm=rate, run_min=run)]
    if alone and grant is not None:
        least = max(_RUN_MIN, round(_WARN_RUN * share))
        found.append(Bound(detector=WARN, rate_max_ppm=warn_ppm(plan, grant), run_min=least))
    elif level is Level.APPROVE_EACH:
        found.append(Bound(detector=ALPHA, rate_max_ppm=plan.error_max_ppm, run_min=_RUN))
    return tuple(found)


def warn_ppm(plan: Plan, grant: GrantRow) -> int:
    """Return the rate that was seen at the grant, kept between 0.4 and 0.8 of the bar."""
    seen = (grant.evidence_wrong + 0.5) / (grant.evidence_rows + 1) * PPM
    return round(min(max(seen, 0.4 * plan.error_max_ppm), 0.8 * plan.error_max_ppm))
