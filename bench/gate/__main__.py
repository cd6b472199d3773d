"""`python -m bench.gate`: what the gate costs, beside others, in one run."""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.gate.rules import LAYOUTS, SIZES
from bench.places import HOME, ROOT, environment
from bench.security import ABSENT
from bench.table import Table, number

ROUNDS = 2
PROCESS_SECONDS_MAX = 240
PEERS = {
    "cedar-text": "cedarpy, rules as text on each call",
    "cedar-parsed": "cedarpy, all rules parsed once",
    "casbin": "casbin",
    "governance-toolkit": "agent-governance-toolkit",
}
GOALS = {  # p99 of thread CPU at 2,000 rules, in µs
    "witnesses of the case": None,
    "rows": None,
    "proof and labels": 60,
    "canonical form and digests": 60,
    "Cedar": 150,
    "Cedar, answer remembered": None,
    "decide": 30,
    "whole": 1000,
    "whole, answers remembered": None,
}
COMMIT_GOAL_US = 5000
GATHER_GOAL_US = 300
Times = dict[str, list[float]]
Key = tuple[str, int]


def main() -> int:
    """Measure all sizes and layouts; print the tables, keep the figures."""
    parser = argparse.ArgumentParser(description="Print what the gate costs.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--size", type=int, choices=SIZES, action="append")
    parser.add_argument("--layout", choices=LAYOUTS, action="append")
    asked, _ = parser.parse_known_args()
    sizes, layouts = asked.size or list(SIZES), asked.layout or list(LAYOUTS)
    python, absent = peers()
    gate: dict[Key, list[dict[str, Any]]] = defaultdict(list)
    others: dict[tuple[str, str, int], list[Times]] = defaultdict(list)
    work = [
        (name, layout, size)
        for _ in range(asked.rounds)
        for name in ("remit", *(PEERS if python else ()))
        for layout in layouts
        for size in sizes
    ]
    random.Random(2026).shuffle(work)
    for name, layout, size in work:
        print(f"gate: {name}, {size} rules, {layout}", file=sys.stderr, flush=True)
        if name == "remit":
            gate[layout, size].append(
                run([sys.executable, "-m", "bench.gate.desk", str(size), layout])
            )
        else:
            script = str(Path(__file__).parent / "engines.py")
            others[name, layout, size].append(run([str(python), script, name, str(size), layout]))
    found = {key: merged(several) for key, several in gate.items()}
    beside = {key: both(several) for key, several in others.items()}
    for table in tables(found, beside, sizes, layouts):
        print(table)
    if absent:
        print(f"not run beside others: {absent}")
    where = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    load = os.getloadavg()
    print(
        f"Remit {version('remit')}, cedarpy {version('cedarpy')}; {where}, Python "
        f"{platform.python_version()}, load {load[0]:.1f} at the end; {asked.rounds} rounds"
    )
    HOME.mkdir(parents=True, exist_ok=True)
    kept = {
        "remit": {f"{layout} {size}": shown(one) for (layout, size), one in found.items()},
        "peers": {" ".join(map(str, key)): summary(one) for key, one in beside.items()},
        "load": load,
        "rounds": asked.rounds,
    }
    (HOME / "gate.json").write_text(json.dumps(kept, indent=2) + "\n")
    return ABSENT if absent else 0


def peers() -> tuple[Path | None, str]:
    """Return the Python of the peers, or why there is none."""
    try:
        return environment("gate", "bench-gate.txt"), ""
    except (subprocess.SubprocessError, OSError) as error:
        return (
            None,
            f"`requirements/bench-gate.txt` cannot be installed here ({type(error).__name__})",
        )


def run(command: list[str]) -> dict[str, Any]:
    """Run one configuration as a new process."""
    done = subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PROCESS_SECONDS_MAX,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


# -- figures -------------------------------------------------------------------------------------


def both(several: Iterable[Times]) -> Times:
    """Return the times of all rounds together."""
    made: Times = {"cpu_us": [], "wall_us": []}
    for one in several:
        for name in made:
            made[name] += one[name]
    return made


def merged(several: list[dict[str, Any]]) -> dict[str, Any]:
    """Return all rounds of one configuration of Remit as one."""
    return {
        name: both(one[name] for one in several) if isinstance(value, dict) else value
        for name, value in several[0].items()
    }


