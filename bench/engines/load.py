"""Closed load of cases for any engine: so many at a time, for so many seconds, then the figures.

It imports nothing but the standard library, since each engine has an environment of its own.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

STEPS = ("normalise", "mask", "retrieve", "model", "policy", "action", "audit")
_WORDS = (
    "The jacket arrived on time and the colour is right, yet the sleeves are too short for me. "
    "I have kept the label on it, so sending it back should be no trouble at all. Please tell me "
    "which parcel shop takes it and how long the money usually needs. "
) * 4
RESULT_BYTES = 1024
WARM_SECONDS = 0.7
LATENCIES_MAX = 1_000_000


def result(step: str) -> str:
    """Return the kilobyte that a step gives; no two steps give the same."""
    return f"Step {step}. {_WORDS}"[:RESULT_BYTES]


async def drive(
    one: Callable[[int], Awaitable[None]], *, at_a_time: int, seconds: float
) -> dict[str, float]:
    """Run cases until the time is over; return cases/s, latencies and CPU of what ended in it."""
    numbers = iter(range(LATENCIES_MAX))
    begin = time.perf_counter() + WARM_SECONDS
    end = begin + seconds
    latencies: list[float] = []
    marks: list[tuple[float, float]] = []

    async def caller() -> None:
        while (started := time.perf_counter()) < end:
            if started >= begin and not marks:
                marks.append((started, time.process_time()))
            await one(next(numbers))
            if started >= begin:
                latencies.append(time.perf_counter() - started)

    await asyncio.gather(*(caller() for _ in range(at_a_time)))
    wall, cpu = time.perf_counter() - marks[0][0], time.process_time() - marks[0][1]
    latencies.sort()
    done = len(latencies)
    return {
        "cases": done,
        "cases_per_second": done / wall,
        "p50_ms": latencies[done // 2] * 1000,
        "p99_ms": latencies[min(done - 1, done * 99 // 100)] * 1000,
        "cpu_ms": cpu * 1000 / done,
    }


def tell(figures: dict[str, float]) -> None:
    """Print the figures as the last line."""
    print(json.dumps(figures))
