"""One suite for the store on SQLite and PostgreSQL: units, receipts, fences, reopening."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from remit.domain.entry import Entry
from remit.errors import (
    BusyError,
    ConflictError,
    DatabaseInUseError,
    EntryRefusedError,
    FencedError,
    LedgerMismatchError,
    NewerDatabaseError,
    StorageError,
)
from remit.ledger import read
from remit.ledger.append import Journal
from remit.ledger.seal import KeyRing
from remit.store import lanes
from remit.store.connection import Connection
from remit.store.database import open_database
from remit.store.ready import Ready
from remit.store.unit import UnitOfWork
from remit.store.writer import Receipt, open_writer
from tests.opened import ORIGIN, Opened, appending, draft, ids, opened

CASE = "01a2" + "0" * 28
OTHER = "01a3" + "0" * 28


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/remit.db"
    given: str = request.getfixturevalue("postgres_url")
    return given


def stream(store: Opened, case_id: str = CASE) -> list[Entry]:
    return store.database.read(lambda c: read.stream(c, store.keys, case_id))


def note(uow: UnitOfWork, name: str, n: int = 1) -> None:
    uow.connection.execute("insert into notes (name, n) values (?, ?)", (name, n))


def opening(store: Opened) -> int:
    """Return how many entries open the origin and the chains of its writers."""
    return int(
        store.database.read(
            lambda c: c.value("select count(*) from entries where event like 'ledger:%'")
        )
    )


def ready(case_id: str) -> Ready:
    return Ready(
        case_id=case_id, tenant="default", workflow="refund-desk", priority="normal",
        resumed=False, ready_us=1, seq=1,
    )  # fmt: skip


def notes(store: Opened) -> list[str]:
    found = store.database.read(lambda c: c.rows("select name from notes order by name"))
    return [row[0] for row in found]


def test_what_was_appended_is_read_back_whole(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        receipt = store.append(CASE, 3)

        place = receipt.sequenced().result(timeout=20)

        assert receipt.entries == ((CASE, 1), (CASE, 2), (CASE, 3))
        assert receipt.level == ("sequenced" if store.sqlite else "durable")
        assert place.positions == (2, 3, 4)  # after the entries that open origin and writer
        assert place.size >= 5
        assert receipt.hashes == tuple(
            store.database.read(
                lambda c: [
                    row[0]
                    for row in c.rows(
                        "select leaf_hash from entry_order where position >= 2 order by position"
                    )
                ]
            )
        )
        assert stream(store) == receipt.value
        assert [entry.payloads for entry in stream(store)] == [{"result": "a masked answer"}] * 3


def test_a_failing_unit_takes_only_itself_back(url: str, tmp_path: Path) -> None:
    gate, inside = threading.Event(), threading.Event()

    def hold(uow: UnitOfWork) -> None:
        note(uow, "held")
        inside.set()
        gate.wait(timeout=20)

    def fails(uow: UnitOfWork) -> None:
        note(uow, "lost")
        uow.append(draft(CASE))
        uow.ready(ready(CASE))
        raise ValueError("the caller's own")

    def conflicts(uow: UnitOfWork) -> None:
        uow.append(draft(CASE))
        note(uow, "held")

    with opened(url, tmp_path) as store:
        futures: list[Future[Any]] = [store.writer.submit(hold)]
        inside.wait(timeout=20)
        works = [appending(CASE), fails, appending(CASE), conflicts, appending(OTHER)]
        futures += [store.writer.submit(work) for work in works]
        gate.set()
        wait(futures)

        assert [f.exception() is None for f in futures] == [True, True, False, True, False, True]
        assert str(futures[2].exception()) == "the caller's own"
        assert isinstance(futures[4].exception(), ConflictError)
        assert notes(store) == ["held"]
        assert [entry.seq for entry in stream(store)] == [1, 2]
        assert [case for batch in store.committed for case in batch.ready] == []
        assert store.verify().result == "intact"


def test_units_that_fail_at_random_leave_no_trace(url: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    cases = [f"{n:032x}" for n in range(5)]
    kept: dict[str, int] = dict.fromkeys(cases, 0)

    def work(case_id: str, n: int, *, fail: bool) -> Callable[[UnitOfWork], None]:
        def append(uow: UnitOfWork) -> None:
            for _ in range(n):
                uow.append(draft(case_id))
                note(uow, f"{case_id}-{uow.tail(case_id)}")
            if fail:
                raise ValueError("after writing")

        return append

    with opened(url, tmp_path) as store:
        futures: list[Future[Receipt[None]]] = []
        for _ in range(150):
            case_id, n, fail = chance.choice(cases), chance.randint(0, 3), chance.random() < 0.2
            kept[case_id] += 0 if fail else n
            futures.append(store.writer.submit(work(case_id, n, fail=fail)))
        wait(futures)

        assert {case: len(stream(store, case)) for case in cases} == kept
        assert len(notes(store)) == sum(kept.values())
        report = store.verify()
        assert (report.result, report.size) == ("intact", sum(kept.values()) + opening(store))


def test_a_run_that_was_taken_over_is_fenced(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE, 1, run=1)
        store.append(CASE, 1, run=None)  # a vote: not of a run
        store.writer.run(lambda uow: uow.fence(CASE, 1, 1))
        store.append(CASE, 1, run=3)

        with pytest.raises(FencedError, match="run 3 has taken over"):
            store.writer.run(lambda uow: uow.fence(CASE, 1, 1))
        store.writer.run(lambda uow: uow.fence(CASE, 3, 1))


def test_a_fence_sees_entries_of_the_same_unit(url: str, tmp_path: Path) -> None:
    def work(uow: UnitOfWork) -> None:
        uow.append(draft(CASE, run=2))
        uow.fence(CASE, 0, 1)

    with opened(url, tmp_path) as store, pytest.raises(FencedError):
        store.writer.run(work)


def test_a_stream_that_is_said_to_be_new_and_is_not_refuses_the_unit(
    url: str, tmp_path: Path
) -> None:
    def work(uow: UnitOfWork) -> None:
        uow.begin(CASE)
        uow.append(draft(CASE))

    with opened(url, tmp_path) as store:
        store.writer.run(work)
        with pytest.raises(ConflictError):
            store.writer.run(work)
        store.append(OTHER)
        assert store.verify().result == "intact"


def test_a_refused_entry_may_be_caught_and_leaves_the_unit_whole(url: str, tmp_path: Path) -> None:
    def work(uow: UnitOfWork) -> int:
        with pytest.raises(EntryRefusedError):
            uow.append(draft(CASE, content={"score": 0.5}))  # type: ignore[dict-item]  # on purpose
        return uow.append(draft(CASE)).seq

    with opened(url, tmp_path) as store:
        assert store.writer.run(work).value == 1
        assert store.verify().result == "intact"


def test_a_reopened_store_goes_on_where_it_ended(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE, 2)
    with opened(url, tmp_path, seed=2) as store:
        receipt = store.append(CASE, 1)

        assert receipt.entries == ((CASE, 3),)
        place = receipt.sequenced().result(timeout=20)
        assert place.positions == (5,)  # this writer opened a chain of its own
        assert [entry.seq for entry in stream(store)] == [1, 2, 3]
        report = store.verify()
        assert (report.result, report.exit_code) == ("intact", 2)


def test_ledger_time_never_runs_back(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE)
        store.clock.moment -= timedelta(hours=1)
        store.append(CASE)
    with opened(url, tmp_path, seed=2) as store:
        store.clock.moment -= timedelta(hours=1)
        store.append(CASE)
        times = [entry.at_us for entry in stream(store)]

    assert times == sorted(times)


def test_a_second_owner_is_refused_and_told_who_the_first_is(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE)
        with pytest.raises(DatabaseInUseError, match=r"in use by `remit`.*stop it"):
            open_database(url, durability_check=False)

        beside = open_database(url, read_only=True, durability_check=False)
        assert len(beside.read(lambda c: read.stream(c, store.keys, CASE))) == 1
        with pytest.raises(StorageError, match="for reading only"):
            beside.writer()
        beside.close()
    open_database(url, durability_check=False).close()


def test_a_reader_keeps_its_snapshot_and_cannot_write(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE)

        def counts(connection: Connection) -> tuple[int, int]:
            before = len(read.stream(connection, store.keys, CASE))
            store.append(CASE)
            return before, len(read.stream(connection, store.keys, CASE))

        assert store.database.read(counts) == (1, 1)
        assert store.database.read(counts) == (2, 2)
        with pytest.raises(StorageError):
            store.database.read(lambda c: c.execute("delete from entries"))
        assert len(stream(store)) == 3


def test_after_a_commit_the_batch_is_handed_on(url: str, tmp_path: Path) -> None:
    def work(uow: UnitOfWork) -> None:
        uow.append(draft(CASE))
        uow.ready(ready(OTHER))
        uow.ready(ready(CASE))
        uow.ready(ready(OTHER))

    with opened(url, tmp_path) as store:
        store.writer.run(work)
    assert [entry.event for batch in store.committed for entry in batch.entries] == [
        "ledger:origin:opened",
        "ledger:writer:opened",
        "orchestration:tool:read",
    ]
    batch = store.committed[-1]
    assert (batch.ready, batch.size) == ((ready(OTHER), ready(CASE)), 3 if store.sqlite else None)


def test_a_full_lane_says_so_at_once_and_the_control_lane_has_its_own_room(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lanes.LANE_UNITS_MAX, "ordinary", 2)
    gate, inside = threading.Event(), threading.Event()
    order: list[str] = []

    def hold(_: UnitOfWork) -> None:
        inside.set()
        gate.wait(timeout=20)

    with opened(url, tmp_path, sessions_max=1) as store:
        first = store.writer.submit(hold)
        inside.wait(timeout=20)
        late = [store.writer.submit(lambda _: order.append("ordinary")) for _ in range(2)]
        with pytest.raises(BusyError, match="try again"):
            store.writer.submit(lambda _: None)
        urgent = store.writer.submit(lambda _: order.append("control"), lane="control")
        gate.set()
        wait([first, *late, urgent])
    assert order == ["control", "ordinary", "ordinary"]


def test_closing_commits_what_is_queued_and_then_refuses(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        futures = [store.writer.submit(appending(CASE)) for _ in range(20)]
        store.writer.close()
        numbers = [f.result().entries for f in futures]
        assert sorted(numbers) == [((CASE, n),) for n in range(1, 21)]
        if store.sqlite:
            assert numbers == sorted(numbers)
        with pytest.raises(StorageError, match="the writer has ended"):
            store.writer.submit(appending(CASE))


def test_a_newer_database_is_refused(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.writer.run(lambda uow: uow.connection.execute("update meta set value = '99'"))
    with pytest.raises(NewerDatabaseError, match="schema 99"):
        open_database(url, durability_check=False)
    with pytest.raises(NewerDatabaseError):
        open_database(url, durability_check=False, read_only=True)


@pytest.mark.parametrize(
    "damage",
    [
        "delete from entry_order where position = 3",
        "delete from checkpoints where size = (select max(size) from checkpoints)",
        "update ledger_head set size = size - 1",
        "update entry_order set leaf_hash = (select root from ledger_head) where position = 2",
    ],
)
def test_a_damaged_tail_stops_the_start(url: str, tmp_path: Path, damage: str) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE, 2)
        store.append(CASE, 2)
    database = open_database(url, durability_check=False)
    connection = database.writer()
    connection.execute(damage)
    connection.close()
    database.close()

    with pytest.raises(LedgerMismatchError), opened(url, tmp_path, seed=2):
        pass


def test_another_installations_keys_stop_the_start(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE)
    database = open_database(url, durability_check=False)
    keys = KeyRing(b"another root key of thirty-two b")
    journal = Journal(keys, origin=ORIGIN, ids=ids(3), random_bytes=random.randbytes)
    with pytest.raises(LedgerMismatchError, match=r"put back the `keys\.json`"):
        open_writer(database, journal, lambda _uow, _entry: None, store.clock)
    database.close()


def test_what_every_table_says_is_the_same_on_both(url: str, tmp_path: Path) -> None:
    """Booleans are integers, text sorts by code point, `?` in quotes is text, `%` is itself."""
    with opened(url, tmp_path) as store:

        def work(uow: UnitOfWork) -> list[tuple[object, ...]]:
            for name, n in (("b", True), ("A", 2**40), ("ä", 3), ("100%", 4), ("?", 5)):
                uow.connection.execute("insert into notes (name, n) values (?, ?)", (name, n))
            found = uow.connection.rows(
                "select name, n from notes where name <> '?' and name not like '%zzz%'"
                " and n <> ? order by name",
                (77,),
            )
            return list(found)

        assert store.writer.run(work).value == [("100%", 4), ("A", 2**40), ("b", 1), ("ä", 3)]
        assert store.database.size() > 0


def test_the_tail_is_read_in_order_from_any_position(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        store.append(CASE, 3)
        store.append(OTHER, 2)
        store.settle()
        first = store.database.read(lambda c: read.tail(c, -1, 4))
        rest = store.database.read(lambda c: read.tail(c, first[-1][0], 100))

    assert [position for position, _ in first + rest] == list(range(7))
    assert [entry.case_id for _, entry in first + rest][2:] == [CASE] * 3 + [OTHER] * 2
