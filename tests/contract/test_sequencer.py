"""Several writers and the sequencer on PostgreSQL: positions have no gap and keep causal order."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

from remit.domain.entry import Draft, Entry
from remit.errors import DatabaseInUseError, SettingsError, UnsafeDatabaseError
from remit.ledger.keeper import Keeper
from remit.ledger.sequencer import Sequencer, SteppedDown
from remit.store.database import open_database
from remit.store.unit import UnitOfWork
from tests.opened import NOTES, Opened, appending, draft, opened

CASE = "01a2" + "0" * 28
WRITERS = 16


def pending(store: Opened) -> int:
    return int(store.database.read(lambda c: c.value("select count(*) from pending")))


def order(store: Opened) -> list[tuple[int, str, int]]:
    found = store.database.read(
        lambda c: c.rows("select position, case_id, seq from entry_order order by position")
    )
    return [(row[0], row[1], row[2]) for row in found]


@contextmanager
def together(works: list[Callable[[], None]]) -> Iterator[None]:
    """Run pieces of work at the same time, and let none of their errors be lost."""
    errors: list[BaseException] = []

    def one(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=one, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()
    assert errors == []


def kill(url: str, backend: int) -> None:
    """Take a session away as an administrator would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s, 5000)", (backend,))


def test_what_saw_a_commit_has_a_higher_position(postgres_url: str, tmp_path: Path) -> None:
    """Sixteen writers append entries that name one which somebody else has committed."""
    seen: list[Entry] = []

    with opened(postgres_url, tmp_path) as store:
        seen.extend(store.append(CASE).value)

        def writes(number: int) -> None:
            chance = random.Random(number)
            for _ in range(25):
                cause = chance.choice(seen[-WRITERS:])
                because = replace(draft(f"{number:032x}"), causes=(cause.id,))
                seen.append(store.writer.run(one(because)).value)

        with together([partial(writes, n + 1) for n in range(WRITERS)]):
            pass
        assert store.keeper.drain()
        report = store.verify()
        rows = order(store)
        causes = store.database.read(_causes)

        assert report.result == "intact"
        assert len(seen) == 1 + WRITERS * 25
        assert [position for position, _, _ in rows] == list(range(report.size))
        places = {(case_id, seq): position for position, case_id, seq in rows}
        by_id = {entry.id: places[entry.case_id, entry.seq] for entry in seen}
        assert all(by_id[cause] < by_id[entry] for entry, cause in causes)
        assert len(causes) == WRITERS * 25
        assert pending(store) == 0


def one(what: Draft) -> Callable[[UnitOfWork], Entry]:
    return lambda uow: uow.append(what)


def _causes(connection: Any) -> list[tuple[str, str]]:
    """Return (entry, cause) of all entries that name one."""
    import json

    leaves = [json.loads(row[0]) for row in connection.rows("select leaf from entries")]
    return [(leaf["id"], cause) for leaf in leaves for cause in leaf.get("causes", ())]


def test_writers_of_one_stream_number_it_without_a_gap(postgres_url: str, tmp_path: Path) -> None:
    with opened(postgres_url, tmp_path) as store:
        futures = [store.writer.submit(appending(CASE, 3)) for _ in range(60)]
        numbers = [number for future in futures for _, number in future.result().entries]

        assert sorted(numbers) == list(range(1, 181))
        assert store.verify().result == "intact"


def test_positions_are_the_ones_of_the_receipts(postgres_url: str, tmp_path: Path) -> None:
    with opened(postgres_url, tmp_path) as store:
        receipts = [store.writer.submit(appending(f"{n:032x}", 2)) for n in range(40)]
        places = [one.result().sequenced() for one in receipts]
        told = {
            pair: position
            for receipt, place in zip(receipts, places, strict=True)
            for pair, position in zip(
                receipt.result().entries, place.result(timeout=20).positions, strict=True
            )
        }
        stored = {(case_id, seq): position for position, case_id, seq in order(store)}

        assert told.items() <= stored.items()
        assert len(told) == 80


