"""The durable case of seven steps in DBOS: a workflow of seven steps, on SQLite or PostgreSQL."""

import argparse
import asyncio
import logging
import sqlite3
import time
from pathlib import Path

from dbos import DBOS, SetWorkflowID
from load import APPROVAL_BEFORE, PARKED_SECONDS, STEPS, drive, folder, options, result, tell

MESSAGE = result("message")
RESULTS = {name: result(name) for name in STEPS}
WAIT_SECONDS_MAX = 60
waiting: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}


@DBOS.step()
async def step(name: str) -> str:
    return RESULTS[name]


@DBOS.workflow()
async def seven(message: str, approval: bool) -> str:  # noqa: FBT001 - DBOS records arguments by place
    given = message
    for name in STEPS:
        if approval and name == APPROVAL_BEFORE:
            loop, event = waiting.pop(str(DBOS.workflow_id))  # DBOS has a loop of its own
            loop.call_soon_threadsafe(event.set)
            assert await DBOS.recv_async("approval", timeout_seconds=WAIT_SECONDS_MAX) == "yes"
        given = await step(name)
    return given


def main() -> None:
    """Run the case on one store."""
    parser = options()
    parser.add_argument("--wal", action="store_true", help="SQLite with a write-ahead log")
    parser.add_argument("--prefix", default="case", help="of the names of this process's cases")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    with folder() as home:
        url = asked.url
        if url is None:
            file = Path(home) / "dbos.sqlite"
            url = f"sqlite:///{file}"
            if asked.wal:
                with sqlite3.connect(file) as connection:
                    connection.execute("pragma journal_mode = wal")
                connection.close()
        DBOS(
            config={
                "name": "seven",
                "system_database_url": url,
                "application_version": "bench",
                "executor_id": asked.prefix,
                "run_admin_server": False,
                "log_level": "ERROR",
            }
        )
        DBOS.launch()
        try:
            tell(asyncio.run(measure(asked)))
        finally:
            DBOS.destroy()


async def measure(asked: argparse.Namespace) -> dict[str, float]:
    """Run cases; each must give its last result."""

    async def plain(number: int) -> None:
        with SetWorkflowID(f"{asked.prefix}-{number}"):
            handle = await DBOS.start_workflow_async(seven, MESSAGE, False)  # noqa: FBT003
        assert await handle.get_result() == RESULTS["audit"]

    async def approved(number: int) -> float:
        name = f"{asked.prefix}-{number}"
        held = asyncio.Event()
        waiting[name] = (asyncio.get_running_loop(), held)
        with SetWorkflowID(name):
            handle = await DBOS.start_workflow_async(seven, MESSAGE, True)  # noqa: FBT003
        await held.wait()
        await asyncio.sleep(PARKED_SECONDS)
        began = time.perf_counter()
        await DBOS.send_async(name, "yes", "approval")
        assert await handle.get_result() == RESULTS["audit"]
        return time.perf_counter() - began

    one = approved if asked.approval else plain
    return await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)


if __name__ == "__main__":
    main()
