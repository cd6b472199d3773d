"""A dispatcher with nothing to do says so, whatever its sweeps fell together with."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remit.domain.case import CaseStatus
from remit.orchestration.embedded import Embedded
from remit.store import ready
from remit.store.connection import Connection
from tests import dispatching
from tests.dispatching import World, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with dispatching.opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as made:
        yield made


@pytest.mark.parametrize("held", ["lanes", "page"])
async def test_a_sweep_while_the_last_case_ends_leaves_nothing_unread(
    world: World, held: str
) -> None:
    """The case parks after the sweep, before its rows are read: nobody has anything to read."""
    dispatcher = world.dispatcher
    assert isinstance(dispatcher, Embedded)
    world.ends = lambda _: CaseStatus.PARKED
    world.gate = asyncio.Event()
    reading, door, armed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def read(work: Callable[[Connection], Any]) -> Any:
        if armed.is_set() and (work is ready.lanes) is (held == "lanes"):
            armed.clear()
            reading.set()
            await door.wait()
        return await world.read(work)

    dispatcher.read = read

    async def work() -> None:
        world.receive()
        await world.until(lambda: dispatcher.running == 1 and dispatcher._poke.is_set() is False)
        await world.until(lambda: not dispatcher._filling and not dispatcher._shares._round)
        armed.set()
        dispatcher.sweep()
        await reading.wait()
        if held == "page":
            dispatcher.sweep()  # once more, while the page is read
        assert world.gate is not None
        world.gate.set()
        await world.until(lambda: not dispatcher.running)
        door.set()
        async with asyncio.timeout(5):
            await world.settle()

    await running(world, work)
    assert world.standing()["parked"] == 1


async def test_a_dispatcher_that_is_drained_while_it_reads_ends_in_order(world: World) -> None:
    """Its queues are gone when the rows come: it takes none, and does not stumble over that."""
    dispatcher = world.dispatcher
    assert isinstance(dispatcher, Embedded)
    reading, door = asyncio.Event(), asyncio.Event()

    async def read(work: Callable[[Connection], Any]) -> Any:
        if work is ready.lanes:
            return await world.read(work)
        reading.set()
        await door.wait()
        return []  # somebody else was quicker

    dispatcher.read = read

    async def work() -> None:
        world.receive()
        await reading.wait()
        await dispatcher.drain(seconds=1)
        door.set()

    await running(world, work)
    assert dispatcher.running == 0
