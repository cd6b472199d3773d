"""What became of the rows of a file, as equations that must hold."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts rows on their way in; the ids of new cases are kept to ask for them at the end."""

    rows: int = 0
    duplicates: int = 0
    skipped: int = 0  # of the duplicates: known without reading, by `--resume`
    rejected: int = 0
    case_ids: list[str] = field(default_factory=list)

    @property
    def received(self) -> int:
        """How many rows became cases."""
        return len(self.case_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Where the cases of one file stand."""

    closed: int
    held: int
    escalated: int
    other: int
    quarantined: int
    reasons: Mapping[str, int] = field(default_factory=dict)  # why escalated, held or set aside

    @property
    def open(self) -> int:
        """How many are neither closed nor set aside."""
        return self.held + self.escalated + self.other

    @property
    def total(self) -> int:
        """Closed, open and quarantined together."""
        return self.closed + self.open + self.quarantined


def outcome(standing: Counter[tuple[str, str]]) -> Outcome:
    """Return where cases stand, from how many stand at each (status, reason)."""
    by_status: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    held = 0
    for (status, reason), number in standing.items():
        by_status[status] += number
        if status == "parked" and reason == "approval":
            held += number
        elif status in ("escalated", "parked", "quarantined"):
            reasons[f"{status}: {reason or 'no reason'}"] += number
    known = by_status["closed"] + by_status["escalated"] + by_status["quarantined"] + held
    return Outcome(
        closed=by_status["closed"],
        held=held,
        escalated=by_status["escalated"],
        other=standing.total() - known,
        quarantined=by_status["quarantined"],
        reasons=dict(reasons.most_common()),
    )


def balanced(tally: Tally, found: Outcome) -> bool:
    """Return whether both equations hold."""
    return (
        tally.received + tally.duplicates + tally.rejected == tally.rows
        and found.total == tally.received
    )


def lines(tally: Tally, found: Outcome, *, seconds: float) -> list[str]:
    """Return the summary, with both equations and whether they hold."""
    skipped = f", of which {tally.skipped:,} skipped by --resume" if tally.skipped else ""
    rate = tally.received / seconds if seconds > 0 else 0.0
    holds = {True: "holds", False: "DOES NOT HOLD"}
    parts = f"held {found.held:,}, escalated {found.escalated:,}, other {found.other:,}"
    rows, came = tally.received + tally.duplicates + tally.rejected, tally.received
    equations = (
        (
            f"received {tally.received:,} + duplicates {tally.duplicates:,} + rejected "
            f"{tally.rejected:,} = {rows:,} of {tally.rows:,} rows: {holds[rows == tally.rows]}"
        ),
        (
            f"closed {found.closed:,} + open {found.open:,} + quarantined {found.quarantined:,} = "
            f"{found.total:,} of {came:,} received: {holds[found.total == came]}"
        ),
    )
    return [
        f"rows read    {tally.rows:>9,}",
        f"received     {tally.received:>9,}",
        f"duplicates   {tally.duplicates:>9,}{skipped}",
        f"rejected     {tally.rejected:>9,}",
        f"closed       {found.closed:>9,}",
        f"open         {found.open:>9,}  ({parts})",
        f"quarantined  {found.quarantined:>9,}",
        *(f"  {number:>9,}  {reason}" for reason, number in found.reasons.items()),
        *equations,
        f"took {seconds:,.1f} s, {rate:,.0f} cases/s",
    ]
