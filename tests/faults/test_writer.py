"""Killed at any moment, the store keeps what it acknowledged; each trouble has its own error."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path

import pytest

from remit.errors import (
    LedgerMismatchError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
)
from remit.ledger import read
from remit.store.unit import UnitOfWork
from tests import postgres
from tests.faults.lengths import times
from tests.faults.power import FAILED, cut, library, notes
from tests.opened import appending, draft, opened

ROOT = Path(__file__).parents[2]
CASE = "01a2" + "0" * 28
FAILS_AT_MAX = 16  # of the syncs of a life
FAILED_SYNCS = times(8, long=60)
KILLS = times(20, long=150)
POINTS = ("begin", "unit", "before-commit", "after-commit")


def killed(
    url: str, folder: Path, *, seed: int, point: str = "-", after: int = 0, **environment: str
) -> set[str]:
    """Run the writing process until it dies; return the entries that it acknowledged.

    Without a point it is killed from outside, when it has acknowledged `after` entries.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.writing", url, str(folder), str(seed), point,
         str(after)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", **environment},
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if point == "-" and len(lines) > after:
            process.send_signal(signal.SIGKILL)
            lines.extend(process.stdout.read().splitlines())
    ended = process.wait(timeout=60)
    process.stdout.close()
    if not lines and "REMIT_POWER_FAILS" in environment:  # it failed while it was opened
        assert ended == 1
        return set()
    assert ended == -signal.SIGKILL
    assert lines[0] == "open"
    return {line for line in lines[1:] if len(line.split()) == 2}


def check(url: str, folder: Path, acknowledged: set[str], *, seed: int) -> None:
    """Open it again, as its next owner would: nothing acknowledged may be missing."""
    with opened(url, folder, seed=seed) as store:
        stored = {
            f"{case_id} {seq}"
            for case_id, seq in store.database.read(
                lambda c: c.rows("SELECT case_id, seq FROM entries")
            )
        }
        assert acknowledged <= stored
        store.append(CASE)  # and it goes on
        report = store.verify()
        assert (report.result, report.checks) == ("intact", ())


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_each_point_loses_nothing_acknowledged(
    tmp_path: Path, point: str
) -> None:
    url = f"sqlite:///{tmp_path}/remit.db"
    acknowledged: set[str] = set()
    for seed, passes in enumerate((0, 1, 7), start=1):
        acknowledged |= killed(url, tmp_path, seed=seed, point=point, after=passes)
        check(url, tmp_path, acknowledged, seed=100 + seed)
    assert acknowledged


