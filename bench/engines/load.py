"""Closed load of cases for any engine: so many at a time, for so many seconds, then the figures.

It imports nothing but the standard library, since each engine has an environment of its own.
"""

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

STEPS = ("normalise", "mask", "retrieve", "model", "policy", "action", "audit")
APPROVAL_BEFORE = "action"
_WORDS = (
    "The jacket arrived on time and the colour is right, yet the sleeves are too short for me. "
    "I have kept the label on it, so sending it back should be no trouble at all. Please tell me "
    "which parcel shop takes it and how long the money usually needs. "
) * 4
RESULT_BYTES = 1024
WARM_SECONDS = 0.7
CASES_MAX = 1_000_000
PARKED_SECONDS = 0.05  # given to an engine to put a waiting case to rest


def options() -> argparse.ArgumentParser:
    """Return the options that all engines have."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--at-a-time", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--approval", action="store_true", help="a person before the sixth step")
    parser.add_argument("--url", help="an empty PostgreSQL database, instead of a file")
    return parser


def folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a new folder where this dress keeps its data."""
    return tempfile.TemporaryDirectory(dir=os.environ.get("REMIT_BENCH_FOLDER", "var/bench"))


def result(step: str) -> str:
    """Return the kilobyte that a step gives; no two steps give the same."""
    return f"Step {step}. {_WORDS}"[:RESULT_BYTES]


async def drive(
    one: Callable[[int], Awaitable[float | None]], *, at_a_time: int, seconds: float
) -> dict[str, float]:
    """Run cases until the time is over; return cases/s, latencies and CPU of what ended in it.

    `one` may return the seconds that count as its latency, such as those from an approval on.
    """
    numbers = iter(range(CASES_MAX))
    begin = time.perf_counter() + WARM_SECONDS
    end = begin + seconds
    latencies: list[float] = []
    mark: tuple[float, float, int] | None = None

    async def caller() -> None:
        nonlocal mark
        while (started := time.perf_counter()) < end:
            took = await one(next(numbers))
            ended = time.perf_counter()
            if mark is not None:
                latencies.append(ended - started if took is None else took)
            elif ended >= begin:
                mark = (ended, time.process_time(), durable_writes())

    await asyncio.gather(*(caller() for _ in range(at_a_time)))
    if mark is None or not latencies:
        raise RuntimeError(f"not two cases ended in {seconds:g} s")
    wall, cpu = time.perf_counter() - mark[0], time.process_time() - mark[1]
    durable = durable_writes() - mark[2]
    latencies.sort()
    done = len(latencies)
    return {
        "cases": done,
        "cases_per_second": done / wall,
        "p50_ms": latencies[done // 2] * 1000,
        "p99_ms": latencies[min(done - 1, done * 99 // 100)] * 1000,
        "cpu_ms": cpu * 1000 / done,
        "durable_writes": durable / done,
    }


def durable_writes() -> int:
    """Return how many durable writes all processes under the preload have made."""
    path = os.environ.get("REMIT_BENCH_FSYNC_COUNT")
    return int.from_bytes(Path(path).read_bytes(), "little") if path else 0


def tell(figures: dict[str, float]) -> None:
    """Print the figures as the last line."""
    print(json.dumps(figures))
