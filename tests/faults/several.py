"""Several real processes on one PostgreSQL: a desk, its workers, and what must hold afterwards."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.cli import main as cli
from remit.domain.autonomy import Level
from remit.domain.entry import Entry
from remit.ledger.keeper import LOCK
from remit.opening import open_remit
from remit.settings import read
from remit.store import ready
from remit.store.unit import UnitOfWork
from tests.faults.lengths import LONG

ROOT = Path(__file__).parents[2]
DESK = "busy-desk"
WAIT_SECONDS_MAX = 60.0 if not LONG else 240.0  # a limit for busy machines, not a wait
STEP_SECONDS = 0.05


@dataclass(kw_only=True)
class Worker:
    """One `remit work`, and what it says."""

    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)
    _reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return "".join(self.said)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Ask it to end, and wait for that; a frozen one is killed."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
            self.send(signal.SIGCONT)
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        return self.process.returncode

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        with stream:
            self.said.extend(stream)


@dataclass(kw_only=True)
class Desk:
    """The busy desk in a folder of its own, on one database."""

    folder: Path
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)

    def migrate(self) -> None:
        os.environ["REMIT_DATABASE"] = self.url
        try:
            assert cli.main(["--project", str(self.folder), "migrate"]) == 0
        finally:
            del os.environ["REMIT_DATABASE"]

    def start(self, *arguments: str, folder: Path | None = None) -> Worker:
        """Start one more worker."""
        project = str(folder or self.folder)
        process = subprocess.Popen(
            [sys.executable, "-m", "remit.cli.main", "--project", project, "work", *arguments],
            cwd=ROOT,
            env={
                **os.environ,
                **self.environment,
                "REMIT_DATABASE": self.url,
                "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        worker = Worker(process=process)
        self.workers.append(worker)
        return worker

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Remit]:
        """Take part as a process that only shows and decides."""
        project = read(self.folder, {"REMIT_DATABASE": self.url})
        remit = open_remit(project, owner="remit tests", durability_check=False)
        await remit.start(work=False)
        try:
            yield remit
        finally:
            await remit.stop()

    def calls(self) -> Counter[str]:
        """Return how often each key was called with, whatever came of it."""
        file = self.folder / "calls.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return Counter(json.loads(line)["key"] for line in lines)

    def performed(self) -> Counter[str]:
        """Return how often each effect happened in the other system, by key."""
        file = self.folder / "tape.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return Counter(json.loads(line)["key"] for line in lines)


@contextmanager
def desk(folder: Path, url: str) -> Iterator[Desk]:
    """Set a desk up; whatever was started for it has ended afterwards."""
    home = Path(shutil.copytree(ROOT / "tests/fixtures/workers", folder / "desk"))
    made = Desk(folder=home, url=url)
    made.migrate()
    try:
        yield made
    finally:
        for worker in made.workers:
            worker.end()


async def working(busy: Desk, count: int, **environment: str) -> list[Worker]:
    """Start workers, and wait until they take cases."""
    busy.environment |= {
        f"REMIT_TEST_{name.upper()}": value for name, value in environment.items()
    }
    workers = [busy.start() for _ in range(count)]
    await until(lambda: all(map(name_of, workers)), f"{count} workers", desk=busy)
    return workers


async def receive(remit: Remit, count: int, *, first: int = 0, **fields: str) -> list[str]:
    """Send messages in; return the cases."""
    made = []
    for number in range(first, first + count):
        given = {"order_id": f"A-{number}", **fields}
        admission = await remit.receive(DESK, given, channel="test", external_id=f"m{number}")
        made.append(admission.case_id)
    return made


async def allow(remit: Remit, *actions: str) -> None:
    for action in actions:
        await testing.grant(remit, DESK, action, Level.AUTONOMOUS, signer="olga")


async def until(true: Callable[[], bool], what: str, *, desk: Desk) -> None:
    """Wait for something, and show what the workers said when it does not come."""
    waited = 0.0
    while not true():
        if waited >= WAIT_SECONDS_MAX:
            said = "\n".join(f"-- {one.pid}:\n{one.log[-9000:]}" for one in desk.workers[-6:])
            pytest.fail(f"{what} did not come\n{said}")
        await asyncio.sleep(STEP_SECONDS)
        waited += STEP_SECONDS


async def all_closed(remit: Remit, case_ids: list[str], *, desk: Desk) -> None:
    """Wait until all are closed, and say yes to what waits.

    An effect of which nobody is sure takes autonomy away until it is settled: that is right, and
    what is proposed meanwhile waits for a person.
    """
    waited = 0.0
    while closed(remit, case_ids) < len(case_ids) and waited < WAIT_SECONDS_MAX:
        for row in remit.inbox(person="olga").rows:
            await testing.decide(remit, row.approval_id, person="olga")
        await asyncio.sleep(STEP_SECONDS)
        waited += STEP_SECONDS
    await until(lambda: closed(remit, case_ids) == len(case_ids), "every case", desk=desk)


def events(remit: Remit, case_ids: list[str], name: str) -> list[Entry]:
    """Return all entries of that name."""
    return [entry for one in case_ids for entry in remit.entries(one) if entry.event == name]


def closed(remit: Remit, case_ids: list[str]) -> int:
    """Return how many of these cases are closed."""
    return sum(n for (status, _), n in remit.standing(case_ids).items() if status == "closed")


def sound(remit: Remit, desk: Desk, case_ids: list[str]) -> None:
    """Check what must hold after whatever was done to the workers."""
    assert remit.counts()["balance"] == 0
    report = remit.verify()
    assert report.result == "intact", report.lines
    calls, performed = desk.calls(), desk.performed()
    assert set(performed.values()) <= {1}
    for case_id in case_ids:
        entries = remit.entries(case_id)
        fenced(entries)
        for key, attempts in effects(entries).items():
            mine = [one for one in entries if one.body.get("effect_id") == key]
            unsent = sum(one.body.get("sent") is False for one in mine)
            # A call for each *intended* of which a byte may have left, at most, and no second of
            # these that was not known to be one.
            sent = len(attempts) - unsent
            assert calls[key] <= sent, (case_id, key)
            known = [one.event.rpartition(":")[2] for one in mine]
            if sent > 1:
                assert "ambiguous" in known, (case_id, known)


def effects(entries: list[Entry]) -> dict[str, list[Entry]]:
    """Return the *intended* entries of a case, by effect."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.event == "orchestration:effect:intended":
            found.setdefault(entry.word("effect_id"), []).append(entry)
    return found


