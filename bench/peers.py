"""The durable case of seven steps, with and without a person, in Remit and in every peer.

Each configuration is a new process, with its data on disk or, with every durable write made slower
by a preload, on a memory file system. Rounds run every configuration once in shuffled order; a
ratio is taken inside one round, where both sides had the same machine, and the median is shown.
"""

import json
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.dress import Dress
from bench.places import ROOT, NotHereError, environment, restate_server
from bench.table import Table, number

ENGINES = ROOT / "bench" / "engines"
PROCESS_SECONDS_MAX = 60
PROBLEM_CHARACTERS_MAX = 90
AUTOMATIC, ALONE, APPROVAL = "16 at a time", "alone", "with a person, 4 at a time"
LOADS = {AUTOMATIC: 16, ALONE: 1, APPROVAL: 4}
Figures = dict[str, float]
Found = dict[str, Figures | str]  # a text says why there are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine in one configuration."""

    label: str
    script: str
    options: tuple[str, ...] = ()
    lock: str = ""  # of its own environment; empty for ours
    postgres: bool = False
    loads: tuple[str, ...] = (AUTOMATIC, ALONE)
    slowed: bool = True  # the preload reaches what makes its writes durable
    ours: bool = field(default=False)


SQLITE = (
    Engine(
        label="Remit full", script="remit_case.py", loads=(AUTOMATIC, ALONE, APPROVAL), ours=True
    ),
    Engine(label="Remit bare", script="remit_case.py", options=("--dress", "bare"), ours=True),
    Engine(
        label="LangGraph, asynchronous saver",
        script="langgraph_case.py",
        lock="langgraph",
        loads=(AUTOMATIC, ALONE, APPROVAL),
    ),
    Engine(
        label="LangGraph, saver in threads",
        script="langgraph_case.py",
        lock="langgraph",
        options=("--saver", "thread"),
        loads=(AUTOMATIC,),
    ),
    Engine(
        label="LangGraph, durable at the end only",
        script="langgraph_case.py",
        lock="langgraph",
        options=("--durability", "exit"),
        loads=(AUTOMATIC,),
    ),
    Engine(label="DBOS, SQLite as shipped", script="dbos_case.py", lock="dbos"),
    Engine(
        label="DBOS, SQLite with WAL",
        script="dbos_case.py",
        lock="dbos",
        options=("--wal",),
        loads=(AUTOMATIC, ALONE, APPROVAL),
    ),
    Engine(
        label="Restate",
        script="restate_case.py",
        lock="restate",
        slowed=False,
        loads=(AUTOMATIC, ALONE, APPROVAL),
    ),
)
POSTGRES = (
    Engine(
        label="Remit full, PostgreSQL",
        script="remit_case.py",
        postgres=True,
        ours=True,
        loads=(AUTOMATIC, APPROVAL),
    ),
    Engine(
        label="DBOS, PostgreSQL",
        script="dbos_case.py",
        lock="dbos",
        postgres=True,
        loads=(AUTOMATIC, APPROVAL),
    ),
    Engine(
        label="LangGraph, PostgreSQL",
        script="langgraph_case.py",
        lock="langgraph",
        postgres=True,
        loads=(AUTOMATIC,),
    ),
)
COLUMNS = (
    ("cases/s", "cases_per_second", 0), ("p50 ms", "p50_ms", 1), ("p99 ms", "p99_ms", 1),
    ("CPU ms", "cpu_ms", 2), ("server CPU ms", "server_cpu_ms", 2), ("commits", "commits", 1),
    ("durable writes", "durable_writes", 1), ("waits", "waits", 0),
)  # fmt: skip


def measure(
    rounds: int, seconds: float, dresses: tuple[Dress, ...], say: Callable[[str], None]
) -> list[Found]:
    """Run every configuration once in each round, in shuffled order."""
    shuffled = random.Random(2026)
    done: list[Found] = []
    with ExitStack() as stack:
        commands = {engine.label: command(engine) for engine in (*SQLITE, *POSTGRES)}
        urls = {dress.name: stack.enter_context(databases(dress, say)) for dress in dresses}
        for turn in range(1, rounds + 1):
            order = [
                (engine, load, dress)
                for dress in dresses
                for engine in (*SQLITE, *POSTGRES)
                for load in engine.loads
            ]
            shuffled.shuffle(order)
            found: Found = {}
            for place, (engine, load, dress) in enumerate(order, 1):
                name = key(engine, load, dress)
                say(f"round {turn} of {rounds}, {place} of {len(order)}: {name}")
                found[name] = one(
                    engine, commands[engine.label], load, dress, urls[dress.name], seconds
                )
            done.append(found)
    return done


