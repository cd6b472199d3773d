"""What every system does in its own environment: find in all texts, then be timed on slices.

It imports nothing but the standard library. The input and the output are JSON files.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

Find = tuple[int, int, str, float]
Value = tuple[str, str]  # type, canonical form
WARM_SLICES = 20


def options() -> argparse.ArgumentParser:
    """Return the options that all systems have."""
    parser = argparse.ArgumentParser()
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each corpus")
    return parser


def run(
    asked: argparse.Namespace,
    find: Callable[[str], Iterable[Find]],
    find_known: Callable[[str, list[Value]], Iterable[Find]] | None = None,
) -> None:
    """Write what a system finds in the texts, and the thread CPU milliseconds of each slice.

    `find_known` is handed a text and the values that are known of it.
    """
    list(find("Anna Roe, anna@example.org, +49 30 901820"))
    ready = time.process_time()
    memory = _memory_mb()  # before any of the input
    given = json.loads(asked.input.read_text(encoding="utf-8"))
    finds = [list(find(text)) for text in given["texts"]]
    dressed = [list(find(one["text"])) for one in given["dressed"]]
    known = [
        list(find_known(one["text"], [(one["type"], one["value"])])) if find_known else []
        for one in given["dressed"]
    ]
    people = [
        list(find_known(one["text"], [("PERSON", name) for name in one["names"]]))
        for one in (given["people"] if find_known else ())
    ]
    shapes = {name: _once(text, find) for name, text in given["shapes"].items()}
    times: dict[str, list[float]] = {}
    for name, slices in given["corpora"].items():
        for text in slices[:WARM_SLICES]:
            find(text)
        times[name] = _times(slices, find, asked.seconds)
    made = {
        "finds": finds, "dressed": dressed, "known": known, "people": people, "times": times,
        "shapes": shapes, "memory_mb": memory, "ready_s": ready, "python": sys.version.split()[0],
    }  # fmt: skip
    asked.output.write_text(json.dumps(made), encoding="utf-8")


def _memory_mb() -> float:
    """Return the most memory that this program itself has had; an older figure is its parent's."""
    status = Path("/proc/self/status")
    if status.is_file():
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _once(text: str, find: Callable[[str], object]) -> float:
    began = time.thread_time_ns()
    find(text)
    return (time.thread_time_ns() - began) / 1e6


def _times(slices: list[str], find: Callable[[str], object], seconds: float) -> list[float]:
    times: list[float] = []
    spent = 0
    while spent < seconds * 1e9:
        for text in slices:
            began = time.thread_time_ns()
            find(text)
            took = time.thread_time_ns() - began
            spent += took
            times.append(took / 1e6)
            if spent >= seconds * 1e9:
                break
    return times
