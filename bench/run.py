"""Make every figure in one run, print them as one table and keep them in `var/bench/latest.json`.

Each configuration is a new process. Rounds run every configuration once in shuffled order; a
ratio is taken inside one round, where both sides had the same machine, and the median is shown.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import desk, install, start
from bench.places import HOME, ROOT, environment

ENGINES = ROOT / "bench" / "engines"
SECONDS = 3.0
ROUNDS = 3
PROCESS_SECONDS_MAX = 90
CASES = {
    "full": ("remit_case.py", "--dress", "full"),
    "bare": ("remit_case.py", "--dress", "bare"),
    "langgraph": ("langgraph_case.py", "--durability", "sync"),
    "langgraph threads": ("langgraph_case.py", "--durability", "sync", "--saver", "thread"),
    "langgraph exit": ("langgraph_case.py", "--durability", "exit"),
}
LOADS = {16: tuple(CASES), 1: tuple(CASES)[:3]}
Row = tuple[str, ...]
HEAD: Row = ("figure", "Remit full", "Remit bare", "LangGraph", "full ratio", "bare ratio")
Rounds = list[dict[str, dict[str, float]]]


def main() -> int:
    """Make the figures that were asked for."""
    parser = argparse.ArgumentParser(description="Print figures, measured side by side.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each configuration")
    parser.add_argument("--only", choices=("engines", "desk", "install", "start"))
    asked = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    made: dict[str, Any] = {"machine": machine()}
    if asked.only in {None, "install"}:
        say("install size and import time")
        made["install"] = install.measure()
    if asked.only in {None, "engines"}:
        made["engines"] = engines(asked.rounds, asked.seconds)
        rows += engine_rows(made["engines"])
    if asked.only in {None, "desk"}:
        say("the desk end to end")
        made["desk"] = desk.measure()
        rows += desk_rows(made["desk"])
    if "install" in made:
        rows += install_rows(made["install"])
    if asked.only in {None, "start"}:
        say("from command to first page")
        made["start"] = start.measure()
        rows.append(("`remit serve` to the first page, s", f"{made['start']['first_page_s']:.2f}"))
    made["load"] = os.getloadavg()
    (HOME / "latest.json").write_text(json.dumps(made, indent=2) + "\n")
    say("")
    print(table(rows))
    print(f"\n{made['machine']}; load {made['load'][0]:.1f} at the end; {asked.rounds} rounds")
    return 0


def engines(rounds: int, seconds: float) -> Rounds:
    """Run every configuration once in each round, in shuffled order."""
    peer = environment("langgraph", "bench.txt")
    pythons = {"remit_case.py": Path(sys.executable), "langgraph_case.py": peer}
    shuffled = random.Random(2026)
    done: Rounds = []
    for number in range(1, rounds + 1):
        order = [(name, load) for load, names in LOADS.items() for name in names]
        shuffled.shuffle(order)
        figures: dict[str, dict[str, float]] = {}
        for name, load in order:
            say(f"round {number} of {rounds}: {name}, {load} at a time")
            script, *options = CASES[name]
            ended = subprocess.run(
                [
                    str(pythons[script]), str(ENGINES / script), *options,
                    "--at-a-time", str(load), "--seconds", str(seconds),
                ],
                cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=PROCESS_SECONDS_MAX,
                check=True,
            )  # fmt: skip
            figures[f"{name} {load}"] = json.loads(ended.stdout.splitlines()[-1])
        done.append(figures)
    return done


# -- rows ----------------------------------------------------------------------------------------


def engine_rows(rounds: Rounds) -> list[Row]:
    """Return the durable case of seven steps, side by side."""
    rows: list[Row] = []
    for load in LOADS:
        # LangGraph's faster saver of each round is its figure.
        for one in rounds:
            savers = [one[key] for key in (f"langgraph {load}", f"langgraph threads {load}")
                      if key in one]  # fmt: skip
            one[f"best {load}"] = max(savers, key=lambda found: found["cases_per_second"])
        told = "alone" if load == 1 else f"{load} at a time"
        for label, key, digits, inverse in (
            ("cases/s", "cases_per_second", 0, False),
            ("p50 ms", "p50_ms", 1, True),
            ("p99 ms", "p99_ms", 1, True),
            ("CPU ms a case", "cpu_ms", 2, True),
        ):
            names = ("full", "bare", "best")
            values = [
                statistics.median(one[f"{name} {load}"][key] for one in rounds) for name in names
            ]
            ratios = [
                statistics.median(
                    ratio(one[f"{name} {load}"][key], one[f"best {load}"][key], inverse=inverse)
                    for one in rounds
                )
                for name in names[:2]
            ]
            rows.append(
                (
                    f"7 steps, {told}: {label}",
                    *(f"{value:,.{digits}f}" for value in values),
                    *(f"{found:.1f} ×" for found in ratios),
                )
            )
    rows.append(lax(rounds))
    return rows


def lax(rounds: Rounds) -> Row:
    """Return what LangGraph does where a case is durable only at its end."""
    names = [f"{name} 16" for name in ("full", "bare", "langgraph exit")]
    speeds = [[one[name]["cases_per_second"] for name in names] for one in rounds]
    return (
        "the same, LangGraph durable at the end only: cases/s",
        *(f"{statistics.median(column):,.0f}" for column in zip(*speeds, strict=True)),
        *(f"{statistics.median(row[ours] / row[2] for row in speeds):.1f} ×" for ours in (0, 1)),
    )


def ratio(ours: float, theirs: float, *, inverse: bool) -> float:
    """Return how many times better ours is."""
    return theirs / ours if inverse else ours / theirs


def desk_rows(figures: dict[str, Any]) -> list[Row]:
    """Return the desk end to end."""
    return [
        (f"desk, {figures['cases']} messages: cases/s", f"{figures['cases_per_second']:.0f}"),
        ("desk: CPU ms a case", f"{figures['cpu_ms']:.2f}"),
        *(
            (f"desk: CPU ms a case, {name}", f"{value:.2f}")
            for name, value in figures["layers_ms"].items()
        ),
    ]


def install_rows(figures: dict[str, float]) -> list[Row]:
    """Return what the core weighs."""
    return [
        (f"core: {figures['packages']:.0f} packages, MB", f"{figures['packages_mb']:.1f}"),
        ("core: Remit itself, MB", f"{figures['remit_mb']:.1f}"),
        ("`import remit`, ms", f"{figures['import_ms']:.0f}"),
        ("`remit --help`, ms", f"{figures['help_ms']:.0f}"),
        ("bare Python start in both, ms", f"{figures['python_ms']:.0f}"),
    ]


def table(rows: list[Row]) -> str:
    """Return one Markdown table with columns of equal width."""
    whole = [HEAD, *(row + ("",) * (len(HEAD) - len(row)) for row in rows)]
    widths = [max(len(row[column]) for row in whole) for column in range(len(HEAD))]
    lines = [
        "| "
        + " | ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in whole
    ]
    rule = [
        f"| {'-' * width} |" if column == 0 else f" {'-' * (width - 1)}: |"
        for column, width in enumerate(widths)
    ]
    return "\n".join([lines[0], "".join(rule), *lines[1:]])


def machine() -> str:
    """Return what the figures depend on."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def say(text: str) -> None:
    """Tell progress beside the table."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
