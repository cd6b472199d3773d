"""What a grant would have done in the last 90 days, had it been active: told, never evidence."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.frozen import dataclass
from remit.domain.money import Money
from remit.domain.plan import DAY_US, Plan
from remit.evidence import intervals
from remit.governance import streams
from remit.store import checks, evidence_pages
from remit.store.connection import Connection
from remit.store.evidence_pages import WeighedRow

DAYS: Final = 90
LOOKED_MAX: Final = 20_000  # rows; of more, the newest
CHANCE: Final = 0.05  # that an interval does not hold the truth
_DAY_SECONDS: Final = 86_400
UNKNOWN: Final = (
    "limits of money and number, daily ones too, are not counted: they would have held some of it",
    "what a case did after a first answer that differs is not known",
    "the world outside did not react: customers and other systems saw what really happened",
    "what nobody judged is not guessed at; it is counted among those that would have run",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """Rows of one cell and fingerprint under a grant that they did not have."""

    to: str
    days: int
    looked: int  # eligible rows whose score would have been enough
    cut: bool  # there are more; these are the newest
    runs: int  # of them would have run at once; none below `sampled`
    ran: int  # of them did run alone
    judged: int  # of them have a final label
    wrong: int  # of those
    rate: tuple[float, float] | None  # that holds the true share of wrong, from drawn rows only
    money: tuple[Money, ...]  # at stake in the wrong ones, by currency
    largest: tuple[Money, ...]  # of those, by currency
    unpriced: int  # wrong ones whose money is not known, or that move none
    review_seconds: int  # for which those who said yes had them open
    waiting_seconds: int  # from asking to the answer, all together
    unknown: tuple[str, ...] = UNKNOWN

    @property
    def said(self) -> str:
        """The sentence beside the signature."""
        if Level(self.to).rank <= Level.APPROVE_EACH.rank:
            return f"At {self.to} a person decides each one, so nothing would have run by itself."
        if not self.runs:
            return (
                f"Had this grant been active for the last {self.days} days, nothing would have "
                "run at once."
            )
        stake = ", ".join(map(str, self.money))
        saved = [
            f"{span(seconds)} of {what}"
            for seconds, what in (
                (self.review_seconds, "review"),
                (self.waiting_seconds, "waiting"),
            )
            if seconds
        ]
        return (
            f"Had this grant been active for the last {self.days} days, {_count(self.runs)} would "
            f"have run at once; {self.wrong:,} of the {self.judged:,} that we can judge would "
            f"have been wrong{f', money at stake {stake}' if stake else ''}"
            + (f"; {' and '.join(saved)} would have been saved." if saved else ".")
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
    now_us: int,
) -> Counterfactual:
    """Return what would have run under a grant of `to` with this threshold, and how it ended."""
    alone = to.rank > Level.APPROVE_EACH.rank
    rows: list[WeighedRow] = []
    if alone and not (scored and threshold is None):
        rows = evidence_pages.weighed(
            connection, cell, fingerprint=fingerprint, since_us=now_us - DAYS * DAY_US,
            score_min=threshold, limit=LOOKED_MAX + 1,
        )  # fmt: skip
    cut, rows = len(rows) > LOOKED_MAX, rows[:LOOKED_MAX]
    doubted = checks.doubted(connection, cell.workflow)
    final = [
        (one, found)
        for one in rows
        if one.row.drawn
        and (found := streams.outcome(one.row, plan, now_us=now_us, doubted=doubted))
        in {Outcome.RIGHT, Outcome.WRONG}
    ]
    bad = [one for one, found in final if found is Outcome.WRONG]
    rate = intervals.rate(hits=len(bad), n=len(final), chance=CHANCE) if final else None
    return Counterfactual(
        to=to.value, days=DAYS, looked=len(rows), cut=cut, runs=len(rows),
        ran=sum(one.row.alone for one in rows), judged=len(final), wrong=len(bad), rate=rate,
        money=_money(bad), largest=_largest(bad),
        unpriced=sum(one.money_minor is None or not one.currency for one in bad),
        review_seconds=sum(one.seconds_open for one in rows),
        waiting_seconds=sum(map(_waited, rows)),
    )  # fmt: skip


def _waited(one: WeighedRow) -> int:
    if one.asked_us is None or one.answered_us is None:
        return 0
    return max(one.answered_us - one.asked_us, 0) // 1_000_000


def _money(rows: Sequence[WeighedRow]) -> tuple[Money, ...]:
    sums: Counter[str] = Counter()
    for one in rows:
        if one.money_minor is not None and one.currency:
            sums[one.currency] += one.money_minor
    return tuple(Money.of_minor(minor, currency) for currency, minor in sorted(sums.items()))


def _largest(rows: Sequence[WeighedRow]) -> tuple[Money, ...]:
    most: dict[str, int] = {}
    for one in rows:
        if one.money_minor is not None and one.currency:
            most[one.currency] = max(most.get(one.currency, 0), one.money_minor)
    return tuple(Money.of_minor(minor, currency) for currency, minor in sorted(most.items()))


def _count(number: int) -> str:
    return f"{number:,} proposal{'' if number == 1 else 's'}"


def span(seconds: int) -> str:
    """Write a length of time in the unit that fits it."""
    for unit, name in ((_DAY_SECONDS, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * unit or (seconds >= unit and seconds % unit == 0):
            whole = round(seconds / unit)
            return f"{whole:,} {name}{'' if whole == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
