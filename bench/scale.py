"""Several processes on one PostgreSQL, one that is killed, and a crowd of parked cases."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.dress import Dress
from bench.peers import databases, problem
from bench.places import ROOT, NotHereError, environment
from bench.table import Table, number

ENGINES = ROOT / "bench" / "engines"
WARM_SECONDS = 0.7  # as in bench/engines/load.py
WORKERS = (1, 2, 4)
OPEN = (32, 256)  # for each worker
PROCESS_SECONDS_MAX = 45
WHOLE_SECONDS_MAX = 420  # what has not begun by then is not run
CROWD = 100_000
Figures = dict[str, float] | str  # a text says why there are none


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The server, the time that is left, and where progress is told."""

    dress: Dress
    fresh: Callable[[], str] | str
    seconds: float
    late: float
    say: Callable[[str], None]

    def run(self, name: str, work: Callable[[str], Figures], *, file: bool = False) -> Figures:
        """Run something on a new database or a file, unless that cannot be or is too late."""
        if isinstance(self.fresh, str) and not file:
            return self.fresh
        if time.monotonic() > self.late:
            return f"its turn did not come within {WHOLE_SECONDS_MAX} s"
        self.say(f"scale, {name}")
        try:
            return work("" if file or isinstance(self.fresh, str) else self.fresh())
        except (NotHereError, subprocess.SubprocessError, OSError) as error:
            return problem(str(error))


