"""Who has an open approval while it waits: attention moves, the verdict never does."""

from dataclasses import dataclass
from typing import Final

HOUR_US: Final = 3_600 * 1_000_000
REPEATS_MAX: Final = 5  # hourly, once the chain has come to its end
UNANSWERABLE: Final = "unanswerable"  # the stage of an approval that nobody may answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """To whom a workflow's approvals move: so long after the due time, to a role or a person."""

    steps: tuple[tuple[int, str], ...] = ()  # microseconds after the due time, in their order
    last: str = ""  # a person, when all others had their time


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Who has it from now on, and when attention moves again."""

    to: str  # empty: those it was asked of
    step: int  # how often it was said again after the end of the chain
    next_us: int | None  # after the due time


def following(chain: Chain, late_us: int, *, held_by: str = "") -> tuple[int, str] | None:
    """Return when, after the due time, attention next moves to somebody else, and to whom; pure.

    Before the due time `late_us` is negative. None: it stays with whom it is.
    """
    times = [after for after, _ in chain.steps]
    times.append((times[-1] if times else 0) + REPEATS_MAX * HOUR_US)
    for after in times:
        to = moved(chain, after).to
        if after > late_us and to and to != held_by:
            return after, to
    return None


def moved(chain: Chain, late_us: int) -> Move:
    """Return who has an approval so long after its due time; pure."""
    past = [to for after, to in chain.steps if after <= late_us]
    coming = [after for after, _ in chain.steps if after > late_us]
    to = past[-1] if past else ""
    if coming:
        return Move(to=to, step=0, next_us=coming[0])
    ended_us = chain.steps[-1][0] if chain.steps else 0
    step = (late_us - ended_us) // HOUR_US
    if step < REPEATS_MAX:
        return Move(to=to, step=step, next_us=ended_us + (step + 1) * HOUR_US)
    return Move(to=chain.last or to, step=step, next_us=None)
