"""Run the crash desk in a process of its own and kill it with -9 at one numbered point.

`python -m tests.faults.crash_program FOLDER DATABASE`: for each point in turn it forks a child
that is killed there, then children that go on until the case has closed, and prints one JSON line
of what was found. Points: `begin`, `unit`, `before-commit`, `after-commit` of every commit, and
before and after every call of the connector. It ends with the first point that is never reached.

With `REMIT_TEST_CRASH_STORY` set to `undo` or `rollback` the case is closed first, and the points
are those of taking its payment, or all that it did, back.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from remit import testing
from remit.app import Remit
from remit.errors import RemitError
from remit.governance.rollbacks import Selection
from remit.integrations.connector import Call
from remit.integrations.recorder import FileRecorder
from remit.store.connection import Connection
from tests.faults.preload import preload
from tests.sounding import findings

ROOT = Path(__file__).parents[2]
POINTS_MAX = 200
RUNS_MAX = 6
TAKEN_BACK_MAX = 12


class Countdown:
    """Kills this process at the n-th point."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.armed = True

    def __call__(self, point: str) -> None:
        if not self.armed:
            return
        self.left -= 1
        if self.left == 0:
            os.write(2, f"killed at {point}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


class Deadly(FileRecorder):
    """A recorder whose process may die just before or just after it wrote."""

    countdown: Countdown

    async def perform(
        self, call: Call, *, key: str, credential: str | None, timeout_seconds: float
    ) -> Any:
        self.countdown("before perform")
        answer = await super().perform(
            call, key=key, credential=credential, timeout_seconds=timeout_seconds
        )
        self.countdown("after perform")
        return answer


async def work(remit: Remit, clock: testing.FrozenClock) -> str:
    """Bring the one case as far as it goes: receive, approve, let time pass.

    What a life before left gets on first: a case that has been ready since then is a backlog, and
    a desk with a backlog tells its sender to come again later.
    """
    await remit.settled()
    await remit.receive(
        "crash-desk",
        {"order_id": os.environ.get("REMIT_TEST_CRASH_ORDER", "A-1"), "amount": "12.00 EUR"},
        channel="test",
        external_id="one",
    )
    for _ in range(20):
        await remit.settled()
        for row in remit.inbox(person="olga").rows:
            await testing.decide(remit, row.approval_id, person="olga")
        await testing.pass_time(remit, clock, 120)
        row = remit.cases().rows[0]
        if row.status in {"closed", "escalated"}:
            return row.status
    return remit.cases().rows[0].status


async def undo(remit: Remit, clock: testing.FrozenClock) -> None:
    """Take the payment back, and let time pass until it is known to be."""
    case_id = remit.cases().rows[0].case_id
    for _ in range(TAKEN_BACK_MAX):
        (paid,) = [one for one in remit.case(case_id).effects if one.action == "pay"]
        if paid.state == "compensated":
            return
        if paid.state in {"confirmed", "uncompensated"}:
            await remit.undo(paid.action_id, person="olga", reason="wrong")
        await testing.pass_time(remit, clock, 120)


async def rollback(remit: Remit, clock: testing.FrozenClock) -> None:
    """Take everything back by one plan, and let time pass until it is finished."""
    now = clock()
    wanted = Selection(
        workflow="crash-desk", since=now - timedelta(days=1), until=now + timedelta(days=1)
    )
    for _ in range(TAKEN_BACK_MAX):
        begun = remit.rollbacks()
        if begun and begun[0].finished_at is not None:
            return
        if not begun:
            plan = remit.plan_rollback(wanted)
            await remit.start_rollback(wanted, person="olga", reason="wrong", digest=plan.digest)
        await testing.pass_time(remit, clock, 120)


STORIES = {"undo": undo, "rollback": rollback}


async def life(folder: Path, database: str | None, countdown: Countdown, start: float) -> None:
    """One life of the process."""
    clock = testing.FrozenClock()
    clock.advance(start)
    project = testing.project(ROOT / "tests/fixtures/crash", data=folder, database=database)
    async with testing.running(project, clock=clock, replays=False) as remit:
        remit.writer.before_commit.append(countdown)
        for connector in remit._executor._connectors.values():
            connector.__class__ = Deadly
            connector.countdown = countdown  # type: ignore[attr-defined]  # Deadly has it
        story = STORIES.get(os.environ.get("REMIT_TEST_CRASH_STORY", ""))
        countdown.armed = story is None
        status = await work(remit, clock)
        if story is not None:
            countdown.armed = True
            await story(remit, clock)
            countdown.armed = False
        counts = remit.counts()
        report = remit.verify()
        case = remit.cases().rows[0]
        view = remit.case(case.case_id)
        (folder / "found.json").write_text(
            json.dumps(
                {
                    "status": status,
                    "cases": counts["received"],
                    "balance": counts["balance"],
                    "ambiguous_left": counts["ambiguous"],
                    "verify": report.result,
                    "effects": [(one.action, one.state, one.attempt) for one in view.effects],
                    "rollbacks": [
                        (one.planned, one.compensated, one.uncompensated, one.not_needed)
                        for one in remit.rollbacks()
                    ],
                    "tasks": len(remit.tasks().rows),
                    "taken": remit.database.read(taken),
                    "findings": findings(remit),
                    "events": [entry.event for entry in remit.entries(case.case_id)],
                }
            )
        )


def taken(connection: Connection) -> list[tuple[str, int, bool]]:
    """Return (state, quantity, whether its outcome is known) of what limits count."""
    rows = connection.rows(
        "select p.state, l.quantity, l.settled_us from limit_uses l"
        " left join proposals p on p.action_id = l.action_id order by p.proposed_us, p.action_id"
    )
    return [(str(row[0]), int(row[1]), row[2] is not None) for row in rows]


def fork(folder: Path, database: str | None, point: int, number: int) -> int:
    """Live once in a child; return how it ended (0, or minus the signal)."""
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(life(folder, database, Countdown(point), 600.0 * number))
        except RemitError as error:
            os.write(2, f"{error.code}: {error}\n".encode())
            os._exit(3)
        except BaseException as error:  # noqa: BLE001 - a child must not go on as its parent
            import traceback

            traceback.print_exception(error)
            os._exit(4)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def scenario(folder: Path, database: str | None, point: int) -> Mapping[str, Any]:
    """Kill at one point, then go on until the case has ended."""
    folder.mkdir(parents=True)
    os.environ["REMIT_TEST_TAPE"] = str(folder / "tape.jsonl")
    ends = [fork(folder, database, point, 0)]
    while ends[-1] != 0 and len(ends) < RUNS_MAX:
        ends.append(fork(folder, database, 0, len(ends)))
    found = json.loads((folder / "found.json").read_text())
    tape = folder / "tape.jsonl"
    calls = [json.loads(line) for line in tape.read_text().splitlines()] if tape.exists() else []
    return {**found, "point": point, "ends": ends, "tape": calls}


def main() -> None:
    """Go through the points."""
    folder, database = Path(sys.argv[1]), sys.argv[2]
    step = int(os.environ.get("REMIT_TEST_CRASH_STEP", "1"))
    fresh = lambda point: None if database == "sqlite" else next_database(database, point)  # noqa: E731
    os.environ["REMIT_TEST_TAPE"] = str(folder / "0/tape.jsonl")
    preload(folder / "0", lambda: asyncio.run(life(folder / "0", fresh(0), Countdown(0), 0.0)))
    for point in range(1, POINTS_MAX, step):
        url = fresh(point)
        found = scenario(folder / str(point), url, point)
        print(json.dumps(found), flush=True)  # noqa: T201 - the program's output
        if found["ends"][0] == 0:
            return


def next_database(url: str, point: int) -> str:
    """Return a fresh database of the same server."""
    import psycopg

    base, _, rest = url.partition(":///")
    _, _, options = rest.partition("?")
    name = f"crash_{os.getpid()}_{point}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}".encode())
    return f"{base}:///{name}?{options}"


if __name__ == "__main__":
    main()