@pytest.mark.slow
def test_a_process_killed_at_random_again_and_again_loses_nothing_acknowledged(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    url = f"sqlite:///{tmp_path}/remit.db"
    chance = random.Random(20)
    acknowledged: set[str] = set()
    for seed in range(1, KILLS + 1):
        new = killed(url, tmp_path, seed=seed, after=chance.randint(1, 120))
        assert new
        acknowledged |= new
        check(url, tmp_path, acknowledged, seed=10_000 + seed)
    record_property("kills", KILLS)
    record_property("acknowledged", len(acknowledged))


def test_a_sync_that_fails_acknowledges_nothing_and_the_power_may_go(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Each of so many syncs fails once; what was said to be written is there after a power cut."""
    url, log = f"sqlite:///{tmp_path}/remit.db", tmp_path / "power.log"
    power = {
        "LD_PRELOAD": str(library(tmp_path)), "REMIT_POWER_FILES": "/remit.db",
        "REMIT_POWER_LOG": str(log),
    }  # fmt: skip
    chance = random.Random(5)
    acknowledged: set[str] = set()
    worked = 0
    for seed in range(1, FAILED_SYNCS + 1):
        nth = str(1 + (seed - 1) % FAILS_AT_MAX)
        new = killed(url, tmp_path, seed=seed, after=90, REMIT_POWER_FAILS=nth, **power)
        worked += bool(new)
        acknowledged |= new
        failed = [note for note in notes(log) if note.kind == FAILED]
        assert len(failed) == 1, "a sync must really have failed"
        cut(log, chance)
        check(url, tmp_path, acknowledged, seed=10_000 + seed)
    assert worked >= FAILED_SYNCS // 2, "most must fail amid the work, not at its beginning"
    record_property("failed syncs", FAILED_SYNCS)
    record_property("kills", FAILED_SYNCS)
    record_property("acknowledged", len(acknowledged))


@pytest.mark.slow
@pytest.mark.parametrize("point", [*POINTS, "-"])
def test_a_killed_client_of_postgresql_loses_nothing_acknowledged(
    tmp_path: Path, postgres_url: str, point: str
) -> None:
    acknowledged = killed(postgres_url, tmp_path, seed=1, point=point, after=20)
    assert acknowledged
    wait_until_free(postgres_url)
    check(postgres_url, tmp_path, acknowledged, seed=2)


def wait_until_free(url: str) -> None:
    """Wait for the server to notice that the client is dead: its lock goes with its session."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        sql = (
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        for _ in range(10_000):
            row = connection.execute(sql).fetchone()
            if row is not None and row[0] == 0:
                return
    pytest.fail("the dead client's lock did not go")


@pytest.mark.slow
def test_a_restarted_postgresql_is_taken_up_again(tmp_path: Path) -> None:
    if not postgres.available():
        postgres.url_for_tests(None)
    with postgres.server(durable=True) as server:
        url = server.create()
        with opened(url, tmp_path) as store:
            store.append(CASE)
            server.stop(mode="immediate")
            with pytest.raises(StorageUnavailableError):
                store.append(CASE)
            with pytest.raises(StorageUnavailableError):
                store.append(CASE)
            server.start()
            assert store.append(CASE).entries == ((CASE, 2),)
            entries = store.database.read(lambda c: read.stream(c, store.keys, CASE))
            assert [entry.seq for entry in entries] == [1, 2]
            assert store.verify().result == "intact"


def test_a_full_disk_fails_the_batch_and_keeps_what_was_there(tmp_path: Path) -> None:
    def fill(uow: UnitOfWork) -> None:
        pages = uow.connection.value("PRAGMA page_count")
        uow.connection.rows(f"PRAGMA max_page_count = {pages + 2}")

    def swell(uow: UnitOfWork) -> None:
        uow.append(draft(CASE, content="x" * 200_000))

    def free(uow: UnitOfWork) -> None:
        uow.connection.rows("PRAGMA max_page_count = 1000000")

    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE)
        store.writer.run(fill)
        with pytest.raises(StorageFullError, match="free some space"):
            store.writer.run(swell)
        store.writer.run(free)

        assert store.append(CASE).entries == ((CASE, 2),)
        assert store.verify().result == "intact"


def test_a_full_disk_fails_every_unit_of_its_batch(tmp_path: Path) -> None:
    gate, inside = threading.Event(), threading.Event()

    def hold(uow: UnitOfWork) -> None:
        inside.set()
        gate.wait(timeout=20)
        pages = uow.connection.value("PRAGMA page_count")
        uow.connection.rows(f"PRAGMA max_page_count = {pages + 2}")

    def swell(uow: UnitOfWork) -> None:
        uow.append(draft(CASE, content="x" * 200_000))

    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE)
        first = store.writer.submit(hold)
        inside.wait(timeout=20)
        works: list[Callable[[UnitOfWork], object]] = [appending(CASE), swell, appending(CASE)]
        late = [store.writer.submit(work) for work in works]
        gate.set()
        wait(late)

        assert first.result().entries == ()
        assert {type(future.exception()) for future in late} == {StorageFullError}
        entries = store.database.read(lambda c: read.stream(c, store.keys, CASE))
        assert [entry.seq for entry in entries] == [1]


def test_a_head_that_somebody_else_moved_ends_the_writer(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE)
        store.writer.run(
            lambda uow: uow.connection.execute("UPDATE ledger_head SET size = size + 1")
        )
        with pytest.raises(StorageError, match="another process writes to it") as caught:
            store.append(CASE)
        assert isinstance(caught.value.__cause__, LedgerMismatchError)
        with pytest.raises(StorageError, match="nothing is appended"):
            store.append(CASE)


def test_a_committer_that_dies_answers_everybody(tmp_path: Path) -> None:
    gate = threading.Event()

    def hold(_: UnitOfWork) -> None:
        gate.wait(timeout=20)

    def die(_: UnitOfWork) -> None:
        raise SystemExit("the thread ends")

    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        futures = [store.writer.submit(work) for work in (hold, die, appending(CASE))]
        gate.set()
        wait(futures, timeout=30)
        assert all(future.done() for future in futures)
        assert all(isinstance(f.exception(), StorageError) for f in futures[1:])
        with pytest.raises(StorageError, match="ended"):
            store.append(CASE)


def test_what_follows_a_commit_may_fail_without_harm(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.committed.clear()
        store.writer.on_commit = lambda _: (_ for _ in ()).throw(ValueError("no"))
        store.append(CASE)
        assert store.append(CASE).entries == ((CASE, 2),)