def measure(
    dresses: tuple[Dress, ...], seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Kill one worker of two, open crowds, then run Remit's and DBOS's workers at each size."""
    with databases(dresses[0], say) as fresh:
        bench = Bench(
            dress=dresses[0], fresh=fresh, seconds=seconds, say=say,
            late=time.monotonic() + WHOLE_SECONDS_MAX,
        )  # fmt: skip
        return {
            "killed": bench.run(
                "one worker of two is killed", lambda url: remit(bench, url, 2, OPEN[0], "--kill")
            ),
            "parked": {store: crowds(bench, store) for store in ("SQLite", "PostgreSQL")},
            "sizes": {
                f"{workers} × {each}": size(bench, workers, each)
                for each in OPEN
                for workers in WORKERS
            },
        }


def size(bench: Bench, workers: int, each: int) -> dict[str, Figures]:
    """Run both engines with so many workers and cases open for each."""
    name = f"{workers} × {each}"
    return {
        "dbos": bench.run(f"{name}: DBOS", lambda url: dbos(bench, url, workers, each)),
        "remit": bench.run(f"{name}: Remit", lambda url: remit(bench, url, workers, each)),
    }


def remit(bench: Bench, url: str, workers: int, each: int, *more: str) -> Figures:
    """Run workers of Remit on one database."""
    return ended(
        bench.dress, "remit_scale.py", "--workers", str(workers), "--at-a-time", str(each),
        "--seconds", str(bench.seconds), "--url", url, *more,
    )  # fmt: skip


def dbos(bench: Bench, url: str, workers: int, each: int) -> Figures:
    """Run processes of DBOS on one database, each starting its own workflows; add them up."""
    from remit.orchestration import dbos as queues

    python = environment("dbos", "bench-dbos.txt")
    queues.migrate(url)  # or each of them would make the tables
    before = told(url, COMMITTED)
    started = [
        subprocess.Popen(
            [str(python), str(ENGINES / "dbos_case.py"), "--at-a-time", str(each),
             "--seconds", str(bench.seconds), "--url", url, "--prefix", f"worker{number}"],
            cwd=ROOT, env=bench.dress.environment(), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        for number in range(workers)
    ]  # fmt: skip
    try:
        for process in started:
            _, errors = process.communicate(timeout=PROCESS_SECONDS_MAX)
            if process.returncode:
                return problem(errors)
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
                process.communicate()
    made = told(url, COMMITTED) - before
    return {"cases_per_second": told(url, RATE), "commits": made / told(url, DONE)}


COMMITTED = "select xact_commit from pg_stat_database where datname = current_database()"
DONE = "select count(*) from dbos.workflow_status where status = 'SUCCESS'"
# From when the last of the processes had warmed up to the end of the last case, as Remit's are
# counted: what each says of itself is of a time of its own, and cannot be added up.
RATE = f"""
with begun as (
    select max(first) + {1_000 * WARM_SECONDS:.0f} as at from (
        select min(created_at) as first from dbos.workflow_status group by executor_id
    ) as each
)
select count(*) * 1000.0 / greatest(1, max(updated_at) - min(begun.at))
from dbos.workflow_status, begun where status = 'SUCCESS' and updated_at >= begun.at
"""


def told(url: str, question: str) -> float:
    """Return a number that the server tells."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return float(row[0])


def crowds(bench: Bench, store: str) -> dict[str, Figures]:
    """Open one parked case, and a crowd of them."""
    return {
        str(count): bench.run(
            f"{count:,} parked, {store}",
            lambda url, count=count: crowd(bench, url, count),  # type: ignore[misc]  # a default binds the loop's value
            file=store == "SQLite",
        )
        for count in (1, CROWD)
    }


def crowd(bench: Bench, url: str, count: int) -> Figures:
    """Write so many parked cases in one process, and open them in another."""
    with tempfile.TemporaryDirectory(dir=bench.dress.folder) as folder:
        where = ("--folder", folder, *(("--url", url) if url else ()))
        written = ended(bench.dress, "remit_parked.py", *where, "--fill", str(count))
        if isinstance(written, str):
            return written
        return ended(bench.dress, "remit_parked.py", *where)


def ended(dress: Dress, script: str, *arguments: str) -> Figures:
    """Run a process; return its figures, or why there are none."""
    with subprocess.Popen(
        [sys.executable, str(ENGINES / script), *arguments], cwd=ROOT, env=dress.environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            output, errors = process.communicate(timeout=PROCESS_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.terminate()
            return f"no end after {PROCESS_SECONDS_MAX} s"
    if process.returncode:
        return problem(errors)
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def tables(found: dict[str, Any]) -> list[Table]:
    """Return cases a second by workers and open cases, the takeover, and the crowd."""
    sizes = Table(
        title="Several processes, one PostgreSQL, disk",
        head=(
            "workers × cases open for each", "Remit full, cases/s", "commits a case",
            "DBOS, cases/s", "commits a case", "ratio",
        ),
        rows=[(name, *both(pair["remit"], pair["dbos"])) for name, pair in found["sizes"].items()],
    )  # fmt: skip
    return [
        sizes,
        Table(
            title="A worker of two is killed, PostgreSQL, disk",
            head=("from `kill -9` on", "Remit full", "goal"),
            rows=killed(found["killed"]),
        ),
        Table(
            title=f"{CROWD:,} parked cases, disk",
            head=("figure", "1 parked", f"{CROWD:,} parked", "goal"),
            rows=[row for store, pair in found["parked"].items() for row in parked(store, pair)],
        ),
    ]


def both(mine: Figures, theirs: Figures) -> tuple[str, ...]:
    """Return the cells of one size."""
    cells: list[str] = []
    for one in (mine, theirs):
        cells += (
            [f"not run: {one}", ""]
            if isinstance(one, str)
            else [number(one["cases_per_second"], 0), number(one["commits"], 1)]
        )
    if isinstance(mine, str) or isinstance(theirs, str):
        return tuple(cells)
    return (*cells, f"{mine['cases_per_second'] / theirs['cases_per_second']:.1f} ×")


def killed(figures: Figures) -> list[tuple[str, ...]]:
    """Return the rows of the takeover."""
    if isinstance(figures, str):
        return [("the takeover", f"not run: {figures}")]
    return [
        ("to the first *case reassigned*, s", number(figures["reassigned_s"], 2), "≤ 2"),
        (
            f"to the last of its {figures['reassigned']:.0f} cases closed, s",
            number(figures["settled_s"], 2),
            "≤ 2",
        ),
    ]


def parked(store: str, pair: dict[str, Figures]) -> list[tuple[str, ...]]:
    """Return the rows of one store."""
    one, many = pair["1"], pair[str(CROWD)]
    for figures in (one, many):
        if isinstance(figures, str):
            return [(f"{store}: parked cases", f"not run: {figures}")]
    assert not isinstance(one, str)
    assert not isinstance(many, str)
    rows = (
        ("from open to ready, s", "ready_s", 2, "≤ 1"),
        ("from open to the first wake, s", "wake_s", 2, "≤ 1"),
        ("memory that opening took, MB", "grown_mb", 1, "the same"),
    )
    return [
        (f"{store}: {title}", number(one[name], digits), number(many[name], digits), goal)
        for title, name, digits, goal in rows
    ]