def at(times: list[float], share: float) -> float:
    """Return the time below which this share lies."""
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def summary(times: Times) -> dict[str, float]:
    """Return p50 and p99 of both clocks."""
    return {
        f"{clock}_{name}": at(times[clock], share)
        for clock in ("cpu_us", "wall_us")
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def shown(one: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration of Remit in short."""
    return {
        name: summary(value) if isinstance(value, dict) else value for name, value in one.items()
    }


# -- tables --------------------------------------------------------------------------------------


def tables(
    found: dict[Key, dict[str, Any]],
    beside: dict[tuple[str, str, int], Times],
    sizes: list[int],
    layouts: list[str],
) -> list[Table]:
    """Return the whole gate, its parts, and the peers."""
    made = [_whole(found, sizes, layouts)]
    made += [_parts(found, sizes, layout) for layout in layouts]
    return [*made, *(_peers(found, beside, sizes, layout) for layout in layouts)]


def _whole(found: dict[Key, dict[str, Any]], sizes: list[int], layouts: list[str]) -> Table:
    rows = []
    for layout in layouts:
        for size in sizes:
            plain = summary(found[layout, size]["whole"])
            durable = summary(found[layout, size]["committed"])
            rows.append(
                (
                    f"{size:,} rules, {layout}",
                    *(number(plain[name], 0) for name in SHOWN),
                    *(number(durable[name], 0) for name in SHOWN),
                )
            )
    rows.append(("goal at 2,000", "", "1,000", "", "", "", "", "", number(COMMIT_GOAL_US, 0)))
    return Table(
        title="The whole gate, µs: without the commit (thread CPU), with it (CPU of the process)",
        head=(
            "rules", "CPU p50", "CPU p99", "wall p50", "wall p99",
            "durable CPU p50", "durable CPU p99", "durable wall p50", "durable wall p99",
        ),
        rows=rows,
    )  # fmt: skip


SHOWN = ("cpu_us_p50", "cpu_us_p99", "wall_us_p50", "wall_us_p99")


def _parts(found: dict[Key, dict[str, Any]], sizes: list[int], layout: str) -> Table:
    rows = []
    for name, goal in GOALS.items():
        figures = [summary(found[layout, size][name]) for size in sizes]
        rows.append(
            (
                name,
                "" if goal is None else number(goal, 0),
                *(
                    number(one[clock], 0)
                    for one in figures
                    for clock in ("cpu_us_p50", "cpu_us_p99")
                ),
            )
        )
    return Table(
        title=f"Its parts, {layout}, thread CPU µs",
        head=(
            "part",
            "goal p99",
            *(f"{size:,} {share}" for size in sizes for share in ("p50", "p99")),
        ),
        rows=rows,
    )


def _peers(
    found: dict[Key, dict[str, Any]],
    beside: dict[tuple[str, str, int], Times],
    sizes: list[int],
    layout: str,
) -> Table:
    ours = {
        "Remit, the whole gate": [summary(found[layout, size]["whole"]) for size in sizes],
        "Remit, the question to Cedar alone": [
            summary(found[layout, size]["Cedar"]) for size in sizes
        ],
    }
    theirs = {
        label: [summary(beside[name, layout, size]) for size in sizes]
        for name, label in PEERS.items()
        if (name, layout, sizes[0]) in beside
    }
    alone = ours["Remit, the question to Cedar alone"]
    rows = []
    for label, figures in (*ours.items(), *theirs.items()):
        cells = []
        for one, floor in zip(figures, alone, strict=True):
            cells += [
                number(one["cpu_us_p50"], 0),
                number(one["cpu_us_p99"], 0),
                f"{one['cpu_us_p50'] / floor['cpu_us_p50']:.1f} ×",
            ]
        rows.append((label, *cells))
    return Table(
        title=f"The same rules beside others, {layout}, thread CPU µs, × of Remit's question",
        head=("engine", *(f"{size:,} {what}" for size in sizes for what in ("p50", "p99", "×"))),
        rows=rows,
    )


if __name__ == "__main__":
    raise SystemExit(main())
