"""What is said of a cell, in the words that pages and commands share."""

import math

from remit.domain.frozen import dataclass
from remit.governance.cells import CellView, EvidenceView, Falls
from remit.governance.monitors import ALPHA, BREACH, WARN

PENDING_SAID = "pending ones count as wrong here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the labels of a cell are towards the next level: a picture and its words."""

    had: int
    needed: int | None
    wrong: int
    said: str

    @property
    def share(self) -> float:
        """How full the bar is, 0 to 1."""
        if self.needed is None:
            return 0.0
        return min(self.had / self.needed, 1.0) if self.needed else 1.0


def percent(share: float) -> str:
    """Write a share as people read it: `5 %`, `0.8 %`."""
    return f"{100 * share:.3g} %"


def progress(one: CellView) -> Progress:
    """Say how far a cell has come."""
    found = one.evidence
    if found is None:
        return Progress(had=0, needed=None, wrong=0, said="nothing is higher")
    if found.error_max is None:
        return Progress(
            had=found.rows, needed=None, wrong=found.wrong,
            said=f"{labels(found.rows)}, and no number is enough: nobody knows which errors "
            "reviewers find; put seeded checks before them",
        )  # fmt: skip
    if found.calibration_missing:
        had = found.calibration_rows - found.calibration_missing
        return Progress(
            had=had, needed=found.calibration_rows, wrong=0,
            said=f"{had} of {found.calibration_rows} cases from which thresholds are made",
        )  # fmt: skip
    if found.needed is None:
        return Progress(
            had=found.rows, needed=None, wrong=found.wrong,
            said=f"{found.wrong:,} of {labels(found.rows)} wrong: over a million would be needed",
        )  # fmt: skip
    return Progress(
        had=found.rows, needed=found.needed, wrong=found.wrong,
        said=f"{found.rows:,} of {labels(found.needed)}, {found.wrong:,} wrong",
    )  # fmt: skip


def table_said(found: EvidenceView) -> str:
    """Say which row of the acceptance table was met, or what is missing to the next."""
    if found.error_max is None or found.false_grant_max is None:
        return "No row of any table can be met while it is not known which errors reviewers find."
    bar = f"{percent(1 - found.error_max)} bar at {percent(found.false_grant_max)}"
    if found.calibration_missing:
        return (
            f"{found.calibration_missing} more cases with a verdict are needed until confidences "
            f"can be tried as thresholds; then the {bar} begins."
        )
    if found.accepted and found.needed is not None:
        met = max((row.labels for row in found.table if row.here), default=found.needed)
        return (
            f"Met: the {bar} asks {labels(met)} with {found.wrong:,} wrong, and there are "
            f"{found.rows:,}."
        )
    if found.missing is None:
        return f"With {found.wrong:,} wrong the {bar} would ask more than a million labels."
    if not found.missing:
        return (
            f"The {bar} has been met by older rows; no accepted row lies in the last cycle, so "
            "new ones must come in."
        )
    return (
        f"The {bar} asks {labels(found.rows + found.missing)} with {found.wrong:,} wrong; there "
        f"are {found.rows:,}, so {found.missing:,} more right in a row would do."
    )


def forecast(found: EvidenceView) -> str:
    """Say when the next level may come, at the rate seen so far; a guess, and said to be one."""
    if found.accepted or found.error_max is None or found.calibration_missing:
        return ""
    if found.expected is None:
        if not found.rows:
            return "No forecast before there are labels."
        return "At the rate seen so far it is not reached: that is at or above the bar."
    further = max(found.expected - found.rows, found.missing or 0)
    said = f"At the rate seen so far about {further:,} more labels on average"
    if found.rows_a_day <= 0:
        return f"{said}; no rows have come in lately. A forecast, no promise."
    days = math.ceil(further / found.rows_a_day)
    at = f"{days:,} day{'' if days == 1 else 's'} at {found.rows_a_day:.3g} a day"
    return f"{said}: {at}. A forecast, no promise."


def falls_said(one: Falls) -> str:
    """Say what would fire a detector from here, and what it does."""
    if one.streak is None:
        wrong = "More than a thousand wrong labels in a row"
    elif one.streak == 1:
        wrong = "One wrong label"
    else:
        wrong = f"{one.streak} wrong labels in a row"
    match one.detector:
        case _ if one.detector == BREACH:
            return f"{wrong} would lower it to {one.to}." if one.to else "Nothing is lower."
        case _ if one.detector == WARN:
            return f"{wrong} would have each of the next cases looked at."
        case _ if one.detector == ALPHA:
            return f"{wrong} would keep it from rising for two cycles."
        case _:
            return f"{wrong} would fire {one.detector}."


def spent_said(one: CellView) -> str:
    """Say what the looking of 90 days has cost in chance of a false grant."""
    each = percent(one.false_grant_max)
    tries = sum(tried.attempts for tried in one.tried)
    if not tries:
        return "Nothing was tried in the last 90 days."
    behaviours = f"{len(one.tried)} behaviour{'' if len(one.tried) == 1 else 's'}"
    said = (
        f"{behaviours} tried in 90 days, in {tries} attempt{'' if tries == 1 else 's'}: together "
        f"at most {percent(one.spent)} chance that one at the bar is ever let through"
    )
    if one.promotions:
        count = f"{one.promotions} promotion{'' if one.promotions == 1 else 's'}"
        said += f"; {count} cost {one.promotions} × {each}"
    return f"{said}."


def labels(count: int) -> str:
    """Write a number of labels."""
    return f"{count:,} label{'' if count == 1 else 's'}"
