"""`python -m bench.agentdojo`: AgentDojo's worst case before Remit's gate, in one table."""

import argparse
import json
import multiprocessing
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.agentdojo.bends import bends
from bench.agentdojo.contract import DIGEST, MARKS, contracts
from bench.agentdojo.contract import made as made_anew
from bench.agentdojo.judging import honest_pairs
from bench.agentdojo.measure import measure
from bench.agentdojo.report import goals, summed, tables
from bench.agentdojo.suites import NAMES, MissingAgentDojoError, suites
from bench.places import HOME

SEED = 20261128
WORKERS_MAX = 2
MISSING = 3
Share = tuple[str, frozenset[str] | None, frozenset[int] | None]


def main() -> int:
    """Make the figures; a breach, or a bent call that ran, is an error."""
    parser = argparse.ArgumentParser(description="Run the worst case of AgentDojo.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--share", type=float, default=1.0, help="of pairs and bent calls")
    parser.add_argument("--suite", choices=NAMES, action="append", help="only this one")
    parser.add_argument("--json", type=Path, default=HOME / "agentdojo.json")
    asked = parser.parse_args()
    try:
        suites()
    except MissingAgentDojoError as error:
        print(f"not run: {error}")
        return MISSING
    began, cpu = time.monotonic(), time.process_time()
    found = run(shares(asked.share, asked.seed, asked.suite), asked.seed)
    made = summed(found) | {
        "project": version("remit"),
        "agentdojo": version_of_suites(),
        "contracts": DIGEST,
        "marks": MARKS,
        "seed": asked.seed,
        "share": asked.share,
        "took_s": round(time.monotonic() - began, 1),
        "cpu_s": round(time.process_time() - cpu + made_cpu(), 1),
    }
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_text(json.dumps(made, indent=1) + "\n")
    for table in tables(made):
        print(table)
    missed = goals(made)
    if made_anew() != contracts():
        missed.append("the frozen contracts are not what their rules make")
    for one in missed:
        print(f"missed: {one}")
    print(
        f"Remit {made['project']}, agentdojo {made['agentdojo']}, contracts {DIGEST[:12]}, marks "
        f"{MARKS[:12]}, seed {asked.seed}; {made['took_s'] / 60:.1f} minutes, "
        f"{made['cpu_s'] / 60:.1f} of CPU; {asked.json}"
    )
    return 1 if missed else 0


def run(asked: list[Share], seed: int) -> list[dict[str, Any]]:
    """Measure tasks side by side, each in one process of a few."""
    found = []
    context = multiprocessing.get_context("spawn")
    workers = min(WORKERS_MAX, os.cpu_count() or 1)
    with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
        waiting = [pool.submit(measure, *one, seed) for one in asked]
        for done, one in enumerate(as_completed(waiting), 1):
            found.append(one.result())
            print(f"\r{done} of {len(waiting)} tasks", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return sorted(found, key=lambda one: str(one["task"]))


def shares(share: float, seed: int, only: list[str] | None) -> list[Share]:
    """Return which tasks to run with which injections and bent calls; a share is drawn by seed."""
    tasks = [task for task in contracts() if not only or task.partition("/")[0] in only]
    tasks.sort(key=lambda task: (not task.startswith("workspace"), task))  # the long ones first
    if share >= 1:
        return [(task, None, None) for task in tasks]
    chosen = random.Random(seed)
    users = {pair.task: pair for pair in honest_pairs()}
    drawn = []
    for task in chosen.sample(tasks, max(1, round(len(tasks) * share**0.5))):
        injections = sorted(users[task].suite.injection_tasks)
        calls = range(len(bends(task, seed=seed)))
        drawn.append((
            task,
            frozenset(chosen.sample(injections, max(1, round(len(injections) * share**0.5)))),
            frozenset(chosen.sample(calls, round(len(calls) * share**0.5))),
        ))  # fmt: skip
    return drawn


def version_of_suites() -> str:
    """Return the version of the package, which lies beside our own."""
    return version("agentdojo")


def made_cpu() -> float:
    """Return the CPU of the processes that have ended."""
    used = os.times()
    return used.children_user + used.children_system


if __name__ == "__main__":
    raise SystemExit(main())
