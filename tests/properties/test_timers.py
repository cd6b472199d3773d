"""Laws of timers: never early, each once, in the order of their time, however the clock jumps."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from remit.domain import clock
from remit.domain.event import WaitStarted
from remit.orchestration.clock_watch import AHEAD_SECONDS_MAX, ClockWatch
from remit.orchestration.jobs import Jobs
from remit.orchestration.schedule import Timekeeper
from remit.store import timers
from tests import dispatching
from tests.faults.lengths import times

START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A wall clock and one that runs forward, each moved by hand."""

    wall: datetime = START
    seconds: float = 0.0

    def __call__(self) -> datetime:
        return self.wall

    def elapsed(self) -> float:
        return self.seconds


# (time that really passes, what is done to the wall clock meanwhile), in seconds
moves = st.lists(
    st.tuples(
        st.integers(0, 7_200),
        st.sampled_from([0, 0, 0, -1, 1, -3_600, 250, 3_600, 86_400, -86_400]),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@settings(max_examples=times(25, long=300))
@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=15), moves)
def test_every_timer_fires_once_and_in_order_and_never_before_its_time(
    delays: list[int], story: list[tuple[int, int]]
) -> None:
    asyncio.run(_story(delays, story))


async def _story(delays: list[int], story: list[tuple[int, int]]) -> None:
    told = Clock()
    with (
        tempfile.TemporaryDirectory() as folder,
        dispatching.opened(f"sqlite:///{folder}/remit.db", Path(folder), clock=told) as world,
    ):
        watch = ClockWatch(now=told, elapsed=told.elapsed)
        keeper = Timekeeper(
            read=world.read,
            writer=world.writer,
            now=told,
            watch=watch,
            wake=lambda: None,
            jobs=Jobs(read=world.read, writer=world.writer, now=told),
        )
        due = {}
        for delay, case_id in zip(delays, world.receive_many(len(delays)), strict=True):
            until = clock.microseconds(START + timedelta(seconds=delay))
            world.append(case_id, WaitStarted(kind="time", ref="sleep", expires_us=until))
            due[case_id] = until
        fired: dict[str, int] = {}
        for passes, jump in [*story, (0, 0)]:
            told.seconds += passes
            told.wall += timedelta(seconds=passes + jump)
            doubtful = watch.ahead_seconds > AHEAD_SECONDS_MAX
            await keeper.tick()
            ended = _ended(world)
            assert not (doubtful and ended.keys() - fired.keys())
            for case_id in ended.keys() - fired.keys():
                fired[case_id] = ended[case_id]
                assert due[case_id] <= clock.microseconds(told.wall)
                assert due[case_id] <= ended[case_id]
        told.wall = max(told.wall, START) + timedelta(days=3)
        watch.confirm()
        assert await keeper.tick() == len(due) - len(fired)
        assert await keeper.tick() == 0

        entries = _ended(world)
        assert entries.keys() == due.keys()
        order = _order(world)
        late = [due[case_id] for case_id in order[len(fired) :]]
        assert late == sorted(late), "after a stop what is due fires in the order of its time"
        assert world.database.read(timers.first_due) is None


def _ended(world: dispatching.World) -> dict[str, int]:
    rows = world.database.read(
        lambda c: c.rows(
            "select case_id, at_us from entries where event = 'orchestration:wait:ended'"
        )
    )
    assert len(rows) == len({row[0] for row in rows}), "a timer fired twice"
    return dict(rows)


def _order(world: dispatching.World) -> list[str]:
    rows = world.database.read(
        lambda c: c.rows(
            "select o.case_id from entry_order o join entries e on e.case_id = o.case_id and"
            " e.seq = o.seq where e.event = 'orchestration:wait:ended' order by o.position"
        )
    )
    return [row[0] for row in rows]


@given(st.lists(st.tuples(st.integers(0, 1_000), st.integers(-1_000, 1_000)), max_size=20))
def test_the_watch_measures_what_was_done_to_the_wall_clock(story: list[tuple[int, int]]) -> None:
    told = Clock()
    watch = ClockWatch(now=told, elapsed=told.elapsed)
    for passes, jump in story:
        told.seconds += passes
        told.wall += timedelta(seconds=passes + jump)
    ahead = sum(jump for _, jump in story)

    assert abs(watch.ahead_seconds - ahead) < 0.001
    assert watch.doubtful == (ahead > AHEAD_SECONDS_MAX)
    watch.confirm()
    assert not watch.doubtful
