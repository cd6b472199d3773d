"""A storm over a busy desk: fault after fault while cases come in, then a calm and an audit.

Faults: a worker is killed, frozen and let go, the keeper of the log is killed, PostgreSQL restarts
fast or immediately, sessions are cut, everything that is queued is delivered again.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import psycopg

from remit import testing
from remit.app import Remit
from remit.errors import (
    BusyError,
    ConflictError,
    IllegalMoveError,
    NotFoundError,
    StorageUnavailableError,
)
from tests import postgres
from tests.faults import several
from tests.faults.lengths import Progress
from tests.faults.several import Desk, Worker

T = TypeVar("T")
KINDS = ("killed", "frozen", "keeper killed", "fast", "immediate", "cut", "delivered again")
WORKERS = 3
CASES_EACH = 4
OPEN_MAX = 60  # more open cases than that, and the storm waits
FROZEN_SECONDS = 4.5  # a frozen worker loses its cases after 3
TRIES_MAX = 400
BUSY_SECONDS = 0.5


@dataclass(kw_only=True)
class Storm:
    """What is done to a desk, and what was seen."""

    busy: Desk
    server: postgres.Server
    remit: Remit
    chance: random.Random
    cases: list[str] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    running: list[Worker] = field(default_factory=list)
    thaws: "list[asyncio.Task[None]]" = field(default_factory=list)

    async def blow(self, faults: int, progress: Progress) -> Counter[str]:
        """Do so many faults, each kind equally often; return the figures of the calm after."""
        self.remit.keeper.close()  # one of the workers keeps the log
        self.running = await several.working(
            self.busy, WORKERS, look_seconds="0.05", call_seconds="0.1"
        )
        kinds = [KINDS[number % len(KINDS)] for number in range(faults)]
        self.chance.shuffle(kinds)
        for number, kind in enumerate(kinds):
            await self._receive()
            await asyncio.sleep(self.chance.random())
            await self._fault(kind)
            self.found["faults"] += 1
            self.found[kind] += 1
            await self._room()
            progress.reached(number + 1, f"{len(self.cases):,} cases")
        await asyncio.gather(*self.thaws)
        await self._until(lambda: self._closed() == len(self.cases), "every case")
        await self._until(lambda: several.pending(self.remit) == 0, "every number")
        several.sound(self.remit, self.busy, self.cases)
        self._count()
        return self.found

    async def _fault(self, kind: str) -> None:
        match kind:
            case "killed":
                await self._kill(self.chance.choice(self.running))
            case "frozen":
                await asyncio.gather(*self.thaws)  # one at a time
                self.thaws = [asyncio.create_task(self._freeze(self.chance.choice(self.running)))]
            case "keeper killed":
                held = await self._insist(self._keeper)
                await self._kill(held if held is not None else self.running[0])
            case "fast" | "immediate":
                await asyncio.to_thread(self.server.stop, mode=kind)
                await asyncio.to_thread(self.server.start)
            case "cut":
                self.found["sessions cut"] += await self._insist(self._cut)
            case _:
                number = self.found[kind]

                async def again() -> None:
                    several.deliver_again(self.remit, number)

                await self._insist(again)

    async def _kill(self, worker: Worker) -> None:
        self.running.remove(worker)
        worker.send(signal.SIGKILL)
        self.found["kills"] += 1
        self.running.append(self.busy.start())

    async def _freeze(self, worker: Worker) -> None:
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(FROZEN_SECONDS)
        worker.send(signal.SIGCONT)

    async def _keeper(self) -> Worker | None:
        return several.keeper(self.remit, self.running)

    async def _cut(self) -> int:
        with psycopg.connect(self.busy.url, autocommit=True) as other:
            rows = other.execute(
                "select pid from pg_stat_activity where datname = current_database()"
                " and pid <> pg_backend_pid()"
            ).fetchall()
            pids = [pid for (pid,) in rows if self.chance.random() < 0.5]
            for pid in pids:
                other.execute("select pg_terminate_backend(%s)", (pid,))
        return len(pids)

    # -- the desk meanwhile ----------------------------------------------------------------------

    async def _receive(self) -> None:
        first = len(self.cases)
        for number in range(first, first + CASES_EACH):
            given = {"order_id": f"A-{number}"}
            if self.chance.random() < 0.25:
                given["amount"] = "12.00 EUR"

            async def send(given: dict[str, str] = given, name: str = f"m{number}") -> str:
                admission = await self.remit.receive(
                    several.DESK, given, channel="test", external_id=name
                )
                return admission.case_id

            self.cases.append(await self._insist(send))

    async def _room(self) -> None:
        await self._until(lambda: len(self.cases) - self._closed() <= OPEN_MAX, "room")

    async def _until(self, true: Callable[[], bool], what: str) -> None:
        """Say yes to what waits until something is so."""
        waited = 0.0

        async def look() -> bool:
            for row in self.remit.inbox(person="olga").rows:
                try:
                    await testing.decide(self.remit, row.approval_id, person="olga")
                except (ConflictError, IllegalMoveError, NotFoundError):
                    self.found["answers lost"] += 1  # the yes before was heard, its echo was not
            return true()

        while not await self._insist(look):
            assert waited < several.WAIT_SECONDS_MAX, self._said(what)
            await asyncio.sleep(several.STEP_SECONDS)
            waited += several.STEP_SECONDS

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something, again and again while the database is away or too much waits."""
        for _ in range(TRIES_MAX):
            try:
                return await work()
            except BusyError:  # many entries wait for their place: the keeper was killed or frozen
                self.found["sent again later"] += 1
                await asyncio.sleep(BUSY_SECONDS)
            except (StorageUnavailableError, psycopg.OperationalError):
                await asyncio.sleep(several.STEP_SECONDS)
        return await work()

    def _closed(self) -> int:
        return several.closed(self.remit, self.cases)

    def _said(self, what: str) -> str:
        open_cases = [
            (case_id, self.remit.case(case_id).row)
            for case_id in self.cases
            if several.closed(self.remit, [case_id]) == 0
        ]
        logs = "\n".join(f"-- {one.pid}:\n{one.log[-6000:]}" for one in self.running)
        return f"{what} did not come; open: {open_cases[:3]}\n{logs}"

    def _count(self) -> None:
        calls = self.busy.calls()
        names = Counter(
            entry.event.rpartition(":")[2]
            for case_id in self.cases
            for entry in self.remit.entries(case_id)
            if entry.event.startswith("orchestration:effect:")
            or entry.event == "orchestration:case:reassigned"
        )
        self.found["cases"] += len(self.cases)
        self.found["effects"] += len(calls)
        self.found["repeated"] += sum(1 for times in calls.values() if times > 1)
        self.found["ambiguous"] += names["ambiguous"]
        self.found["late"] += names["late"]
        self.found["reassigned"] += names["reassigned"]
