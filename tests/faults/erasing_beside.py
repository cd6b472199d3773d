"""Erase a case of the busy desk in a process of its own, beside its workers, and die at one step.

`python -m tests.faults.erasing_beside FOLDER DATABASE POINT CASE`; a POINT of `none` lets it end.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from remit.opening import open_remit
from remit.orchestration.erasure import Subject
from remit.settings import read


async def life(folder: Path, url: str, point: str, case_id: str) -> None:
    """Erase, as far as it goes."""

    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    project = read(folder, {"REMIT_DATABASE": url})
    remit = open_remit(project, owner="remit ledger erase", durability_check=False)
    await remit.start(work=False)
    try:
        remit.erasure.points.append(die)
        done = await remit.erasure.erase(Subject(case_id=case_id), by="olga", ground="request")
        assert done.state == "completed", done
    finally:
        await remit.stop()


if __name__ == "__main__":
    asyncio.run(life(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]))
