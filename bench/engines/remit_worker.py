"""A worker of the case of seven steps: one process of several on one PostgreSQL."""

import asyncio
import signal
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parent)]

from remit_case import Memory  # noqa: E402 - found beside this file

from remit import testing  # noqa: E402
from remit.opening import open_remit, settle  # noqa: E402


async def main(folder: Path, url: str) -> None:
    """Work until SIGTERM, or until whoever started it has ended and lets go of its input."""
    where = {"REMIT_DATABASE": url}
    project = testing.project(folder, data=folder, database=url, environment=where)
    remit = open_remit(project, owner="bench worker")
    remit._executor._connectors["memory"] = Memory()  # noqa: SLF001 - settings name no dictionary
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_reader(sys.stdin, stop.set)
    await remit.start()
    settle()
    print("working", flush=True)
    try:
        await stop.wait()
    finally:
        await remit.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
