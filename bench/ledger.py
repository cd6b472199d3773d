"""The ledger's figures: appending, verifying, proving, starting, beside other logs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.dress import Dress
from bench.peers import databases, problem
from bench.places import ROOT, NotHereError, environment
from bench.table import Table, number

CASE = ROOT / "bench" / "engines" / "ledger_case.py"
PEER = ROOT / "bench" / "engines" / "ledger_peer.py"
WRITERS = (1, 16, 64)
SECONDS = 1.2
LARGE = 1_000_000
LARGE_SECONDS_MAX = 75
PROCESS_SECONDS_MAX = 240
PEERS = {
    "chain": "plain hash chain, SQLite: no seal, no signature, no tree",
    "pymerkle": "pymerkle, SQLite as shipped: no seal, no signature",
    "witness": "witness-log, a journal synced after each entry",
}
COLUMNS = (
    ("entries/s", "entries_per_second", 0), ("p50 ms", "p50_ms", 1), ("p99 ms", "p99_ms", 1),
    ("CPU ms", "cpu_ms", 3), ("durable writes", "durable_writes", 2),
    ("bytes an entry", "bytes_per_entry", 0), ("verified/s and core", "verified_per_second", 0),
    ("tree alone/s and core", "tree_per_second", 0),
)  # fmt: skip
WHOLE = (
    ("entries", "entries", 0), ("built in, s", "build_s", 1),
    ("memory that building it took, MB", "build_memory_mb", 0),
    ("opened with its start-up check in, s", "start_s", 2),
    ("inclusion proof, CPU ms", "proof_ms", 2),
)  # fmt: skip
Found = dict[str, dict[str, dict[str, float] | str]]


def measure(dresses: tuple[Dress, ...], say: Callable[[str], None]) -> Found:
    """Append on both databases and in other logs in each dress; build one large log."""
    found: Found = {}
    for dress in dresses:
        here: dict[str, dict[str, float] | str] = {}
        for writers in WRITERS:
            say(f"ledger, SQLite, {writers} at a time, {dress.name}")
            here[f"Remit, SQLite, {writers} at a time"] = ended(
                dress, sys.executable, CASE, "--writers", writers
            )
        with databases(dress, say) as fresh:
            for writers in WRITERS:
                say(f"ledger, PostgreSQL, {writers} at a time, {dress.name}")
                name = f"Remit, PostgreSQL, {writers} at a time"
                here[name] = fresh if isinstance(fresh, str) else ended(
                    dress, sys.executable, CASE, "--writers", writers, "--url", fresh()
                )  # fmt: skip
        for kind, title in PEERS.items():
            say(f"ledger, {kind}, {dress.name}")
            here[title] = peer(kind, dress)
        found[dress.name] = here
    say(f"a log of {LARGE:,} entries; at most {LARGE_SECONDS_MAX} s")
    large = ended(
        dresses[0],
        sys.executable,
        CASE,
        "--large",
        LARGE,
        "--large-seconds-max",
        LARGE_SECONDS_MAX,
    )
    found["large"] = {"large": large}
    return found


def peer(kind: str, dress: Dress) -> dict[str, float] | str:
    """Append to another log; a plain chain needs no environment of its own."""
    try:
        python: str | Path = (
            sys.executable if kind == "chain" else environment("ledger", "bench-ledger.txt")
        )
    except (NotHereError, subprocess.SubprocessError, OSError) as error:
        return problem(str(error))
    return ended(dress, python, PEER, "--kind", kind)


def ended(
    dress: Dress, python: str | Path, script: Path, *options: str | int
) -> dict[str, float] | str:
    """Run a process of this dress; return its figures, or why there are none."""
    limit = ["--seconds", str(SECONDS)] if "--large" not in options else []
    try:
        done = subprocess.run(
            [str(python), str(script), *map(str, options), *limit],
            cwd=ROOT,
            env=dress.environment(),
            capture_output=True,
            text=True,
            timeout=PROCESS_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {PROCESS_SECONDS_MAX} s"
    if done.returncode:
        return problem(done.stderr)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def tables(found: dict[str, Any]) -> list[Table]:
    """Return a table for each dress, and one of the large log."""
    made = [
        Table(
            title=f"The ledger: entries of 2 KiB, sequenced and signed, {dress}",
            head=("log", *(title for title, _, _ in COLUMNS)),
            rows=[row(name, figures) for name, figures in here.items()],
        )
        for dress, here in found.items()
        if dress != "large"
    ]
    large = found["large"]["large"]
    rows = (
        [(f"not run: {large}",)]
        if isinstance(large, str)
        else [(title, number(large[column], digits)) for title, column, digits in WHOLE]
    )
    return [*made, Table(title="A large log, SQLite, disk", head=("figure", "Remit"), rows=rows)]


def row(name: str, figures: dict[str, float] | str) -> tuple[str, ...]:
    """Return a log's figures, or why it was not run."""
    if isinstance(figures, str):
        return (name, f"not run: {figures}")
    return (
        name,
        *(
            number(figures[column], digits) if figures.get(column) else ""
            for _, column, digits in COLUMNS
        ),
    )