def test_a_place_is_told_at_once_where_this_process_gives_it(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOOK_SECONDS", "LOOK_SECONDS_MAX"):
        monkeypatch.setattr(f"remit.store.places.{name}", 60.0)
    with opened(postgres_url, tmp_path) as store:
        for _ in range(5):
            receipt = store.append(CASE)
            assert receipt.sequenced().result(timeout=20).positions


def test_processes_that_share_a_database_write_side_by_side(
    postgres_url: str, tmp_path: Path
) -> None:
    with (
        opened(postgres_url, tmp_path, shared=True) as one,
        opened(postgres_url, tmp_path, seed=2, shared=True) as two,
    ):
        assert (one.keeper.leads, two.keeper.leads) == (True, False)
        futures = [store.writer.submit(appending(CASE)) for _ in range(30) for store in (one, two)]
        numbers = sorted(future.result().entries[0][1] for future in futures)
        place = futures[-1].result().sequenced().result(timeout=20)

        assert numbers == list(range(1, 61))
        assert place.size > place.positions[0]
        assert two.keeper.drain()
        assert one.verify().result == "intact"
        with pytest.raises(DatabaseInUseError, match="in use by `remit`"):
            open_database(postgres_url, durability_check=False)


def test_a_process_alone_refuses_one_that_would_share(postgres_url: str, tmp_path: Path) -> None:
    with (
        opened(postgres_url, tmp_path),
        pytest.raises(DatabaseInUseError, match=r"in use by `remit` \(server process"),
    ):
        open_database(postgres_url, durability_check=False, shared=True)


def test_a_file_is_not_shared(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="several processes need PostgreSQL"):
        open_database(f"sqlite:///{tmp_path}/remit.db", shared=True)


def test_another_process_sequences_when_the_first_ends(postgres_url: str, tmp_path: Path) -> None:
    with opened(postgres_url, tmp_path, shared=True) as store:
        other = open_database(postgres_url, schema=NOTES, durability_check=False, shared=True)
        keeper = Keeper(other, store.journal)
        try:
            assert not keeper.leads
            store.append(CASE, 2)
            store.keeper.close()
            receipt = store.append(CASE, 2)
            place = receipt.sequenced().result(timeout=20)

            assert keeper.leads
            assert place.size - 1 == place.positions[1] == place.positions[0] + 1
            assert store.verify().result == "intact"
        finally:
            keeper.close()
            other.close()


def test_a_process_that_does_not_sequence_asks_for_the_lock_no_more_often_for_writing(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.ledger.keeper.LOCK_SECONDS", 60.0)
    asked: list[Keeper] = []
    lead = Keeper._lead

    def counted(keeper: Keeper) -> bool:
        asked.append(keeper)
        return lead(keeper)

    monkeypatch.setattr(Keeper, "_lead", counted)
    with (
        opened(postgres_url, tmp_path, shared=True),
        opened(postgres_url, tmp_path, seed=2, shared=True) as other,
    ):
        for _ in range(20):
            other.append(CASE).sequenced().result(timeout=20)
            other.keeper.nudge()
        assert asked.count(other.keeper) <= 2


def test_a_sequencer_without_the_lock_steps_down(postgres_url: str, tmp_path: Path) -> None:
    """A lock dies silently with its session; the head's epoch and size do not."""
    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)
        store.settle()
        store.keeper.close()
        old, new = store.database.sequencer(), store.database.sequencer()
        frozen, living = Sequencer(old, store.journal.tree()), Sequencer(new, store.journal.tree())
        frozen.start()
        living.start()
        store.append(CASE, 2)

        with pytest.raises(SteppedDown):
            frozen.step()
        assert living.step() == 2
        store.append(CASE)
        frozen.start()  # it may try again, and then the other must go
        assert frozen.step() == 1
        store.append(CASE)
        with pytest.raises(SteppedDown):
            living.step()
        assert frozen.step() == 1
        for session in (old, new):
            session.close()
        assert pending(store) == 0
        assert [position for position, _, _ in order(store)] == list(range(7))
        assert store.verify().result == "intact"


@pytest.mark.parametrize("point", ["pending", "before-commit", "after-commit"])
def test_a_sequencer_that_loses_its_session_goes_on(
    postgres_url: str, tmp_path: Path, point: str
) -> None:
    with opened(postgres_url, tmp_path) as store:
        left = [2]

        def lose(passed: str) -> None:
            if passed == point and left[0]:
                left[0] -= 1
                sequencer = store.keeper._sequencer
                assert sequencer is not None
                kill(postgres_url, sequencer._backend)

        store.keeper.points.append(lose)
        for _ in range(6):
            store.append(CASE, 2)
            store.settle()

        assert left == [0]
        assert pending(store) == 0
        assert store.verify().result == "intact"


@pytest.mark.slow
@pytest.mark.parametrize("point", ["before-commit", "after-commit"])
def test_a_frozen_sequencer_does_not_hold_the_log(
    postgres_url: str, tmp_path: Path, point: str
) -> None:
    """Its process is stopped, its connection lives: the server ends the session."""
    frozen, go = threading.Event(), threading.Event()

    def freeze(passed: str) -> None:
        if passed == point and not frozen.is_set():
            frozen.set()
            go.wait(timeout=60)

    with opened(postgres_url, tmp_path, shared=True) as store:
        store.settle()
        other = open_database(postgres_url, schema=NOTES, durability_check=False, shared=True)
        keeper = Keeper(other, store.journal)
        try:
            assert not keeper.leads
            store.keeper.points.append(freeze)
            first = store.append(CASE, 2)
            assert frozen.wait(20)
            second = store.append(CASE, 2)
            places = [one.sequenced().result(timeout=30) for one in (first, second)]
            assert keeper.leads
            assert [place.positions for place in places] == [(2, 3), (4, 5)]
            go.set()
            assert store.append(CASE).sequenced().result(timeout=30).positions == (6,)
            assert keeper.drain()
            assert store.verify().result == "intact"
        finally:
            go.set()
            keeper.close()
            other.close()


class _Pooled:
    """Two sessions behind one door: each transaction, and each statement alone, gets another."""

    dialect = "postgresql"

    def __init__(self, sessions: list[Any]) -> None:
        self.sessions = sessions

    def begin(self, *, write: bool) -> None:
        self.sessions.reverse()
        self.sessions[0].begin(write=write)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sessions[0], name)


