"""The case of seven steps on several worker processes and one PostgreSQL; one may be killed."""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parent)]

from load import WARM_SECONDS, folder, options, tell  # noqa: E402 - found beside this file
from remit_case import MESSAGE, SETTINGS, write  # noqa: E402

from remit import testing  # noqa: E402
from remit.app import Remit  # noqa: E402
from remit.domain.autonomy import Level  # noqa: E402
from remit.opening import open_remit  # noqa: E402

WORKER = Path(__file__).with_name("remit_worker.py")
SETTLE_SECONDS_MAX = 40.0
LOOK_SECONDS = 0.02


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
    project = testing.project(home, data=home, database=asked.url)
    remit = open_remit(project, owner="bench")
    await remit.start(work=False)
    await testing.grant(remit, "seven", "send", Level.AUTONOMOUS, signer="olga")
    workers = [
        subprocess.Popen(  # noqa: ASYNC220 - it begins before there is anything to hold up
            [sys.executable, str(WORKER), str(home), asked.url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(asked.workers)
    ]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert (await asyncio.to_thread(worker.stdout.readline)).strip() == "working"
        begin = time.perf_counter() + WARM_SECONDS
        admitting = asyncio.ensure_future(
            admit(remit, asked.at_a_time * asked.workers, begin + asked.seconds)
        )
        await asyncio.sleep(max(0.0, begin - time.perf_counter()))
        before, began = closed(remit), time.perf_counter()
        await asyncio.sleep(asked.seconds)
        done, wall = closed(remit) - before, time.perf_counter() - began
        if asked.kill:
            workers[0].kill()
        killed = time.perf_counter()
        taken = await admitting
        while closed(remit) < taken and time.perf_counter() - killed < SETTLE_SECONDS_MAX:  # noqa: ASYNC110 - another process closes them
            await asyncio.sleep(LOOK_SECONDS)
        assert closed(remit) == taken, remit.counts()
        settled = time.perf_counter() - killed
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)
        await remit.stop()
    return {"cases_per_second": done / wall, "cases": done, "settled_s": settled}


async def admit(remit: Remit, open_max: int, until: float) -> int:
    """Take cases in as others close, until the time is over; return how many."""
    taken = 0

    async def one(number: int) -> None:
        await remit.receive(
            "seven", {"message": MESSAGE}, channel="bench", external_id=f"{number}"
        )

    while time.perf_counter() < until:
        room = open_max - (taken - closed(remit))
        if room <= 0:
            await asyncio.sleep(LOOK_SECONDS)
            continue
        await asyncio.gather(*(one(taken + number) for number in range(room)))
        taken += room
    return taken


def closed(remit: Remit) -> int:
    """Return how many cases are closed."""
    return remit.counts().get("closed", 0)


if __name__ == "__main__":
    main()
