"""The public test kit: a running Remit on a temporary folder, with a clock that tests move."""

import asyncio
import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import WHOLE, Cell, Level
from remit.domain.case import CaseStatus
from remit.domain.ids import control_stream
from remit.domain.value import Json, digest
from remit.errors import DivergenceError, RemitError
from remit.governance import grants
from remit.governance.card import ApprovalView
from remit.opening import open_remit
from remit.orchestration import guard
from remit.orchestration.rehearsal import Past, opened, rehearse
from remit.orchestration.replay import History
from remit.orchestration.run import Run
from remit.orchestration.seeds import handed_over
from remit.settings import Project, read
from remit.store import cases
from remit.store.unit import UnitOfWork

CASES_REPLAYED_MAX = 200  # whole, at the end of a block
STEPS_REPLAYED_MAX = 64  # after each of so many steps, then after every so many
TOLD = ("diverged", "faulted", "workflow.code", "workflow.foreign_await")  # found already
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


def project(
    folder: Path,
    *,
    data: Path,
    database: str | None = None,
    trained: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Project:
    """Return the project in `folder` with its database, keys and anchor in `data`."""
    found = read(folder, environment or {})
    settings = found.settings.model_copy(
        update={
            "disk_free_bytes_min": 0,
            "verify_cron": "",
            "keep_cron": "",
            "database": database or f"sqlite:///{data}/remit.db",
            "keys": str(data / "keys"),
            "anchor": str(data / "anchor"),
            "trained": str(trained or data / "trained"),
        }
    )
    return found.model_copy(update={"settings": settings})


@asynccontextmanager
async def running(
    project: Project,
    *,
    clock: FrozenClock | None = None,
    runs_max: int = 64,
    replays: bool = True,
    seeds: bool = True,
    prepare: Callable[[Remit], None] | None = None,
) -> AsyncIterator[Remit]:
    """Run a project until the block ends; a database that may lose commits is accepted.

    `prepare` is handed the Remit before anything of a life before goes on.

    Every case is replayed after each step, with all doors shut, and workflow code that touches
    files, sockets or processes is refused: `replays=False` leaves both out, for a test that counts
    how often its code runs. At the end every case is replayed once more by a second process that
    hashes text differently: about a second for the first test and a hundredth for each further
    case; `seeds=False` leaves it out. Raises `DivergenceError` at the end of the block when code
    did not ask for the same twice.
    """
    time = clock or FrozenClock()
    remit = open_remit(
        project,
        owner="remit test",
        now=time,
        elapsed=lambda: time().timestamp(),
        durability_check=False,
        runs_max=runs_max,
    )
    for name, one in remit.equipment.items():
        remit.equipment[name] = replace(one, sleep=_at_once)  # time stands still: nobody sleeps
    if prepare is not None:
        prepare(remit)
    replayed = Replayed(remit, project)
    if replays:
        replayed.watch()
    await remit.start()
    try:
        yield remit
        if replays:
            await replayed.finish(seeds=seeds)
    finally:
        await remit.stop()


class Replayed:
    """Replays what a test runs, and keeps what did not come out the same."""

    def __init__(self, remit: Remit, project: Project) -> None:
        self._remit = remit
        self._places = {
            one.settings.workflow.name: (one.folder, one.settings.workflow.module)
            for one in project.workflows
            if one.settings.workflow is not None
        }
        self._ran: dict[str, None] = {}
        self._found: list[str] = []

    def watch(self) -> None:
        """Replay after each live step from now on."""
        guard.install()
        engine = self._remit.engine = replace(self._remit.engine, watch=self._after_step)

        async def drive(case_id: str) -> CaseStatus | None:
            status = await engine.run(case_id)
            if status is not None and len(self._ran) < CASES_REPLAYED_MAX:
                self._ran[case_id] = None
            return status

        self._remit.drive = drive

    async def finish(self, *, seeds: bool) -> None:
        """Replay each case that ran as a whole, here and under another hash seed."""
        for case_id in self._ran:
            await self._whole(case_id, seeds=seeds)
        if self._found:
            raise DivergenceError("; ".join(self._found))

    async def _after_step(self, run: Run) -> None:
        """Replay a case as far as it has come; raises `DivergenceError`."""
        taken = len(run.history.calls)
        if taken > STEPS_REPLAYED_MAX and taken % STEPS_REPLAYED_MAX:
            return
        past = Past(
            case_id=run.case_id, history=snapshot(run.history), masker=run.masker,
            digest=run.digest,
        )  # fmt: skip
        came = await rehearse(past, run.equipment.workflow)
        if came.end != "diverged":  # code that fails does so live as well
            return
        self._say(run.case_id, came.said)
        error = DivergenceError(came.said)
        error.divergence = came.divergence
        raise error

    async def _whole(self, case_id: str, *, seeds: bool) -> None:
        remit = self._remit
        row = remit.database.read(lambda c: cases.find(c, case_id))
        equipment = None if row is None else remit.equipment.get(row.workflow)
        if row is None or equipment is None or row.reason in TOLD:
            return
        try:
            past = remit.database.read(
                lambda c: opened(c, remit.keys, case_id, random_bytes=bytes)
            )
        except RemitError:
            return  # it was erased, or a newer Remit wrote to it
        if not past.history.versions <= {equipment.fingerprint}:
            return  # other code has run it: it need not fit this one
        came = await rehearse(past, equipment.workflow)
        if came.end == "diverged":
            self._say(case_id, came.said)
            return
        handed = await handed_over(past, equipment.workflow) if seeds else None
        if handed is None:
            return
        folder, module = self._places[equipment.name]
        asked = {"folder": str(folder), "module": module, "code": equipment.fingerprint, **handed}
        said = await asyncio.to_thread(SecondSeed.compare, asked)
        if said:
            self._say(case_id, f"under another hash seed {said}")

    def _say(self, case_id: str, said: str) -> None:
        self._found.append(f"case `{case_id}`, replayed, does not come out the same: {said}")


class SecondSeed:
    """One process for all tests of this one that hashes text differently; ends when we do."""

    _process: "subprocess.Popen[str] | None" = None
    _guard = threading.Lock()

    @classmethod
    def compare(cls, case: Mapping[str, Json]) -> str:
        """Have a case replayed; return what differs."""
        with cls._guard:
            process = cls._process
            if process is None or process.poll() is not None:
                process = cls._process = _second()
                atexit.register(_end, process)
            if process.stdin is None or process.stdout is None:
                raise AssertionError("it was started with both pipes")
            process.stdin.write(json.dumps(case) + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        return str(json.loads(answer)["said"]) if answer else "the second process ended"


def _second() -> "subprocess.Popen[str]":
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "2" else "2"
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-m", "remit.cli.second_seed"],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _end(process: "subprocess.Popen[str]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait(timeout=10)


def snapshot(history: History) -> History:
    """Return a history that does not change while a case goes on."""
    return replace(
        history,
        calls=dict(history.calls),
        steps=dict(history.steps),
        acts={path: list(acts) for path, acts in history.acts.items()},
        ended=dict(history.ended),
        waits=dict(history.waits),
        furthest=dict(history.furthest),
    )


async def _at_once(seconds: float) -> None:
    del seconds


async def decide(
    remit: Remit,
    approval_id: str,
    *,
    person: str,
    verdict: Verdict = Verdict.APPROVE,
    edits: Mapping[str, str] | None = None,
    reason: RejectReason | None = None,
) -> ApprovalView:
    """Decide what the page shows now, as a person would."""
    shown = remit.approval(approval_id, person=person)
    return await remit.decide(
        approval_id,
        person=person,
        verdict=verdict,
        digest=shown.card.digest,
        edits=edits,
        reason=reason,
        channel="test",
    )


async def pass_time(remit: Remit, clock: FrozenClock, seconds: float) -> None:
    """Let time pass and everything that was due happen."""
    await remit.settled()
    clock.advance(seconds)
    await remit.heart.tick()
    await remit.timekeeper.tick()
    await remit.timekeeper.looked()
    await remit.settled()


async def grant(
    remit: Remit,
    workflow: str,
    action: str,
    level: Level,
    *,
    signer: str,
    days: int = 90,
    segment: str = WHOLE,
) -> None:
    """Give a cell a level without evidence; only tests and benchmarks may do that."""
    equipment = remit.equipment[workflow]
    cell = Cell(workflow=workflow, action=action, segment=segment)

    def giving(uow: UnitOfWork) -> None:
        uow.lock(control_stream(workflow))
        grants.give(
            uow,
            cell,
            phase=equipment.phase,
            level=level,
            fingerprint=equipment.fingerprint,
            signer=signer,
            evidence=digest(["test"]),
            expires_at=uow.now + timedelta(days=days),
        )

    await asyncio.to_thread(
        grants.put_in_force,
        remit.writer,
        remit.acknowledger,
        giving,
        cell=cell,
    )


__all__ = [
    "START",
    "FrozenClock",
    "Level",
    "decide",
    "grant",
    "pass_time",
    "project",
    "running",
]
