"""The queue of several workers: entries come and go with the caller's transaction."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest

from remit.orchestration import dbos
from remit.orchestration.dbos import Executor, Queue, Taken
from remit.orchestration.lanes import LaneSettings
from remit.store.postgres import PostgresConnection, session
from remit.store.ready import Ready

pytestmark = pytest.mark.anyio
LANES = {
    "refund-desk": LaneSettings(),
    "triage": LaneSettings(),
    "slow": LaneSettings(running_max=2),
}
CASES = tuple(f"01a{n:x}" + "0" * 28 for n in range(16))
WORKER = "w" + "1" * 31


@pytest.fixture
def url(postgres_url: str) -> str:
    dbos.migrate(postgres_url)
    return postgres_url


@pytest.fixture
def connection(url: str) -> Iterator[PostgresConnection]:
    opened = session(url, owner="remit tests")
    yield opened
    opened.close()


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    opened = Queue(url, lanes=LANES.get)
    opened.register(tuple(LANES), runs_max=8, polling_seconds=0.01)
    yield opened
    opened.close()


def case(n: int = 0, **changes: object) -> Ready:
    given: dict[str, object] = {
        "case_id": CASES[n],
        "tenant": "default",
        "workflow": "refund-desk",
        "priority": "normal",
        "resumed": False,
        "ready_us": n,
        "seq": 1,
    }
    return Ready(**{**given, **changes})  # type: ignore[arg-type]  # as the fields are


def put(connection: PostgresConnection, queue: Queue, *given: Ready) -> None:
    connection.begin(write=True)
    for one in given:
        queue.put(connection, one)
    connection.commit()


async def until(true: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not happen within ten seconds")


class Worked:
    """A worker on this loop that notes what it was given, and can be held."""

    def __init__(self, url: str, queue: Queue) -> None:
        self.executor = Executor(url, worker=WORKER, sessions="remit tests")
        self.queues = queue.names(tuple(LANES))
        self.began: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __aenter__(self) -> Self:
        self.executor.launch(self.drive, self.queues)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        await asyncio.to_thread(self.executor.end)

    async def drive(self, entry: Taken, workflow: str) -> str:
        self.began.append(entry.case_id)
        await self.gate.wait()
        return "parked"


def test_an_entry_is_there_with_the_transaction_or_not_at_all(
    connection: PostgresConnection, queue: Queue
) -> None:
    connection.begin(write=True)
    queue.put(connection, case())
    connection.rollback()
    assert queue.queued(CASES) == set()
    connection.begin(write=True)
    queue.put(connection, case())
    assert queue.queued(CASES) == set()  # nobody else sees it yet
    connection.commit()
    assert queue.queued(CASES) == {CASES[0]}


def test_an_error_of_the_unit_leaves_the_session_usable(
    connection: PostgresConnection, queue: Queue
) -> None:
    connection.begin(write=True)
    queue.put(connection, case())
    with pytest.raises(Exception, match="refused a statement"):
        connection.execute("select nothing from nowhere")
    connection.rollback()
    put(connection, queue, case(1))
    assert queue.queued(CASES) == {CASES[1]}


async def test_the_same_wake_twice_is_one_run(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    put(connection, queue, case(), case())
    put(connection, queue, case())
    put(connection, queue, case(seq=4))
    async with Worked(url, queue) as worked:
        await until(lambda: not queue.queued(CASES))
        put(connection, queue, case(seq=4))  # and once more when all is done
        assert queue.queued(CASES) == set()
    assert worked.began == [CASES[0], CASES[0]]


async def test_urgent_comes_first_and_what_was_begun_before_what_is_new(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    put(connection, queue, case(0, priority="bulk"))
    put(connection, queue, case(1))
    put(connection, queue, case(2, resumed=True))
    put(connection, queue, case(3, priority="urgent"))
    async with Worked(url, queue) as worked:
        await until(lambda: len(worked.began) == 4)
    assert worked.began == [CASES[n] for n in (3, 2, 1, 0)]


async def test_a_full_lane_leaves_room_for_another(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    async with Worked(url, queue) as worked:
        worked.gate.clear()
        put(connection, queue, *(case(n) for n in range(12)))
        await until(lambda: len(worked.began) == 6)  # three quarters of eight
        put(connection, queue, case(12, workflow="triage"))
        await until(lambda: len(worked.began) == 7)
        assert worked.began[-1] == CASES[12]


async def test_suspects_run_one_at_a_time(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    async with Worked(url, queue) as worked:
        worked.gate.clear()
        put(connection, queue, case(0, faults=2), case(1, faults=2))
        await until(lambda: len(worked.began) == 1)
        put(connection, queue, case(2))
        await until(lambda: len(worked.began) == 2)
        assert set(worked.began) == {CASES[0], CASES[2]}
        worked.gate.set()
        await until(lambda: len(worked.began) == 3)


async def test_what_a_worker_has_in_hand_is_seen_withdrawn_and_given_back(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    async with Worked(url, queue) as worked:
        worked.gate.clear()
        put(connection, queue, case(0, seq=7), case(1, seq=7))
        await until(lambda: len(worked.began) == 2)
        mine = [Taken(id=f"{one}:7", case_id=one, seq=7, queue=dbos.QUEUE) for one in CASES[:2]]
        assert sorted(queue.held(WORKER), key=lambda one: one.id) == mine
        assert queue.held("somebody else") == []
        assert list(queue.taken()) == [WORKER]
        queue.withdraw([mine[0].id])
        queue.give_back([mine[1]])
        await until(lambda: len(worked.began) == 3)
        assert worked.began[2] == CASES[1]


async def test_finished_entries_are_forgotten_in_time(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    put(connection, queue, case(0), case(1))
    async with Worked(url, queue):
        await until(lambda: not queue.queued(CASES))
    put(connection, queue, case(2))
    now = datetime.now(UTC)
    assert queue.forget(now - timedelta(hours=1)) == 0
    assert queue.forget(now + timedelta(hours=1)) == 2
    assert queue.queued(CASES) == {CASES[2]}


async def test_a_workflow_that_may_run_twice_at_once_does_not_run_three_times(
    url: str, connection: PostgresConnection, queue: Queue
) -> None:
    async with Worked(url, queue) as worked:
        worked.gate.clear()
        put(connection, queue, *(case(n, workflow="slow") for n in range(5)))
        await until(lambda: len(worked.began) == 2)
        put(connection, queue, case(9))
        await until(lambda: len(worked.began) == 3)
        assert set(worked.began) == {*CASES[:2], CASES[9]}
        worked.gate.set()
        await until(lambda: len(worked.began) == 6)


def test_nothing_but_ids_and_workflows_stands_in_the_rows_of_the_queue(
    connection: PostgresConnection, queue: Queue
) -> None:
    put(connection, queue, case(tenant="Maria Kowalska"))
    tables = connection.rows(
        "select table_name from information_schema.tables where table_schema = 'dbos'"
    )
    rows = [str(connection.rows(f"select t::text from dbos.{name} t")) for (name,) in tables]
    assert any(CASES[0] in row for row in rows)
    assert not any("Maria" in row for row in rows)


def test_a_database_without_the_tables_says_what_to_do(postgres_url: str) -> None:
    opened = session(postgres_url, owner="remit tests")
    assert dbos.lacking(opened)
    opened.close()
    executor = Executor(postgres_url, worker=WORKER, sessions="remit tests")

    async def nothing(entry: Taken, workflow: str) -> str:
        return ""

    with pytest.raises(Exception, match="run `remit migrate`"):
        executor.launch(nothing, [dbos.QUEUE])
