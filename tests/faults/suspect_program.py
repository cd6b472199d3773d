"""One life of a desk at which one case kills the process that runs it.

`python -m tests.faults.suspect_program FOLDER DATABASE`: brings twenty messages in unless they are
there, works until nothing is left to do, and prints how each case stands. It dies before that.
"""

import asyncio
import json
import sys
from pathlib import Path

from remit import testing
from remit.app import Remit
from tests.projects import NAME, OLGA, Small, waiting

DEADLY = 7
ROUNDS_MAX = 10
MESSAGES = 20

BODY = """
await run.now()
if case.message == "die":
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
await run.act(note, text=case.message)
return case.message
"""


async def life(folder: Path, database: str | None) -> dict[str, object]:
    """Live once."""
    # Granted once: a grant that comes while a case is at its effect keeps it from being sent.
    granted = () if (folder / "data").exists() else ("pay", "note")
    small = Small(folder=folder, database=database, granted=granted)
    async with small.open(BODY) as remit:
        for number in range(MESSAGES):
            message = "die" if number == DEADLY else f"message {number}"
            admitted = remit.admit(
                NAME, {"message": message}, channel="test", external_id=str(number)
            )
            await asyncio.wrap_future(remit.submit(admitted))
        await remit.settled()
        for _ in range(ROUNDS_MAX):  # what was in doubt when the process died is asked for
            if not remit.counts()["parked"]:
                break
            for row in waiting(remit):  # it came to the gate before the grant did
                await testing.decide(remit, row.approval_id, person=OLGA)
            await testing.pass_time(remit, small.clock, 120)
        return {
            "cases": [standing(remit, row.case_id) for row in remit.cases(limit=100).rows],
            "balance": remit.counts()["balance"],
            "verify": remit.verify().result,
        }


def standing(remit: Remit, case_id: str) -> dict[str, object]:
    row = remit.case(case_id).row
    told = [entry.event for entry in remit.entries(case_id)]
    return {
        "status": row.status,
        "reason": row.reason,
        "reassigned": told.count("orchestration:case:reassigned"),
        "effects": told.count("orchestration:effect:intended"),
        "ambiguous": told.count("orchestration:effect:ambiguous"),
    }


if __name__ == "__main__":
    found = asyncio.run(life(Path(sys.argv[1]), None if sys.argv[2] == "sqlite" else sys.argv[2]))
    print(json.dumps(found))  # noqa: T201 - the program's output
