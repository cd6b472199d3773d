"""One suite for every dispatcher: each ready case runs, at least once, in its order."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.domain.case import CaseStatus
from remit.domain.event import WaitEnded
from remit.orchestration.lanes import LaneSettings
from remit.store import ready
from remit.store.unit import UnitOfWork
from tests import dispatching
from tests.dispatching import DESK, World, counted, received, running

pytestmark = pytest.mark.anyio

# Another implementation joins with its maker; a database that it does not run on is left out.
MAKERS = {
    ("embedded", "sqlite"): dispatching.embedded,
    ("embedded", "postgresql"): dispatching.embedded,
    ("queued", "postgresql"): dispatching.queued,
}


@pytest.fixture(params=MAKERS, ids=" on ".join)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, dispatching.Make]:
    _, database = request.param
    if database == "sqlite":
        return f"sqlite:///{tmp_path}/remit.db", tmp_path, MAKERS[request.param]
    return request.getfixturevalue("postgres_url"), tmp_path, MAKERS[request.param]


@pytest.fixture
def world(place: tuple[str, Path, dispatching.Make]) -> Iterator[World]:
    with dispatching.opened(*place) as made:
        yield made


async def test_every_case_runs_once_whether_it_came_before_or_while(world: World) -> None:
    before = world.receive_many(150)
    during: list[str] = []

    async def work() -> None:
        during.extend(await asyncio.to_thread(world.receive_many, 150))
        await world.settle()

    await running(world, work)

    assert counted(world.ran) == dict.fromkeys([*before, *during], 1)
    assert world.standing() == {"ready": 0, "closed": 300}


async def test_a_case_that_is_woken_twice_runs_once(world: World) -> None:
    case_id = world.receive()
    found = world.database.read(lambda c: ready.find(c, case_id))
    assert found is not None

    async def work() -> None:
        for _ in range(3):
            world.writer.run(lambda uow: world.dispatcher.wake(uow.connection, found))
            world.dispatcher.committed((found, found))
        await world.settle()

    await running(world, work)

    assert world.ran == [case_id]


async def test_a_case_woken_while_it_runs_runs_again(world: World) -> None:
    world.ends = lambda _: CaseStatus.PARKED if len(world.ran) == 1 else CaseStatus.CLOSED
    case_id = world.receive()

    async def work() -> None:
        await world.until(lambda: world.standing().get("parked") == 1)
        await asyncio.to_thread(
            world.append, case_id, WaitEnded(kind="time", ref="sleep", how="time")
        )
        await world.settle()

    await running(world, work)

    assert world.ran == [case_id, case_id]
    assert world.standing()["closed"] == 1


async def test_inside_a_lane_class_goes_before_age(
    place: tuple[str, Path, dispatching.Make],
) -> None:
    with dispatching.opened(*place, runs_max=1) as world:
        bulk = world.receive_many(3, priority="bulk")
        normal = world.receive_many(3)
        urgent = world.receive_many(3, priority="urgent")

        await running(world, world.settle)

        assert world.ran == [*urgent, *normal, *bulk]


async def test_a_case_that_became_ready_in_a_unit_that_failed_does_not_run(world: World) -> None:
    lost = world.new_id()

    def fails(uow: UnitOfWork) -> None:
        uow.append(received(lost, DESK))
        raise ZeroDivisionError

    async def work() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.wrap_future(world.writer.submit(fails))
        await asyncio.to_thread(world.receive)
        await world.settle()

    await running(world, work)

    assert len(world.ran) == 1
    assert lost not in world.ran


async def test_a_crash_between_commit_and_wake_is_found_by_the_sweep(world: World) -> None:
    async def work() -> None:
        await asyncio.sleep(0.05)
        world.deaf = True
        case_id = await asyncio.to_thread(world.receive)
        await asyncio.sleep(0.05)
        assert world.ran == []
        world.dispatcher.sweep()
        await world.settle()
        assert world.ran == [case_id]

    await running(world, work)


async def test_draining_lets_runs_end_and_leaves_the_others_ready(world: World) -> None:
    world.gate = asyncio.Event()
    cases = world.receive_many(20)

    async def work() -> None:
        await world.until(lambda: len(world.ran) == 4)
        asyncio.get_running_loop().call_later(0.05, world.gate.set)

    await running(world, work)

    assert sorted(world.ran) == sorted(cases[:4])
    assert world.standing() == {"ready": 16, "closed": 4}


async def test_a_run_that_does_not_end_in_time_is_cut_and_its_case_stays_ready(
    world: World,
) -> None:
    world.gate = asyncio.Event()
    world.receive_many(3)

    async def work() -> None:
        await world.until(lambda: len(world.ran) == 3)

    await running(world, work, seconds=0.01)

    assert world.standing() == {"ready": 3}


async def test_a_workflow_that_is_not_set_up_here_stays_ready(
    place: tuple[str, Path, dispatching.Make],
) -> None:
    with dispatching.opened(
        *place, lanes=lambda name: LaneSettings() if name == DESK else None
    ) as world:
        world.receive("another-desk")
        own = world.receive()

        await running(world, lambda: world.settle(left=1))

        assert world.ran == [own]


async def test_a_lane_never_runs_more_at_once_than_it_may(
    place: tuple[str, Path, dispatching.Make],
) -> None:
    lanes = {"narrow": LaneSettings(running_max=2), "wide": LaneSettings()}
    with dispatching.opened(*place, lanes=lanes.get, runs_max=16) as world:
        world.gate = asyncio.Event()
        narrow = world.receive_many(10, "narrow")
        wide = world.receive_many(10, "wide")

        async def work() -> None:
            await world.until(lambda: len(world.ran) == 12)
            await asyncio.sleep(0.05)
            assert sorted(world.ran) == sorted([*narrow[:2], *wide])
            assert world.gate is not None
            world.gate.set()
            await world.settle()

        await running(world, work)

        assert sorted(world.ran) == sorted([*narrow, *wide])
