"""Several processes on one PostgreSQL: cases a second by workers, and one that is killed."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from bench.dress import Dress
from bench.peers import databases, problem
from bench.places import ROOT, NotHereError, environment
from bench.table import Table, number

ENGINES = ROOT / "bench" / "engines"
WORKERS = (1, 2, 4)
OPEN = (32, 256)  # for each worker
PROCESS_SECONDS_MAX = 75
PARKED = "parking 100,000 cases takes longer than all else together"
Figures = dict[str, float] | str


def measure(
    dresses: tuple[Dress, ...], seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Run Remit's workers and DBOS's steps at each size, then kill one worker of two."""
    dress = dresses[0]
    found: dict[str, Any] = {}
    with databases(dress, say) as fresh:
        if isinstance(fresh, str):
            return {"all": fresh}
        reason = ""
        for workers in WORKERS:
            for at_a_time in OPEN:
                name = f"{workers} × {at_a_time}"
                say(f"scale, {name}: Remit")
                mine: Figures = reason or remit(dress, fresh(), workers, at_a_time, seconds)
                if isinstance(mine, str) and workers == WORKERS[0]:
                    reason = mine
                say(f"scale, {name}: DBOS")
                found[name] = {
                    "remit": mine,
                    "dbos": dbos(dress, fresh(), workers, at_a_time, seconds),
                }
        say("scale, one worker of two is killed")
        found["killed"] = reason or remit(dress, fresh(), 2, 32, seconds, "--kill")
    return found


def remit(
    dress: Dress, url: str, workers: int, at_a_time: int, seconds: float, *more: str
) -> Figures:
    """Run workers of Remit on one database."""
    return ended(
        dress, sys.executable, str(ENGINES / "remit_scale.py"), "--workers", str(workers),
        "--at-a-time", str(at_a_time), "--seconds", str(seconds), "--url", url, *more,
    )  # fmt: skip


def dbos(dress: Dress, url: str, workers: int, at_a_time: int, seconds: float) -> Figures:
    """Run processes of DBOS on one database, each starting its own workflows; add them up."""
    try:
        python = environment("dbos", "bench-dbos.txt")
    except (NotHereError, subprocess.SubprocessError, OSError) as error:
        return problem(str(error))
    started = [
        subprocess.Popen(
            [str(python), str(ENGINES / "dbos_case.py"), "--at-a-time", str(at_a_time),
             "--seconds", str(seconds), "--url", url, "--prefix", f"worker{number}"],
            cwd=ROOT, env=dress.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for number in range(workers)
    ]  # fmt: skip
    rate = 0.0
    for process in started:
        try:
            output, errors = process.communicate(timeout=PROCESS_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return f"no end after {PROCESS_SECONDS_MAX} s"
        if process.returncode:
            return problem(errors)
        rate += json.loads(output.splitlines()[-1])["cases_per_second"]
    return {"cases_per_second": rate}


def ended(dress: Dress, *command: str) -> Figures:
    """Run a process; return its figures, or why there are none."""
    try:
        done = subprocess.run(
            command,
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
    """Return cases a second by workers and open cases, and the time after a kill."""
    if "all" in found:
        rows: list[tuple[str, ...]] = [("all of it", f"not run: {found['all']}")]
    else:
        rows = [
            (f"{name} open", *both(pair["remit"], pair["dbos"]))
            for name, pair in found.items()
            if name != "killed"
        ]
        killed = found["killed"]
        told = f"not run: {killed}" if isinstance(killed, str) else number(killed["settled_s"], 1)
        rows.append(("one of two killed: all its cases closed after, s", told))
    rows.append(("100,000 parked cases", f"not run: {PARKED}"))
    head = ("workers × cases open for each, PostgreSQL: cases/s", "Remit full", "DBOS", "ratio")
    return [Table(title="Several processes, one PostgreSQL, disk", head=head, rows=rows)]


def both(mine: Figures, theirs: Figures) -> tuple[str, ...]:
    """Return the cells of one size."""
    cells = [
        f"not run: {one}" if isinstance(one, str) else number(one["cases_per_second"], 0)
        for one in (mine, theirs)
    ]
    if isinstance(mine, str) or isinstance(theirs, str):
        return tuple(cells)
    return (*cells, f"{mine['cases_per_second'] / theirs['cases_per_second']:.1f} ×")