def test_a_pooler_between_is_refused(postgres_url: str, tmp_path: Path) -> None:
    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)
        store.settle()
        store.keeper.close()
        pooled = _Pooled([store.database.sequencer(), store.database.sequencer()])
        sequencer = Sequencer(pooled, store.journal.tree())  # type: ignore[arg-type]  # it is one in all that is used
        sequencer.start()
        store.append(CASE)
        sequencer.start()
        with pytest.raises(UnsafeDatabaseError, match="pooler in transaction mode"):
            sequencer.step()
        for session in pooled.sessions:
            session.close()


def test_a_leaf_that_is_gone_ends_the_sequencer(postgres_url: str, tmp_path: Path) -> None:
    with opened(postgres_url, tmp_path) as store:
        told: list[Exception] = []
        store.keeper.close()
        store.append(CASE)
        store.writer.run(
            lambda uow: uow.connection.execute("delete from entries where case_id = ?", (CASE,))
        )
        keeper = Keeper(store.database, store.journal, on_trouble=told.append)
        assert not keeper.drain(seconds=0.5)
        keeper.close()
        assert "waits for its position is gone" in str(told[0])


def test_a_dropped_arrival_is_found(postgres_url: str, tmp_path: Path) -> None:
    """An entry that nobody will ever number is a leaf without a position."""
    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)
        store.keeper.close()
        store.append(CASE)
        store.writer.run(lambda uow: uow.connection.execute("delete from pending where seq = 2"))
        report = store.verify()

        assert report.result == "tampered"
        assert any("`entries` has" in finding.text for finding in report.checks)
