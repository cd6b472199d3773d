"""Erase a person, or one value, in a process of its own and die at one named step.

`python -m tests.faults.erasing FOLDER DATABASE POINT ADDRESS` opens the desk in FOLDER, erases and
is killed with -9 at POINT; `CASE:TOKEN` in place of ADDRESS is one value. SHOP_URL and SHOP_KEY
name a running shop.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from remit import testing
from remit.orchestration.admission import handle_of
from remit.orchestration.erasure import Subject
from tests.desks import MARIA, ROOT, TRAINED


async def life(folder: Path, database: str | None, point: str, address: str) -> None:
    """Erase, as far as it goes."""
    project = testing.project(
        ROOT / "examples/refund_desk", data=folder, database=database, trained=TRAINED
    )

    def die(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    async with testing.running(project) as remit:
        remit.erasure.points.append(die)
        case_id, _, token = address.partition(":")
        subject = (
            Subject(case_id=case_id, token=token)
            if token
            else Subject(handle=handle_of(address, remit.intake.keyed))
        )
        await remit.erasure.erase(subject, by=MARIA, ground="request")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    given = sys.argv[2] if sys.argv[2] != "sqlite" else None
    asyncio.run(life(Path(sys.argv[1]), given, sys.argv[3], sys.argv[4]))
