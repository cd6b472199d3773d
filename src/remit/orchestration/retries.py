"""When a step that failed for the moment is tried again; pure."""

from collections.abc import Callable

IN_RUN_SECONDS = (0.2, 1.0, 5.0)  # each with full jitter
RETRY_AFTER_SECONDS_MAX = 10.0  # a longer wait that a server asks for is waited out parked
PARKED_SECONDS = (60, 300, 1_800, 7_200, 21_600, 21_600, 21_600, 21_600)  # each ± 20 %
PARKED_US_MAX = 24 * 3_600 * 1_000_000  # from the first failure on


def in_run(tries: int, *, asked: float | None, jitter: Callable[[], float]) -> float | None:
    """Return how long to pause in the run before the next try; `None` to park."""
    if tries >= len(IN_RUN_SECONDS) or (asked or 0.0) > RETRY_AFTER_SECONDS_MAX:
        return None
    return max(IN_RUN_SECONDS[tries] * jitter(), asked or 0.0)


def parked(
    failures: int, *, since_us: int, now_us: int, asked: float | None, jitter: Callable[[], float]
) -> float | None:
    """Return how long to park before the next round of tries; `None` when they are used up.

    `failures` are the rounds that failed before this one, the first of them at `since_us`.
    """
    if failures >= len(PARKED_SECONDS) or over(since_us, now_us=now_us):
        return None
    return max(PARKED_SECONDS[failures] * (0.8 + 0.4 * jitter()), asked or 0.0)


def over(since_us: int | None, *, now_us: int) -> bool:
    """Has a step failed for a day; never where it has not failed yet."""
    return since_us is not None and now_us - since_us >= PARKED_US_MAX
