"""What every library does in its own environment: read all rows, then be timed on canonical ones.

It imports nothing but the standard library. The input and the output are JSON files.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

Reads = dict[str, Callable[[str], str | None]]  # kind -> the value as the table writes it
WARM = 50


def options() -> argparse.ArgumentParser:
    """Return the options that all programs have."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each kind")
    return parser


def run(
    asked: argparse.Namespace,
    reads: Reads,
    more: dict[str, list[float]] | None = None,
    known: Callable[[dict[str, str]], str | None] | None = None,
) -> None:
    """Write what each row is read as, and the thread CPU milliseconds of one canonical value."""
    given = json.loads(asked.input.read_text(encoding="utf-8"))
    values = [_value(reads.get(row["kind"]), row["raw"]) for row in given["rows"]]
    times = {
        kind: timed(lambda kind=kind, read=read: read(given["canonical"][kind]), asked.seconds)
        for kind, read in reads.items()
        if kind in given["canonical"]
    }
    told = [known(row) for row in given["rows"] if "locale" in row] if known else None
    made = {"values": values, "kinds": list(reads), "times": {**times, **(more or {})}}
    if told is not None:
        made["known"] = told
    asked.output.write_text(json.dumps({**made, "python": sys.version.split()[0]}), "utf-8")


def timed(work: Callable[[], object], seconds: float) -> list[float]:
    """Return the thread CPU milliseconds of many calls."""
    for _ in range(WARM):
        work()
    times: list[float] = []
    spent = 0
    while spent < seconds * 1e9:
        began = time.thread_time_ns()
        work()
        took = time.thread_time_ns() - began
        spent += took
        times.append(took / 1e6)
    return times


def _value(read: Callable[[str], str | None] | None, raw: str) -> str | None:
    """Return the value, or None where the library refuses, by whatever exception."""
    if read is None:
        return None
    try:
        return read(raw)
    except Exception:  # noqa: BLE001 - any way to refuse is a refusal
        return None
