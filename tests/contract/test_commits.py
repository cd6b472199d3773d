"""Around a commit: one that has no answer, one that is large enough, and what rides in it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from remit.domain.entry import Entry
from remit.errors import (
    ConflictError,
    FencedError,
    StorageUnavailableError,
)
from remit.ledger import read
from remit.store import committer, sessions
from remit.store.connection import Connection
from remit.store.ready import Ready
from remit.store.unit import UnitOfWork
from tests.opened import Opened, appending, draft, opened

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


def ready(case_id: str) -> Ready:
    return Ready(
        case_id=case_id, tenant="default", workflow="refund-desk", priority="normal",
        resumed=False, ready_us=1, seq=1,
    )  # fmt: skip


def notes(store: Opened) -> list[str]:
    found = store.database.read(lambda c: c.rows("select name from notes order by name"))
    return [row[0] for row in found]


class _Cut:
    """Fails the next COMMIT of a writer, after it was made or instead of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, kept: bool) -> None:
        from remit.store.postgres import PostgresConnection
        from remit.store.sqlite import SqliteConnection

        self.left = 0
        for kind in (PostgresConnection, SqliteConnection):
            monkeypatch.setattr(kind, "commit", self._failing(kind.commit, kept=kept))

    def _failing(self, real: Callable[[Any], None], *, kept: bool) -> Callable[[Any], None]:
        def commit(connection: Any) -> None:
            if not self.left or not threading.current_thread().name.startswith("remit-writer"):
                real(connection)
                return
            self.left -= 1
            if kept:
                real(connection)
            connection.close()
            raise StorageUnavailableError("the line was cut, or the disk")

        return commit


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_without_an_answer_is_looked_up(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    cut = _Cut(monkeypatch, kept=kept)
    gate, inside = threading.Event(), threading.Event()

    def hold(uow: UnitOfWork) -> int:
        inside.set()
        gate.wait(timeout=20)
        return uow.append(draft(OTHER)).seq

    def fails(uow: UnitOfWork) -> None:
        uow.append(draft(CASE))
        raise ValueError("the caller's own")

    with opened(url, tmp_path) as store:
        store.append(CASE)
        first: Future[Any] = store.writer.submit(hold)
        inside.wait(timeout=20)
        works: list[Callable[[UnitOfWork], Any]] = [appending(CASE, 2), fails]
        late: list[Future[Any]] = [store.writer.submit(work) for work in works]
        cut.left = 1
        gate.set()
        wait([first, *late])

        assert cut.left == 0
        assert first.result().value == 1
        assert late[0].result().entries == ((CASE, 2), (CASE, 3))
        assert str(late[1].exception()) == "the caller's own"
        assert [entry.seq for entry in stream(store)] == [1, 2, 3]
        assert [entry.seq for entry in stream(store, OTHER)] == [1]
        places = [one.result().sequenced().result(timeout=20) for one in (first, late[0])]
        stored = store.database.read(
            lambda c: {
                (row[0], row[1]): row[2]
                for row in c.rows("select case_id, seq, position from entry_order")
            }
        )
        assert places[0].positions == (stored[OTHER, 1],)
        assert places[1].positions == (stored[CASE, 2], stored[CASE, 3])
        assert store.append(CASE).entries == ((CASE, 4),)
        assert store.verify().result == "intact"


def test_a_commit_that_fails_again_is_said_so(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "AWAY_SECONDS_MAX", 0.0)
    cut = _Cut(monkeypatch, kept=False)
    with opened(url, tmp_path) as store:
        store.append(CASE)
        cut.left = 2
        with pytest.raises(StorageUnavailableError):
            store.append(CASE)
        cut.left = 0
        assert store.append(CASE).entries == ((CASE, 2),)
        assert store.verify().result == "intact"


def test_a_lost_commit_whose_place_was_taken_is_fenced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else has written to the file meanwhile, which nobody should be able to do."""
    cut = _Cut(monkeypatch, kept=False)
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE)

        def work(uow: UnitOfWork) -> None:
            uow.append(draft(CASE))

        real = store.database.writer

        def taken() -> Connection:
            connection = real()
            connection.execute(
                "insert into entries select case_id, 2, event, run, path, at_us, tenant, workflow,"
                " writer_id, 99, leaf, leaf_hash from entries where case_id = ? and seq = 1",
                (CASE,),
            )
            return connection

        monkeypatch.setattr(store.database, "writer", taken)
        cut.left = 1
        with pytest.raises(FencedError, match="another entry stands"):
            store.writer.run(work)


def test_a_batch_ends_where_it_is_large_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "BATCH_BYTES_MAX", 50_000)
    gate, inside = threading.Event(), threading.Event()

    def hold(_: UnitOfWork) -> None:
        inside.set()
        gate.wait(timeout=20)

    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        futures: list[Future[Any]] = [store.writer.submit(hold)]
        inside.wait(timeout=20)
        futures += [store.writer.submit(appending(CASE, content="x" * 20_000)) for _ in range(10)]
        gate.set()
        wait(futures)
        sizes = [len(batch.entries) for batch in store.committed[1:]]

        assert [f.result().entries for f in futures[1:]] == [((CASE, n),) for n in range(1, 11)]
        assert sizes == [3, 3, 3, 1]
        assert store.verify().result == "intact"


def test_what_becomes_ready_is_told_inside_the_commit(url: str, tmp_path: Path) -> None:
    def tell(connection: Connection, ready: tuple[Ready, ...]) -> None:
        for case in ready:
            connection.execute("insert into notes (name, n) values (?, 1)", (case.case_id,))

    def work(uow: UnitOfWork) -> None:
        uow.append(draft(CASE))
        uow.ready(ready(CASE))

    def fails(uow: UnitOfWork) -> None:
        uow.ready(ready(OTHER))
        raise ValueError("no")

    with opened(url, tmp_path) as store:
        store.writer.on_ready = tell
        store.writer.run(work)
        with pytest.raises(ValueError, match="no"):
            store.writer.run(fails)
        with pytest.raises(ConflictError):  # what the hook refuses, the unit is refused
            store.writer.run(work)

        assert notes(store) == [CASE]
        assert len(stream(store)) == 1
        assert store.verify().result == "intact"
