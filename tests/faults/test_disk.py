"""A full disk: nothing is performed that is not on record, nothing is lost, and it goes on."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remit.app import Remit
from remit.errors import BusyError, RemitError, StorageError
from tests.faults.lengths import LONG
from tests.faults.torture import Epoch
from tests.faults.torture_life import STORIES, Life

# Each size is full at another write.
MEGABYTES = [12] if not LONG else [10, 11, 12, 13, 14, 15]


@pytest.fixture(params=MEGABYTES)
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}m", "remit-test", str(place)]
    ran = subprocess.run(mount, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {ran.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def grow(place: Path, megabytes: int) -> None:
    """Give the file system more room."""
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(place)], check=True)


async def fill(life: Life) -> int:
    """Send messages until no more is taken; return how many were acknowledged."""
    taken = 0
    with contextlib.suppress(StorageError):
        async with life.opened() as remit:
            await life.grants(remit)
            for number in range(100_000):
                story = STORIES[number % len(STORIES)]
                try:
                    await receive(remit, str(number), story)
                except (StorageError, BusyError):
                    break
                taken += 1
                if number % 50 == 0:
                    with contextlib.suppress(RemitError):
                        await asyncio.wait_for(life.desk(remit), timeout=5)
    return taken


def in_a_process(place: Path, *, told: Path) -> tuple[int, set[str]]:
    """Fill the disk in a process of its own; return what it says and what it acknowledged."""
    child = os.fork()
    if child == 0:
        acknowledged: list[str] = []
        life = Life(folder=place, database=None, start_seconds=0, acknowledge=acknowledged.append)
        try:
            taken = asyncio.run(fill(life))
            told.write_text(json.dumps([taken, acknowledged]))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    taken, acknowledged = json.loads(told.read_text())
    return taken, set(acknowledged)


async def receive(remit: Remit, name: str, story: str) -> None:
    """Send one message of some size."""
    await remit.receive(
        "torture-desk",
        {"story": story, "order_id": f"A-{name}", "amount": "12.00 EUR"},
        channel="torture",
        external_id=name,
    )


@pytest.mark.slow
def test_a_full_disk_stops_effects_and_loses_nothing_and_room_lets_it_go_on(
    small_disk: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    epoch = Epoch(folder=small_disk, database=None)
    taken, acknowledged = in_a_process(small_disk, told=tmp_path / "told.json")
    free = os.statvfs(small_disk)
    assert free.f_bavail * free.f_frsize < 256 * 1024, "the disk must really have been full"
    assert taken > len(STORIES)

    grow(small_disk, 256)
    epoch.lives = 1
    epoch.acknowledged = acknowledged
    epoch.wishes = [(str(n), STORIES[n % len(STORIES)]) for n in range(taken)]
    found = epoch.finish()
    assert found["cases"] >= taken
    for name, number in found.items():
        record_property(name, number)
    record_property("acknowledged", len(acknowledged))
    record_property("disks full", 1)
