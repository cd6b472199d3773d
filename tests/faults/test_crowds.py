"""Very many cases that wait, or are ready: rows and nothing else (100,000 in the torture)."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remit.domain import clock
from remit.orchestration.clock_watch import ClockWatch
from remit.orchestration.embedded import Embedded
from remit.orchestration.jobs import Jobs
from remit.orchestration.lanes import PAGE
from remit.orchestration.schedule import Timekeeper
from remit.store import ready, timers
from remit.store.unit import UnitOfWork
from tests import dispatching
from tests.dispatching import DESK, World, counted, running
from tests.faults.lengths import times

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CROWD = times(10_000, long=100_000)
DUE = times(1_000, long=10_000)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    url = f"sqlite:///{tmp_path}/remit.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with dispatching.opened(url, tmp_path, runs_max=64) as made:
        yield made


def crowd(world: World, status: str, name: str) -> list[str]:
    """Write the rows of many cases, as their entries would have."""
    now_us = clock.microseconds(world.clock())
    parked = status == "parked"
    ids = [f"{number:032x}" for number in range(1, CROWD + 1)]

    def work(uow: UnitOfWork) -> None:
        uow.connection.executemany(
            "insert into cases (case_id, workflow, status, reason, result, channel, external,"
            " content, subject, version, opened_us, changed_us, tenant, priority, ready_us,"
            " ready_seq, resumed, faults, asked, closed_by, brought_by)"
            " values (?, ?, ?, '', '', '', ?, '', '', '', ?, ?, 'default', 'normal', ?, ?, 0, 0,"
            " 0, '', '')",
            [
                (one, name, status, one, now_us, now_us, None if parked else now_us + number,
                 None if parked else 1)
                for number, one in enumerate(ids)
            ],
        )  # fmt: skip
        if parked:
            uow.connection.executemany(
                "insert into waits (case_id, path, kind, ref, expires_us, since_us)"
                " values (?, '1', 'time', 'sleep', ?, ?)",
                [(one, now_us + number, now_us) for number, one in enumerate(ids)],
            )
            uow.connection.executemany(
                f"insert into timers ({timers.COLUMNS}) values (?, ?, 'wait', ?, '1', 'sleep')",
                [(f"{one}:1", now_us + number * 1_000_000, one) for number, one in enumerate(ids)],
            )

    world.writer.run(work)
    return ids


async def test_parked_cases_cost_no_memory_and_each_timer_fires_once(
    world: World, record_property: Callable[[str, object], None]
) -> None:
    ids = crowd(world, "parked", DESK)
    dispatcher = world.dispatcher
    assert isinstance(dispatcher, Embedded)
    keeper = Timekeeper(
        read=world.read, writer=world.writer, now=world.clock, wake=dispatcher.sweep,
        watch=ClockWatch(now=world.clock, elapsed=lambda: world.clock().timestamp()),
        jobs=Jobs(read=world.read, writer=world.writer, now=world.clock),
    )  # fmt: skip

    async def work() -> None:
        await world.until(lambda: dispatcher.idle)
        tasks = len(asyncio.all_tasks())
        assert dispatcher._queues == {}
        assert tasks <= 3, "the test's, the dispatcher's"
        now_us = clock.microseconds(world.clock())
        seconds = DUE - 1
        world.clock.moment = clock.instant(now_us + seconds * 1_000_000)  # type: ignore[attr-defined]  # it ticks
        fired = await keeper.tick()
        assert fired >= DUE - 1
        fired += await keeper.tick()  # the clock ticks on with each look
        await world.until(lambda: len(world.ran) >= fired)
        await world.settle()

    await running(world, work)

    assert set(counted(world.ran).values()) == {1}
    assert set(world.ran) == set(ids[: len(world.ran)]), "those that were due, and no others"
    left = world.database.read(
        lambda c: c.value("select count(*) from cases where status = 'parked'")
    )
    assert left == CROWD - len(world.ran)
    record_property("parked", CROWD)
    record_property("fired", len(world.ran))


async def test_a_full_lane_delays_anothers_single_case_by_one_turn(world: World) -> None:
    crowd(world, "ready", "full-desk")
    world.dispatcher.runs_max = 1  # type: ignore[attr-defined]  # the embedded one
    kept: list[int] = []

    async def work() -> None:
        await world.until(lambda: len(world.ran) >= 3)
        before = len(world.ran)
        single = await asyncio.to_thread(world.receive)
        await world.until(lambda: single in world.ran)
        queues = world.dispatcher._queues.values()  # type: ignore[attr-defined]
        kept.extend(len(kind.cases) for queue in queues for kind in (queue.begun, queue.new))
        began = world.ran.index(single)
        committed = world.database.read(lambda c: ready.count(c, CROWD + 1))
        assert committed > CROWD - 2_000
        assert began >= before - 1
        told.append(single)

    told: list[str] = []
    original = world.committed
    turns_at: list[int] = []

    def noted(committed: object) -> None:
        if any(case.workflow == DESK for case in committed.ready):  # type: ignore[attr-defined]
            turns_at.append(len(world.ran))
        original(committed)  # type: ignore[arg-type]

    world.committed = noted  # type: ignore[method-assign]
    await running(world, work, seconds=5)

    assert world.ran.index(told[0]) - turns_at[0] <= 2, "one turn of the other lane, one under way"
    assert all(number <= PAGE for number in kept)
