"""The refund desk end to end, its shop in another process: cases/s, and CPU by layer.

CPU by layer is a deterministic attribution. One run measures CPU without any profiler. A second
run of the same messages counts the CPU time of each function itself (cProfile on
`time.thread_time`, in the threads of the event loop and of the committer). Time of the standard
library, of other packages and of `remit.domain` belongs to the layer that called it, in proportion
to what each caller used. The shares of the second run are then applied to the CPU of the first.
"""

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench import shop
from bench.places import HOME, ROOT

GENERATED = 340
AT_A_TIME = 16
FIELDS = (
    "message", "subject", "order_id", "claimed_amount", "purchased_on", "new_address",
    "received_at",
)  # fmt: skip
LAYERS = (  # the first prefix that fits
    ("intake", ("intake/", "orchestration/admission")),
    ("model", ("models/",)),
    ("retrieval", ("retrieval/", "store/passages")),
    ("gate", ("policy/", "orchestration/facts", "orchestration/level_facts",
              "orchestration/policy_facts", "orchestration/denials", "orchestration/acted_on",
              "orchestration/provenance", "orchestration/prop",
              "orchestration/asking", "orchestration/content", "governance/")),
    ("store+ledger", ("store/", "ledger/")),
    ("connector", ("integrations/", "orchestration/executor", "orchestration/effects",
                   "authoring/connector")),
)  # fmt: skip
REST = "engine rest"
LIBRARY = ("domain/", "errors.py")
ROUNDS_MAX = 60
Function = tuple[str, int, str]


def measure() -> dict[str, Any]:
    """Run the desk twice in new processes; return its figures."""
    plain, shares = (ask(profiled=profiled) for profiled in (False, True))
    layers = {
        name: share * plain["cpu_ms"]
        for name, share in sorted(shares["shares"].items(), key=lambda one: -one[1])
    }
    return plain | {"layers_ms": layers}


def ask(*, profiled: bool) -> dict[str, Any]:
    """Run one process of this file."""
    with tempfile.TemporaryDirectory(dir=HOME) as folder, shop.running(Path(folder)) as found:
        done = subprocess.run(
            [sys.executable, "-m", "bench.desk", "--folder", folder]
            + (["--profiled"] if profiled else []),
            check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True,
            env={**os.environ, **found, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Run the desk once and print figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--profiled", action="store_true")
    asked = parser.parse_args()
    profiles = [cProfile.Profile(time.thread_time) for _ in range(2)] if asked.profiled else []
    figures = asyncio.run(work(asked.folder, profiles))
    if profiles:
        figures["shares"] = shares(profiles)
    print(json.dumps(figures))


def messages(folder: Path) -> list[dict[str, Any]]:
    """Return the shipped messages, then generated ones."""
    more = folder / "more.jsonl"
    subprocess.run(
        [
            sys.executable, str(ROOT / "examples/refund_desk/generate.py"), "--seed", "7",
            "--count", str(GENERATED), "--kind", "messages", "--out", str(more),
        ],
        check=True,
    )  # fmt: skip
    shipped = ROOT / "examples/refund_desk/messages.jsonl"
    return [json.loads(line) for file in (shipped, more) for line in file.read_text().splitlines()]


async def work(folder: Path, profiles: list[cProfile.Profile]) -> dict[str, Any]:
    """Take every message in, some at a time, and let the desk come to rest."""
    from remit import testing
    from remit.opening import open_remit
    from remit.store.committer import Committer

    if profiles:
        plain = Committer._run  # noqa: SLF001 - the committer's thread is counted too

        def run(self: Committer) -> None:
            profiles[1].enable()
            try:
                plain(self)
            finally:
                profiles[1].disable()

        Committer._run = run  # noqa: SLF001
    letters = messages(folder)
    project = testing.project(ROOT / "examples/refund_desk", data=folder, trained=HOME / "trained")
    remit = open_remit(project, owner="bench")
    await remit.start()
    queue = iter(letters)

    async def caller() -> None:
        for letter in queue:
            raw = {name: letter[name] for name in FIELDS if name in letter}
            raw["sender"] = letter["from"]
            await remit.receive(
                "refund-desk", raw, channel=letter["channel"], external_id=letter["id"]
            )

    if profiles:
        profiles[0].enable()
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(AT_A_TIME)))
    await remit.settled()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if profiles:
        profiles[0].disable()
    counts = dict(remit.counts())
    report = remit.verify()
    assert report.result == "intact", report
    assert counts["balance"] == 0, counts
    assert counts["received"] == len(letters), counts
    await remit.stop()
    return {
        "cases": len(letters),
        "cases_per_second": len(letters) / wall,
        "cpu_ms": cpu * 1000 / len(letters),
        "counts": counts,
    }


# -- from functions to layers --------------------------------------------------------------------


def shares(profiles: list[cProfile.Profile]) -> dict[str, float]:
    """Return each layer's share of the CPU time that was counted."""
    stats = pstats.Stats(profiles[0])
    stats.add(profiles[1])
    found: dict[str, float] = defaultdict(float)
    moving: dict[Function, float] = {}
    table: dict[Function, tuple[int, int, float, float, dict[Function, Any]]] = stats.stats
    for function, (_, _, own, _, _) in table.items():
        moving[function] = own
    for _ in range(ROUNDS_MAX):
        still: dict[Function, float] = defaultdict(float)
        for function, seconds in moving.items():
            layer = layer_of(function[0])
            callers = {} if layer else table[function][4]
            whole = sum(used[3] for caller, used in callers.items() if caller != function)
            if layer or not whole:
                found[layer or REST] += seconds
                continue
            for caller, used in callers.items():
                if caller != function:
                    still[caller] += seconds * used[3] / whole
        moving = still
    found[REST] += sum(moving.values())
    total = sum(found.values())
    return {name: seconds / total for name, seconds in found.items()}


def layer_of(file: str) -> str | None:
    """Return the layer of a file of Remit; `None` for what works for its caller."""
    _, inside, path = file.rpartition("src/remit/")
    if not inside:
        return REST if "examples/" in file or file.startswith(str(ROOT / "bench")) else None
    if path.startswith(LIBRARY):
        return None
    return next((name for name, starts in LAYERS if path.startswith(starts)), REST)


if __name__ == "__main__":
    main()
