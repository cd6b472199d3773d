"""Answer approvals in a process of its own and kill it with -9 at one numbered point.

`python -m tests.faults.verdict_program FOLDER DATABASE STORY`: for each point in turn it forks a
child that is killed there, then children that go on, and prints one JSON line of what was found.
`two` is a note that two people must agree to, `batch` are three that one answers at once. The
points are those of every commit and every call from the first answer on.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from remit import testing
from remit.app import Remit
from remit.domain.approval import Verdict
from tests.faults.crash_program import POINTS_MAX, RUNS_MAX, Countdown, Deadly, next_database
from tests.faults.preload import preload
from tests.projects import NAME, OLGA, ROSA, Small
from tests.sounding import findings

NOTE = "return (await run.act(note, text=case.order_id)).state"
TWO = """
@id("two-people")
@says("two payers must agree")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.note", resource);
"""
BATCH = 3
LOOKS_MAX = 10


async def two(remit: Remit) -> None:
    """Have both people say yes."""
    for person in (ROSA, OLGA):
        for row in remit.inbox(person=OLGA).rows:
            await testing.decide(remit, row.approval_id, person=person)


async def batch(remit: Remit) -> None:
    """Answer whatever still waits as one batch."""
    rows = remit.inbox(person=OLGA).rows
    if not rows:
        return
    shown = remit.batch([row.approval_id for row in rows], person=OLGA)
    await remit.decide_batch(
        {one.approval_id: one.digest for one in shown.members},
        batch=shown.digest, read=shown.read_first, person=OLGA, verdict=Verdict.APPROVE,
        channel="test",
    )  # fmt: skip


STORIES = {"two": (two, 1, TWO), "batch": (batch, BATCH, "")}


async def life(
    folder: Path, database: str | None, story: str, countdown: Countdown, start: float
) -> None:
    """One life of the process: what waits is answered, and time passes until all is done."""
    answer, cases, policy = STORIES[story]
    small = Small(folder=folder, database=database, granted=(), policy=policy)
    small.clock.advance(start)
    countdown.armed = False
    small.write(NOTE)
    project = testing.project(
        folder / "project", data=folder, database=database, trained=folder / "trained"
    )
    async with testing.running(project, clock=small.clock, replays=False) as remit:
        for connector in remit._executor._connectors.values():
            connector.__class__ = Deadly
            connector.countdown = countdown  # type: ignore[attr-defined]  # Deadly has it
        remit.writer.before_commit.append(countdown)
        await asyncio.gather(
            *(
                remit.receive(NAME, {"order_id": str(one)}, channel="test", external_id=str(one))
                for one in range(cases)
            )
        )
        await remit.settled()
        countdown.armed = True
        for _ in range(LOOKS_MAX):
            await answer(remit)
            await testing.pass_time(remit, small.clock, 60)
            if {row.status for row in remit.cases().rows} == {"closed"}:
                break
        countdown.armed = False
        (folder / "found.json").write_text(json.dumps(_found(remit)))


def _found(remit: Remit) -> dict[str, Any]:
    entries = {row.case_id: remit.entries(row.case_id) for row in remit.cases().rows}
    return {
        "statuses": [row.status for row in remit.cases().rows],
        "ambiguous": remit.counts()["ambiguous"],
        "verify": remit.verify().result,
        "findings": findings(remit),
        "yes": [
            sorted(
                one.word("person")
                for one in told
                if one.event in {"governance:approval:voted", "governance:approval:decided"}
            )
            for told in entries.values()
        ],
        "consumed": [
            sum(one.word("state") == "consumed" for one in told) for told in entries.values()
        ],
    }


def fork(folder: Path, database: str | None, story: str, point: int, number: int) -> int:
    """Live once in a child; return how it ended (0, or minus the signal)."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(life(folder, database, story, Countdown(point), 600.0 * number))
        except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
            import traceback

            traceback.print_exception(error)
            os._exit(4)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main() -> None:
    """Go through the points."""
    folder, database, story = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    fresh = lambda point: None if database == "sqlite" else next_database(database, point)  # noqa: E731
    first = folder / "0"
    preload(first, lambda: asyncio.run(life(first, fresh(0), story, Countdown(0), 0.0)))
    step = int(os.environ.get("REMIT_TEST_CRASH_STEP", "1"))
    for point in range(1, POINTS_MAX, step):
        home, url = folder / str(point), fresh(point)
        home.mkdir(parents=True)
        ends = [fork(home, url, story, point, 0)]
        while ends[-1] != 0 and len(ends) < RUNS_MAX:
            ends.append(fork(home, url, story, 0, len(ends)))
        found = json.loads((home / "found.json").read_text())
        tape = home / "unused.tape"
        calls = [json.loads(line) for line in tape.read_text().splitlines()]
        told = {
            **found,
            "point": point,
            "ends": ends,
            "performed": [one["operation"] for one in calls],
        }
        print(json.dumps(told), flush=True)  # noqa: T201 - the program's output
        if ends[0] == 0:
            return


if __name__ == "__main__":
    main()
