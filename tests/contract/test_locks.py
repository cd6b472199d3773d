"""Names that a transaction holds on PostgreSQL: what a gate decided on stays until its commit."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from remit.orchestration.standing import keep_standing
from remit.store import authority
from remit.store.unit import UnitOfWork
from tests.opened import Opened, draft, opened


def _until(inside: threading.Event, go: threading.Event) -> Callable[[UnitOfWork], None]:
    def work(uow: UnitOfWork) -> None:
        keep_standing(uow.connection, workflow="desk", action="refund", bounds=("A-1",))
        inside.set()
        go.wait(timeout=20)

    return work


@pytest.mark.parametrize(
    ("other", "waits"),
    [
        (lambda uow: uow.hold(authority.AUTHORITY), True),  # somebody sets a stop
        (lambda uow: _same_record(uow, "A-1"), True),
        (lambda uow: _same_record(uow, "A-2"), False),
        (lambda uow: authority.keep(uow.connection), False),  # another gate
    ],
)
def test_what_a_gate_decided_on_stays_until_its_commit(
    postgres_url: str, tmp_path: Path, other: Callable[[UnitOfWork], None], waits: bool
) -> None:
    inside, go = threading.Event(), threading.Event()
    with opened(postgres_url, tmp_path) as store:
        gate = store.writer.submit(_until(inside, go))
        inside.wait(timeout=20)
        second = store.writer.submit(other)
        try:
            if waits:
                _blocked(store)
                assert not second.done()
            else:
                second.result(timeout=20)
        finally:
            go.set()
        gate.result(timeout=20)
        second.result(timeout=20)


def _same_record(uow: UnitOfWork, record: str) -> None:
    keep_standing(uow.connection, workflow="desk", action="refund", bounds=(record,))


def _blocked(store: Opened) -> None:
    """Wait until somebody waits for a lock."""
    sql = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    for _ in range(10_000):
        if store.database.read(lambda c: c.value(sql)):
            return
    pytest.fail("nobody waits")


def test_two_that_wait_for_each_other_are_tried_again(postgres_url: str, tmp_path: Path) -> None:
    meeting = threading.Barrier(2, timeout=20)
    tries: list[str] = []

    def crossing(first: str, second: str) -> Callable[[UnitOfWork], None]:
        def work(uow: UnitOfWork) -> None:
            tries.append(first)
            uow.lock(first)
            if tries.count(first) == 1:
                meeting.wait()
            uow.append(draft(second))

        return work

    one, two = f"{1:032x}", f"{2:032x}"
    with opened(postgres_url, tmp_path) as store:
        futures = [
            store.writer.submit(crossing(one, two)),
            store.writer.submit(crossing(two, one)),
        ]
        assert [future.result(timeout=30).entries for future in futures] == [
            ((two, 1),),
            ((one, 1),),
        ]
        assert len(tries) == 3
