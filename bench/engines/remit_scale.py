"""The case of seven steps on several worker processes and one PostgreSQL; one may be killed."""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parent)]

from load import WARM_SECONDS, folder, options, tell  # noqa: E402 - found beside this file
from remit_case import MESSAGE, SETTINGS, write  # noqa: E402

from remit import testing  # noqa: E402
from remit.app import Remit  # noqa: E402
from remit.domain.autonomy import Level  # noqa: E402
from remit.errors import IntakeBusyError, RemitError  # noqa: E402
from remit.opening import SCHEMA, open_remit  # noqa: E402
from remit.orchestration import dbos  # noqa: E402
from remit.settings import Project  # noqa: E402
from remit.store.database import upgrade  # noqa: E402

WORKER = Path(__file__).with_name("remit_worker.py")
SETTLE_SECONDS_MAX = 25.0
END_SECONDS_MAX = 10.0
LOOK_SECONDS = 0.02
BUSY_SECONDS = 0.1
REASSIGNED, CLOSED = "orchestration:case:reassigned", "orchestration:case:closed"


def main() -> None:
    """Run cases on so many workers."""
    parser = options()
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--kill", action="store_true", help="end one worker by kill -9 under load")
    asked = parser.parse_args()
    with folder() as home:
        write(Path(home), 'dispatch = "dbos"\n' + SETTINGS)
        tell(asyncio.run(measure(Path(home), asked)))


async def measure(home: Path, asked: argparse.Namespace) -> dict[str, float]:
    """Keep so many cases open for each worker; count what is closed."""
    upgrade(asked.url, schema=SCHEMA)
    dbos.migrate(asked.url)
    where = {"REMIT_DATABASE": asked.url}
    project = testing.project(home, data=home, database=asked.url, environment=where)
    async with opened(project) as remit:
        await testing.grant(remit, "seven", "send", Level.AUTONOMOUS, signer="olga")
        workers = [start(home, asked.url) for _ in range(asked.workers)]
        try:
            for worker in workers:
                await asyncio.to_thread(ready, worker)
            commits = committed(remit)
            figures = await load(remit, workers, asked)
        finally:
            for worker in workers:
                worker.terminate()
            for worker in workers:
                await asyncio.to_thread(end, worker)
        # A session tells its commits once a second at most, and when it ends.
        figures["commits"] = (committed(remit) - commits) / figures["closed"]
        assert remit.counts()["balance"] == 0, remit.counts()
    return figures


@asynccontextmanager
async def opened(project: Project) -> AsyncIterator[Remit]:
    """Take part as the process that takes cases in, and works on none."""
    remit = open_remit(project, owner="bench")
    await remit.start(work=False)
    try:
        yield remit
    finally:
        await remit.stop()


def start(home: Path, url: str) -> "subprocess.Popen[str]":
    """Start a worker."""
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(home), url],
        stdin=subprocess.PIPE,  # it ends when this closes, however this process ends
        stdout=subprocess.PIPE,
        text=True,
    )


def ready(worker: "subprocess.Popen[str]") -> None:
    """Wait until a worker takes cases."""
    assert worker.stdout is not None
    said = worker.stdout.readline().strip()
    assert said == "working", said or "a worker ended before it worked"


def end(worker: "subprocess.Popen[str]") -> None:
    """Wait until a worker that was told to has ended; kill one that has not."""
    try:
        worker.wait(END_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


async def load(
    remit: Remit, workers: list["subprocess.Popen[str]"], asked: argparse.Namespace
) -> dict[str, float]:
    """Run cases until the time is over and all are closed; kill one worker where that is asked."""
    begin = time.perf_counter() + WARM_SECONDS
    admitting = asyncio.ensure_future(
        admit(remit, asked.at_a_time * asked.workers, begin + asked.seconds)
    )
    await asyncio.sleep(max(0.0, begin - time.perf_counter()))
    before, began = closed(remit), time.perf_counter()
    await asyncio.sleep(asked.seconds)
    if asked.kill:
        workers[0].kill()
    killed_us = time.time() * 1_000_000  # as the entries have it
    taken = await admitting
    await settled(remit, taken)
    # To the end of the last case, as the load of every other engine is counted.
    done, wall = taken - before, time.perf_counter() - began
    found = {"cases_per_second": done / wall, "cases": done, "closed": taken}
    return found | (taken_over(remit, killed_us) if asked.kill else {})


async def admit(remit: Remit, open_max: int, until: float) -> int:
    """Take cases in as others close, until the time is over; return how many."""
    taken = 0

    async def one(number: int) -> None:
        while True:
            try:
                await remit.receive(
                    "seven", {"message": MESSAGE}, channel="bench", external_id=f"{number}"
                )
            except IntakeBusyError:
                await asyncio.sleep(BUSY_SECONDS)
            else:
                return

    while time.perf_counter() < until:
        room = open_max - (taken - closed(remit))
        if room <= 0:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        await asyncio.gather(*(one(taken + number) for number in range(room)))
        taken += room
    return taken


async def settled(remit: Remit, taken: int) -> None:
    """Wait until all are closed, and say yes to what waits.

    An effect of which nobody is sure takes autonomy away until it is settled, and what is proposed
    meanwhile waits for a person.
    """
    deadline = time.perf_counter() + SETTLE_SECONDS_MAX
    while closed(remit) < taken:
        if time.perf_counter() > deadline:
            left = {name: number for name, number in remit.counts().items() if number}
            raise RuntimeError(f"not all closed {SETTLE_SECONDS_MAX:g} s later: {left}")
        for row in remit.inbox(person="olga").rows:
            try:
                await testing.decide(remit, row.approval_id, person="olga")
            except RemitError:  # it went its way between the look and the answer
                continue
        await asyncio.sleep(LOOK_SECONDS)


def taken_over(remit: Remit, killed_us: float) -> dict[str, float]:
    """Return when the first case of the killed worker was reassigned, and the last one closed."""
    first, last, cases = remit.database.read(
        lambda c: c.rows(
            "select min(r.at_us), max(e.at_us), count(distinct r.case_id) from entries r"
            " left join entries e on e.case_id = r.case_id and e.event = ? where r.event = ?",
            (CLOSED, REASSIGNED),
        )
    )[0]
    assert cases, "the killed worker had no case in hand"
    return {
        "reassigned_s": (first - killed_us) / 1_000_000,
        "settled_s": (last - killed_us) / 1_000_000,
        "reassigned": cases,
    }


def closed(remit: Remit) -> int:
    """Return how many cases are closed."""
    return remit.counts().get("closed", 0)


def committed(remit: Remit) -> int:
    """Return how many transactions the server has committed in this database."""
    found: int = remit.database.read(
        lambda c: c.value(
            "select xact_commit from pg_stat_database where datname = current_database()"
        )
    )
    return found


if __name__ == "__main__":
    main()
