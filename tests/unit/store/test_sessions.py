"""Sessions of a server: no more than the settings say, and a sentence where there is no room."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.errors import SessionsExhaustedError
from remit.orchestration import dbos
from remit.store import deployment
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.unit import UnitOfWork
from tests import postgres
from tests.opened import opened

OURS = "select count(*) from pg_stat_activity where datname = current_database()"
ALLOWED = 24


@pytest.fixture(scope="module")
def cramped_url() -> Iterator[str]:
    """A database on a server with room for few sessions."""
    if not postgres.available():
        pytest.skip("no binaries of PostgreSQL here")
    settings = {
        "max_connections": str(ALLOWED), "superuser_reserved_connections": "0",
        "reserved_connections": "0",
    }  # fmt: skip
    with postgres.server(settings=settings) as running:
        yield running.create()


def test_a_process_takes_no_more_sessions_than_are_set(postgres_url: str, tmp_path: Path) -> None:
    gate, arrived = threading.Event(), threading.Semaphore(0)

    def hold(_: UnitOfWork) -> None:
        arrived.release()
        gate.wait(timeout=20)

    def look(_: Connection) -> None:
        arrived.release()
        gate.wait(timeout=20)

    with opened(postgres_url, tmp_path, sessions_max=4) as store:
        units = [store.writer.submit(hold) for _ in range(9)]
        urgent = [store.writer.submit(hold, lane="control") for _ in range(9)]
        readers = [threading.Thread(target=store.database.read, args=(look,)) for _ in range(6)]
        for reader in readers:
            reader.start()
        for _ in range(4 + 2):
            assert arrived.acquire(timeout=20)
        asking = store.database.session()
        counted = int(asking.value(OURS)) - 1
        gate.set()
        for reader in readers:
            reader.join()
        for unit in (*units, *urgent):
            unit.result()
        asking.close()
    assert counted <= deployment.taken(4, shared=False) == 9


def test_whoever_reads_may_read_inside_it(postgres_url: str) -> None:
    database = open_database(postgres_url, durability_check=False, sessions_max=2)
    try:
        inner = lambda _: database.read(lambda c: c.value("SELECT 7"))  # noqa: E731
        assert database.read(inner) == 7
    finally:
        database.close()


def test_a_server_without_room_says_how_to_make_some(
    cramped_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    owners = [shared(cramped_url)]
    assert not caplog.records, "one process of 15 fits"
    owners.append(shared(cramped_url))
    assert "2 processes of this deployment take up to 15 sessions each" in caplog.text
    assert f"the server allows {ALLOWED}: set `sessions_max`" in caplog.text
    taken: list[Connection] = []
    try:
        taken += [owners[0].session() for _ in range(ALLOWED - len(owners))]
        with pytest.raises(SessionsExhaustedError) as error:
            owners[0].session()
    finally:
        for one in (*taken, *owners):
            one.close()
    said = str(error.value)
    assert "too many clients" in said
    assert "set a lower `sessions_max` in `remit.toml`" in said
    assert "raise the server's `max_connections`" in said
    assert said.endswith("a process takes up to 15 with `sessions_max = 2`")
    assert error.value.status == 503


def test_a_writer_that_finds_no_more_room_goes_on_with_what_it_has(
    cramped_url: str, tmp_path: Path
) -> None:
    entered = threading.Semaphore(0)
    gate = threading.Event()

    def hold(_: UnitOfWork) -> int:
        entered.release()
        gate.wait(timeout=20)
        return 1

    with opened(cramped_url, tmp_path, sessions_max=16) as store:
        store.writer.run(lambda _: None)  # the first session is there
        others: list[Connection] = []
        try:
            while True:
                others.append(store.database.session())
        except SessionsExhaustedError:
            others.pop().close()  # room for one more
        units = [store.writer.submit(hold) for _ in range(12)]
        for _ in range(2):
            assert entered.acquire(timeout=20)
        gate.set()
        assert [unit.result(timeout=20).value for unit in units] == [1] * 12
        for one in others:
            one.close()


def shared(url: str) -> Database:
    return open_database(url, durability_check=False, shared=True, sessions_max=2)


def test_what_the_queue_takes_is_counted() -> None:
    assert dbos.CLIENT_POOL + dbos.WORKER_POOL == deployment.QUEUE_SESSIONS
    assert deployment.taken(deployment.SESSIONS_MAX, shared=True) == 36