def key(engine: Engine, load: str, dress: Dress) -> str:
    """Return under which name a figure is kept."""
    return f"{engine.label} | {load} | {dress.name}"


def command(engine: Engine) -> list[str] | str:
    """Return how to start an engine, or why it cannot be."""
    try:
        python = (
            environment(engine.lock, f"bench-{engine.lock}.txt")
            if engine.lock
            else Path(sys.executable)
        )
        extra = ["--server", str(restate_server())] if engine.script == "restate_case.py" else []
    except (NotHereError, subprocess.SubprocessError, OSError) as error:
        return problem(str(error))
    return [str(python), str(ENGINES / engine.script), *engine.options, *extra]


def one(
    engine: Engine,
    start: list[str] | str,
    load: str,
    dress: Dress,
    fresh: Callable[[], str] | str,
    seconds: float,
) -> Figures | str:
    """Run one configuration; return its figures, or why there are none."""
    if isinstance(start, str):
        return start
    if dress.delay_us and not engine.slowed:
        return "its server is a static binary, which the preload does not reach"
    if engine.postgres and isinstance(fresh, str):
        return fresh
    arguments = [*start, "--at-a-time", str(LOADS[load]), "--seconds", str(seconds)]
    if load == APPROVAL:
        arguments.append("--approval")
    if engine.postgres and not isinstance(fresh, str):
        arguments += ["--url", fresh()]
    try:
        ended = subprocess.run(
            arguments,
            cwd=ROOT,
            env=dress.environment(),
            capture_output=True,
            text=True,
            timeout=PROCESS_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {PROCESS_SECONDS_MAX} s"
    if ended.returncode:
        return problem(ended.stderr)
    figures: Figures = json.loads(ended.stdout.splitlines()[-1])
    return figures


def problem(text: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1].replace(f"{ROOT}/", "") if lines else "no reason given"
    return last[:PROBLEM_CHARACTERS_MAX]


@contextmanager
def databases(dress: Dress, say: Callable[[str], None]) -> Iterator[Callable[[], str] | str]:
    """Return what gives an empty database on a server in this dress, or why there is none."""
    from tests import postgres

    if not postgres.available():
        yield "the wheel with PostgreSQL does not fit this machine"
        return
    say(f"a PostgreSQL, {dress.name}")
    with postgres.server(
        durable=True, base=dress.folder, environment=dress.settings(),
        settings={"max_connections": "400"},
    ) as server:  # fmt: skip
        yield server.create


# -- rows ----------------------------------------------------------------------------------------


def tables(rounds: list[Found], dresses: tuple[Dress, ...]) -> Iterator[Table]:
    """Return a table for each dress and load, an engine in each row."""
    for dress in dresses:
        for load in LOADS:
            engines = [engine for engine in (*SQLITE, *POSTGRES) if load in engine.loads]
            yield Table(
                title=f"Seven steps, {load}, {dress.name}",
                head=("engine", *(title for title, _, _ in COLUMNS), "Remit full is"),
                rows=[row(engine, load, dress, rounds) for engine in engines],
            )


def row(engine: Engine, load: str, dress: Dress, rounds: list[Found]) -> tuple[str, ...]:
    """Return the medians of an engine, or why it was not run."""
    name = key(engine, load, dress)
    figures = [found[name] for found in rounds]
    good = [one for one in figures if isinstance(one, dict)]
    if not good:
        return (engine.label, f"not run: {next(iter(figures))}")
    cells = [
        number(statistics.median(one[column] for one in good), digits) if column in good[0] else ""
        for _, column, digits in COLUMNS
    ]
    return (engine.label, *cells, "" if engine.ours else ratio(name, load, dress, engine, rounds))


def ratio(name: str, load: str, dress: Dress, engine: Engine, rounds: list[Found]) -> str:
    """Return how many times as many cases a second Remit did in the same round."""
    ours = key(POSTGRES[0] if engine.postgres else SQLITE[0], load, dress)
    pairs = [(found[ours], found[name]) for found in rounds]
    many = [
        mine["cases_per_second"] / theirs["cases_per_second"]
        for mine, theirs in pairs
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping)
    ]
    return f"{statistics.median(many):.1f} ×" if many else ""
