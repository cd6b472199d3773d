"""What a grant is likely to do each week, from what was measured lately; no promise."""

from statistics import median
from typing import Final

from remit.domain.autonomy import Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US, PPM, Plan
from remit.store import evidence_counts
from remit.store.connection import Connection

DAYS_MAX: Final = 28  # four cycles, back from now
SECONDS_MAX: Final = 5_000  # of the newest approvals, for the median
_WEEK_DAYS: Final = 7
NOT_MEASURED: Final = "not measured"
COST_UNKNOWN: Final = (
    "not measured: the record keeps the tokens of a model's answers, and no prices are set"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Figures a week, were cases to come as they did lately."""

    days: float  # over which it was measured
    proposals: int  # in them
    eligible_a_week: float  # that no rule or limit held
    share_enough: float | None  # of these, with a confidence at or above the threshold
    alone_a_week: float | None
    held_a_week: float | None  # for a person still, by rule or by doubt
    audits_a_week: float | None  # of what runs alone, drawn by the coin
    wrong_a_week_max: float | None  # alone, at the upper end of the interval of the rate
    rate_max: float | None  # that end
    review_seconds: float | None  # for which a yes had it open, as the median
    minutes_saved_a_week: float | None  # of people, audits taken off
    cost_a_case: str = COST_UNKNOWN

    @property
    def figures(self) -> tuple[tuple[str, str], ...]:
        """Label and words of each, as pages and commands show them."""
        share = None if self.share_enough is None else f"{100 * self.share_enough:.3g} %"
        seconds = None if self.review_seconds is None else f"{self.review_seconds:,.3g} seconds"
        saved = self.minutes_saved_a_week
        return (
            ("Eligible cases a week", _number(self.eligible_a_week)),
            ("Of these with confidence enough", share or NOT_MEASURED),
            ("Performed alone a week", _number(self.alone_a_week)),
            ("Still held for a person a week", _number(self.held_a_week)),
            ("Audits a week", _number(self.audits_a_week)),
            (
                "Wrong alone a week, at the upper end of what the labels leave",
                NOT_MEASURED
                if self.wrong_a_week_max is None
                else f"{self.wrong_a_week_max:,.2g}",
            ),
            ("A yes had it open, median", seconds or NOT_MEASURED),
            (
                "Minutes of people saved a week",
                NOT_MEASURED if saved is None else _number(saved),
            ),
            ("Cost of models a case", self.cost_a_case),
        )  # fmt: skip

    @property
    def said(self) -> str:
        """What it rests on."""
        if not self.proposals:
            return "Nothing came in lately, so there is nothing to forecast from."
        days = round(self.days)
        return (
            f"Measured on the {self.proposals:,} proposals of the last {days} "
            f"day{'' if days == 1 else 's'}. A forecast of weeks like these, no promise."
        )


def of(
    connection: Connection,
    plan: Plan,
    cell: Cell,
    *,
    fingerprint: str,
    to: Level,
    threshold: int | None,
    scored: bool,
    rate_max: float | None,
    now_us: int,
) -> Forecast | None:
    """Return the forecast of a grant of `to` with this threshold; `None` where nothing runs alone.

    `rate_max` is the upper end of the interval of the rate of errors among what would run. What
    was not measured is None, and is never made up.
    """
    if to.rank <= Level.APPROVE_EACH.rank:
        return None
    since_us = now_us - DAYS_MAX * DAY_US
    proposals, eligible, first_us = evidence_counts.proposed(
        connection, cell, fingerprint, since_us=since_us
    )
    days = max((now_us - (first_us or now_us)) / DAY_US, 1.0)
    weeks = days / _WEEK_DAYS
    seconds = evidence_counts.seconds_open(
        connection, cell, fingerprint, since_us=since_us, limit=SECONDS_MAX
    )
    open_seconds = float(median(seconds)) if seconds else None
    passing = None
    if eligible and not (scored and threshold is None):
        passing = evidence_counts.passing(
            connection, cell, fingerprint, since_us=since_us, score_min=threshold or 0
        )
    alone = None if passing is None else passing / weeks
    audits = None if alone is None else alone * plan.share_ppm(to, surge=False) / PPM
    saved = None
    if alone is not None and audits is not None and open_seconds is not None:
        saved = (alone - audits) * open_seconds / 60
    return Forecast(
        days=days, proposals=proposals, eligible_a_week=eligible / weeks,
        share_enough=None if passing is None else passing / eligible,
        alone_a_week=alone, held_a_week=None if alone is None else proposals / weeks - alone,
        audits_a_week=audits, rate_max=rate_max,
        wrong_a_week_max=None if alone is None or rate_max is None else alone * rate_max,
        review_seconds=open_seconds, minutes_saved_a_week=saved,
    )  # fmt: skip


def _number(found: float | None) -> str:
    if found is None:
        return NOT_MEASURED
    return f"{found:,.0f}" if found >= 10 else f"{found:,.2g}"  # noqa: PLR2004 - two digits are enough below
