"""The dispatcher of several workers, beyond what every dispatcher must do."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.orchestration.queued import Queued
from tests import dispatching
from tests.dispatching import World, counted, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def world(postgres_url: str, tmp_path: Path) -> Iterator[World]:
    with dispatching.opened(postgres_url, tmp_path, dispatching.queued) as made:
        yield made


def queued(world: World) -> Queued:
    assert isinstance(world.dispatcher, Queued)
    return world.dispatcher


async def test_a_worker_that_was_declared_gone_goes_on_under_a_new_name(world: World) -> None:
    before = world.receive_many(3)
    after: list[str] = []

    async def work() -> None:
        await world.until(lambda: len(world.ran) == 3)
        await world.settle()
        queued(world).begin_again("worker-2")
        after.extend(await asyncio.to_thread(world.receive_many, 3))
        await world.settle()
        assert queued(world).worker == "worker-2"

    await running(world, work)

    assert counted(world.ran) == dict.fromkeys([*before, *after], 1)


async def test_runs_of_the_old_life_end_before_the_new_one_begins(world: World) -> None:
    world.gate = asyncio.Event()
    cases = world.receive_many(3)

    async def work() -> None:
        await world.until(lambda: len(world.ran) == 3)
        queued(world).begin_again("worker-2")
        await asyncio.sleep(0.3)
        assert queued(world).worker == "worker-1"
        assert world.gate is not None
        world.gate.set()
        cases.extend(await asyncio.to_thread(world.receive_many, 3))
        await world.settle()
        await world.until(lambda: queued(world).worker == "worker-2")

    await running(world, work)

    assert counted(world.ran) == dict.fromkeys(cases, 1)
