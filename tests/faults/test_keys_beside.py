"""Keys, rotation and erasure in one process while others work on the same PostgreSQL."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from remit.app import Remit
from remit.errors import PayloadErasedError
from remit.ledger import read as record
from remit.store import erasures
from tests.faults.keying import stored
from tests.faults.several import (
    ROOT,
    Desk,
    all_closed,
    allow,
    desk,
    receive,
    sound,
    until,
    working,
)

EPOCHS = 12


Keying = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def keying(folder: Path, postgres_url: str) -> Iterator[Keying]:
    """Hand out what starts a process on the keys; none of them outlives the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.faults.keying", str(folder), postgres_url, *words]
        begun.append(
            subprocess.Popen(
                command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )
        return begun[-1]

    yield begin
    for one in begun:
        with one:  # which closes what it reads and writes through, and waits
            if one.poll() is None:
                one.kill()


def ended(process: "subprocess.Popen[str]") -> str:
    """Let a process end; return what it said that nobody has read yet."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    said = process.stdout.read()  # not `communicate`, which passes by what a line's read took in
    assert process.wait(timeout=120) == 0
    return said


def opens(folder: Path, url: str, said: str) -> int:
    """Check that every key that was said opens to what it was; return how many there are."""
    keys = stored(folder, url)
    try:
        told = dict(line.split() for line in said.splitlines())
        for name, secret in told.items():
            found = keys.find(name)
            assert found is not None, f"{name} is gone"
            assert found.secret.hex() == secret
        return len(told)
    finally:
        keys.close()


def test_the_first_who_come_at_once_make_one_store_of_keys(
    folder: Path, postgres_url: str, keying: Keying
) -> None:
    makers = [keying("make") for _ in range(4)]
    for one in makers:
        assert one.stdout is not None
        assert one.stdout.readline().startswith("case-")
    opens(folder, postgres_url, "".join(ended(one) for one in makers))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made


def test_no_key_is_lost_that_others_make_while_one_rotates(
    folder: Path, postgres_url: str, keying: Keying
) -> None:
    """A key that was wrapped by the tenant key that is just going could never be opened again."""
    makers = [keying("make") for _ in range(2)]
    ended(keying("rotate", str(EPOCHS)))
    said = "".join(ended(one) for one in makers)
    assert opens(folder, postgres_url, said) > EPOCHS


def test_two_who_rotate_at_once_take_no_root_from_each_other(
    folder: Path, postgres_url: str, keying: Keying
) -> None:
    """A root key that is lost from the file takes every key of the installation with it."""
    maker = keying("make")
    rotating = [keying("rotate", str(EPOCHS)) for _ in range(2)]
    for one in rotating:
        ended(one)
    assert opens(folder, postgres_url, ended(maker)) > 0
    keys = stored(folder, postgres_url)
    try:
        assert keys.roots.current == keys.epoch().root
    finally:
        keys.close()


# -- a desk with workers -------------------------------------------------------------------------


@pytest.fixture
def busy(tmp_path: Path, durable_url: str) -> Iterator[Desk]:
    with desk(tmp_path, durable_url) as made:
        yield made


async def erased(busy: Desk, case_id: str, *, point: str = "none") -> int:
    """Erase a case in a process of its own; return its exit code."""
    words = [str(busy.folder), busy.url, point, case_id]
    ran = await anyio.run_process(
        [sys.executable, "-m", "tests.faults.erasing_beside", *words], cwd=ROOT, check=False
    )
    assert ran.returncode in {0, -signal.SIGKILL}, ran.stderr[-3000:]
    return ran.returncode


def told(remit: Remit) -> dict[str, int]:
    """Return how often each step of an erasure was told."""
    rows = remit.database.read(
        lambda c: c.rows(
            "select event, count(*) from entries where event like 'ledger:erasure:%'"
            " group by event"
        )
    )
    return {str(event).rpartition(":")[2]: int(n) for event, n in rows}


def key_of(remit: Remit, case_id: str) -> str:
    found = remit.database.read(lambda c: record.key_id(c, case_id))
    assert found is not None
    return found


@pytest.mark.anyio
async def test_a_key_that_was_destroyed_elsewhere_is_forgotten_here(busy: Desk) -> None:
    """It was cached for a minute; a second is the promise, ten are for a busy machine."""
    async with busy.opened() as remit:
        await allow(remit, "note")
        await working(busy, 1)
        kept, gone = await receive(remit, 2)
        await all_closed(remit, [kept, gone], desk=busy)
        names = [key_of(remit, one) for one in (kept, gone)]
        assert all(remit.keys.find(name) is not None for name in names)

        assert await erased(busy, gone) == 0

        looks = 0
        while remit.keys.find(names[1]) is not None:
            await asyncio.sleep(0.1)
            looks += 1
            assert looks < 100, "it is still cached"
        assert remit.keys.find(names[0]) is not None
        with pytest.raises(PayloadErasedError):
            remit.database.read(lambda c: record.stream(c, remit.keys, gone))
        assert remit.database.read(lambda c: record.stream(c, remit.keys, kept))
        sound(remit, busy, [kept, gone])


@pytest.mark.anyio
async def test_an_epoch_that_begins_while_others_write_loses_nothing(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        await working(busy, 2)
        cases = []
        for number in range(4):
            cases += await receive(remit, 6, first=6 * number)
            # By a process of its own, as `remit ledger rotate` is.
            ended_well = await anyio.run_process(
                [sys.executable, "-m", "tests.faults.keying", str(busy.folder / "data/keys"),
                 busy.url, "rotate", "1"], cwd=ROOT, check=False,
            )  # fmt: skip
            assert ended_well.returncode == 0, ended_well.stderr[-3000:]
        await all_closed(remit, cases, desk=busy)
        sound(remit, busy, cases)
    async with busy.opened() as fresh:  # nothing is cached here
        for case_id in cases:
            entries = fresh.entries(case_id)
            assert any(entry.payloads for entry in entries)
        assert fresh.keys.epoch().before is not None


@pytest.mark.anyio
@pytest.mark.parametrize("point", ["requested", "settled", "destroyed"])
async def test_an_erasure_that_was_killed_beside_a_worker_is_finished_by_the_next(
    busy: Desk, point: str
) -> None:
    """Two workers that start at once take it up, and one of them tells it."""
    async with busy.opened() as remit:
        await allow(remit, "note")
        (living,) = await working(busy, 1)
        before = await receive(remit, 3)
        await all_closed(remit, before, desk=busy)

        assert await erased(busy, before[0], point=point) == -signal.SIGKILL

        meanwhile = await receive(remit, 3, first=10)
        await all_closed(remit, meanwhile, desk=busy)
        assert told(remit) == {"requested": 1}
        assert living.process.poll() is None

        await working(busy, 2)
        await until(lambda: "completed" in told(remit), "the erasure", desk=busy)
        after = await receive(remit, 3, first=20)
        await all_closed(remit, after, desk=busy)
        assert told(remit) == {"requested": 1, "completed": 1}
        assert remit.case(before[0]).erased_at is not None
        sound(remit, busy, [*before[1:], *meanwhile, *after])


@pytest.mark.anyio
async def test_two_who_take_up_one_erasure_tell_it_once(busy: Desk) -> None:
    async with busy.opened() as one, busy.opened() as other:
        await allow(one, "note")
        (worker,) = await working(busy, 1)
        (case_id,) = await receive(one, 1)
        await all_closed(one, [case_id], desk=busy)
        worker.end()
        assert await erased(busy, case_id, point="requested") == -signal.SIGKILL

        (row,) = one.database.read(erasures.pending)
        await asyncio.gather(
            *(remit.erasure._finish(row, settle_seconds=5) for remit in (one, other))
        )

        assert told(one) == {"requested": 1, "completed": 1}
        assert one.verify().result == "intact"
