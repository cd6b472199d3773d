"""What is said of a cell, in the words that pages and commands share."""

import math
from typing import Final

from remit.domain.autonomy import WHOLE, Level
from remit.domain.frozen import dataclass
from remit.domain.plan import Reviewed
from remit.governance.alarm import ALPHA, BREACH, WARN
from remit.governance.cells import CarriedView, CellView, EvidenceView, Falls
from remit.governance.checklist import Item

LEAST: Final = 0.0001  # of a share that is written in digits


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
    if 0 < share < LEAST:
        return f"under {100 * LEAST:g}\u00a0%"
    return f"{100 * share:.3g}\u00a0%"


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


def nearness(one: CellView) -> str:
    """Say how near a cell is to its next level; a forecast, said to be one."""
    near = one.near
    if near is None or near.rate is None:
        return ""
    drawn = f"drawn towards {near.cells} cells of its action" if near.cells > 1 else "of its own"
    said = f"Rate of errors, {drawn}: {percent(near.rate)} (display only, it never decides)"
    if near.labels is None:
        return f"{said}. At that rate the next level is not reached."
    if not near.labels:
        return f"{said}. Its labels are enough."
    further = f"about {labels(near.labels)} more"
    if near.days is None:
        return f"{said}. At that rate {further}; nothing has come in lately."
    days = f"{near.days:,} day{'' if near.days == 1 else 's'}"
    return f"{said}. At that rate {further}: {days} at the present pace."


def item(one: Item) -> str:
    """Say how an item of the checklist stands, and what to do or what a tick says."""
    match one.met:
        case True:
            return f"met: {one.name}: {one.said}"
        case False:
            return f"not met: {one.name}: {one.said}. What to do: {one.then}"
        case None:
            return f"to be ticked: {one.name}: {one.then} ({one.said})"


def granted(one: CellView) -> str:
    """Say in a sentence what the next grant lets happen."""
    where = "every case" if one.segment == WHOLE else f"cases of the segment {one.segment}"
    match one.next:
        case Level.SAMPLED | Level.AUTONOMOUS:
            found = one.evidence
            sure = ""
            if found is not None and found.scored:
                least = found.threshold or "what its labels come to certify"
                sure = f" whose confidence is at least {least}"
            return (
                f"For 90 days {one.action} of {one.workflow} is performed without a person in "
                f"{where}{sure}, where no rule or limit holds it; {percent(one.next_share)} of "
                "that is drawn and looked at afterwards. It ends at once when the behaviour "
                "changes or the labels speak against it."
            )
        case Level.APPROVE_EACH:
            return (
                f"{one.action} of {one.workflow} is put before a person in {where}, and a yes "
                "performs exactly what they saw."
            )
        case _:
            return (
                f"A person starts from the draft of {one.action} in {where}; it acts by no means."
            )


def rests_on(one: CellView) -> str:
    """Say what a grant rests on, as the guarantee allows it to be said and no further."""
    found = one.evidence
    if found is None or found.error_max is None or found.false_grant_max is None:
        return "nothing that could be counted"
    if not found.accepted:
        return f"nothing yet: {found.wrong:,} wrong of {found.rows:,} reviewed do not meet the bar"
    chance = round(1 / found.false_grant_max)
    assumed = "; assumes that reviewers find every error" if one.reviewers == "assumed" else ""
    return (
        f"{found.wrong:,} wrong of {found.rows:,} reviewed; of cells at or above "
        f"{percent(found.error_max)}, at most 1 in {chance:,} would ever pass{assumed}"
    )


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
        count = "1 promotion costs" if one.promotions == 1 else f"{one.promotions} promotions cost"
        said += f"; {count} {one.promotions} × {each}"
    return f"{said}."


def carried_said(one: CarriedView, by: str) -> str:
    """Say from where rows were carried, by whom, and what was left out; `by` is a name."""
    nobody = "by the settings" if one.proof == "limits" else "by rules that nobody had to sign"
    found = (
        f"Carried from {one.fingerprint[:12]} on {one.at:%Y-%m-%d} "
        f"{f'by {by}' if by else nobody}: {PROOFS[one.proof]}; "
        f"{one.dropped:,} right row{'' if one.dropped == 1 else 's'} dropped"
    )
    if one.stayed:
        found += f", {one.stayed:,} that {'was' if one.stayed == 1 else 'were'} not right kept"
    return f"{found}."


PROOFS: Final = {
    "same": "the rules say the same of this action",
    "analysis": "a solver proved that the rules allow no more of it",
    "backtest": "no decision of 90 days comes nearer to an allow",
    "limits": "its limits allow less",
}


def bar_said(one: CellView) -> str:
    """Say what the acceptance table promises, and under which assumption."""
    found = one.evidence
    if found is None or found.error_max is None or found.false_grant_max is None:
        return ""
    most, chance = percent(found.error_max), percent(found.false_grant_max)
    said = f"Of cells where {most} or more is wrong, at most {chance} would ever pass."
    if found.scored:
        said += " A fifth of the chance is kept for the fallback walk over thresholds."
    if one.reviewers == Reviewed.ASSUMED.value:
        return f"{said} Assumes that reviewers find every error."
    if Level(str(one.next)).rank > Level.APPROVE_EACH.rank:
        found_least = percent(one.sensitivity)
        return f"{said} Made stricter, since reviewers find at least {found_least} of errors."
    return said


def labels(count: int) -> str:
    """Write a number of labels."""
    return f"{count:,} label{'' if count == 1 else 's'}"
