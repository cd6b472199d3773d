"""A project with so many parked cases: written as rows, or opened until the first timer fires."""

import argparse
import asyncio
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parent)]

from load import tell  # noqa: E402 - found beside this file
from remit_case import write  # noqa: E402

from remit import testing  # noqa: E402
from remit.domain.case import CaseStatus  # noqa: E402
from remit.opening import open_remit  # noqa: E402
from remit.store import timers  # noqa: E402
from remit.store.unit import UnitOfWork  # noqa: E402

WAKE_SECONDS_MAX = 20.0
LATER_US = 3_600_000_000
SETTLE_SECONDS = 0.5
CASE = (
    "insert into cases (case_id, workflow, status, reason, result, channel, external, content,"
    " subject, version, opened_us, changed_us, tenant, priority, ready_us, ready_seq, resumed,"
    " faults, asked, closed_by, brought_by)"
    " values (?, 'seven', 'parked', '', '', '', ?, '', '', '', ?, ?, 'default', 'normal', NULL,"
    " NULL, 0, 0, 0, '', '')"
)
WAIT = (
    "insert into waits (case_id, path, kind, ref, expires_us, since_us)"
    " values (?, '1', 'time', 'sleep', ?, 0)"
)
TIMER = f"insert into timers ({timers.COLUMNS}) values (?, ?, 'wait', ?, '1', 'sleep')"


def main() -> None:
    """Write the rows, or open what was written."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--url", help="a PostgreSQL database, instead of a file")
    parser.add_argument("--fill", type=int, help="write so many parked cases, of which one is due")
    asked = parser.parse_args()
    if asked.fill is None:
        tell(asyncio.run(wake(asked.folder, asked.url)))
    else:
        write(asked.folder)
        fill(asked.folder, asked.url, asked.fill)
        tell({"parked": asked.fill})


def fill(folder: Path, url: str | None, count: int) -> None:
    """Write the rows of parked cases, as their entries would have; the first is due now."""
    remit = open_remit(testing.project(folder, data=folder, database=url), owner="bench")
    now_us = time.time_ns() // 1_000
    ids = [f"{number:032x}" for number in range(1, count + 1)]
    due = {one: now_us + LATER_US * (number > 0) + number for number, one in enumerate(ids)}

    def work(uow: UnitOfWork) -> None:
        uow.connection.executemany(CASE, [(one, one, now_us, now_us) for one in ids])
        uow.connection.executemany(WAIT, list(due.items()))
        uow.connection.executemany(TIMER, [(f"{one}:1", due[one], one) for one in ids])

    remit.writer.run(work)
    remit.close()


async def wake(folder: Path, url: str | None) -> dict[str, float]:
    """Open the project, and wait until the case that is due would run."""
    project = testing.project(folder, data=folder, database=url)
    before, began = resident(), time.perf_counter()
    remit = open_remit(project, owner="bench")
    woken: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def drive(case_id: str) -> CaseStatus | None:
        if not woken.done():
            assert int(case_id, 16) == 1, case_id
            woken.set_result(time.perf_counter())
        await asyncio.sleep(WAKE_SECONDS_MAX)  # it has no entries to run from
        return None

    remit.drive = drive
    await remit.start()
    ready = time.perf_counter()
    woke = await asyncio.wait_for(woken, WAKE_SECONDS_MAX)
    await asyncio.sleep(SETTLE_SECONDS)
    return {
        "ready_s": ready - began,
        "wake_s": woke - began,
        "resident_mb": resident(),
        "grown_mb": resident() - before,
    }


def resident() -> float:
    """Return how much memory this process has, in MB."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))
    return kilobytes * 1024 / 1_000_000


if __name__ == "__main__":
    main()
