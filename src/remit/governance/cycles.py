"""Review cycles: weeks of labels, and whether each was stable. A condition, never the evidence."""

import math
from collections.abc import Iterable, Sequence
from typing import Final

from remit.domain.frozen import dataclass
from remit.domain.plan import DAY_US

WEEK_US: Final = 7 * DAY_US
LABELS_MIN: Final = 50  # that became final, or the cycle is judged together with the next
WEEKS_MAX: Final = 13  # after which a cycle that is still thin is not stable
STABLE_FACTOR: Final = 1.5
_MONDAY_US: Final = 4 * DAY_US  # 1970-01-05, the first Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A label that became final at an instant, in microseconds since 1970."""

    at_us: int
    wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Some whole weeks that were judged together; UTC, from Monday."""

    begin_us: int
    end_us: int
    labels: int
    wrong: int
    wrong_max: int  # that are still stable
    alarms: int  # of detectors meanwhile
    thin: bool = False  # too few labels for a whole quarter

    @property
    def stable(self) -> bool:
        return not self.thin and not self.alarms and self.wrong <= self.wrong_max


def judged(
    finals: Iterable[Settled], alarms_us: Sequence[int], *, error_max: float, now_us: int
) -> tuple[Cycle, ...]:
    """Return the cycles that are over by `now_us` and have labels enough, the oldest first.

    Weeks are joined until 50 labels became final in them. Stable is a cycle without an alarm and
    with at most ceil(1.5 x `error_max` x labels) of them wrong.
    """
    ordered = sorted(finals, key=lambda one: one.at_us)
    if not ordered:
        return ()
    found: list[Cycle] = []
    begin = _week(ordered[0].at_us)
    end, place, labels, wrong = begin + WEEK_US, 0, 0, 0
    while end <= now_us:
        while place < len(ordered) and ordered[place].at_us < end:
            labels += 1
            wrong += ordered[place].wrong
            place += 1
        thin = labels < LABELS_MIN
        if not thin or end - begin >= WEEKS_MAX * WEEK_US:
            found.append(
                Cycle(
                    begin_us=begin, end_us=end, labels=labels, wrong=wrong,
                    wrong_max=math.ceil(STABLE_FACTOR * error_max * labels),
                    alarms=sum(begin <= at < end for at in alarms_us), thin=thin,
                )
            )  # fmt: skip
            begin, labels, wrong = end, 0, 0
        end += WEEK_US
    return tuple(found)


def stable_in_a_row(cycles: Sequence[Cycle]) -> int:
    """Return how many of the last judged cycles were stable, one after the other."""
    count = 0
    for cycle in reversed(cycles):
        if not cycle.stable:
            break
        count += 1
    return count


def quiet(cycles: Sequence[Cycle], alarms_us: Sequence[int], *, number: int) -> bool:
    """Was there no alarm in the last so many cycles, nor since?"""
    since_us = cycles[-number:][0].begin_us if cycles else 0
    return not any(at >= since_us for at in alarms_us)


def _week(at_us: int) -> int:
    return (at_us - _MONDAY_US) // WEEK_US * WEEK_US + _MONDAY_US