def fenced(entries: list[Entry]) -> None:
    """Check that no run wrote after another one, or after its worker's cases were reassigned."""
    bar = 0
    for entry in entries:
        if entry.event == "orchestration:case:reassigned":
            bar = entry.seq
        elif entry.run is not None:
            assert entry.run >= bar, f"run {entry.run} wrote entry {entry.seq} after {bar}"
            bar = max(bar, entry.run)


def name_of(worker: Worker) -> str | None:
    """Return the id under which a worker said that it works."""
    found = re.search(r" as ([0-9a-f]{32});", worker.log)
    return found[1] if found else None


def deliver_again(remit: Remit, number: int) -> None:
    """Queue every ready case once more, under another name."""
    several = remit.several
    assert several is not None
    found = remit.database.read(lambda c: ready.since(c, 2**60, 10_000))

    def work(uow: UnitOfWork) -> None:
        for case in found:
            several.queue.put(uow.connection, case, again=f":{number}")

    remit.writer.run(work)


def keeper(remit: Remit, workers: list[Worker]) -> Worker | None:
    """Return the worker that numbers the entries now."""
    names = remit.database.read(
        lambda c: c.rows(
            "select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid"
            " where l.locktype = 'advisory' and l.granted and l.objsubid = 1"
            " and (l.classid::bigint << 32 | l.objid::bigint) = ?",
            (LOCK,),
        )
    )
    pids = remit.database.read(lambda c: c.rows("select sessions, pid from workers"))
    held = {pid for sessions, pid in pids if (sessions,) in names}
    return next((one for one in workers if one.pid in held), None)


def pending(remit: Remit) -> int:
    return int(remit.database.read(lambda c: c.value("select count(*) from pending")))
