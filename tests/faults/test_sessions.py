"""Writers on PostgreSQL lose their sessions, and nothing that was acknowledged or twice."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import psycopg
import pytest

from remit.errors import FencedError, StorageError, StorageUnavailableError
from remit.store import sessions
from remit.store.connection import Connection
from remit.store.receipt import Receipt
from tests import postgres
from tests.opened import Opened, appending, draft, opened

CASE = "01a2" + "0" * 28


def backend(connection: Connection) -> int:
    return int(connection.value("select pg_backend_pid()"))


def kill(url: str, pid: int) -> None:
    """Take a session away as an administrator would, and wait until it is gone."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (pid,))


def numbers(store: Opened, case_id: str = CASE) -> list[int]:
    rows = store.database.read(
        lambda c: c.rows("select seq from entries where case_id = ? order by seq", (case_id,))
    )
    return [row[0] for row in rows]


def at_rest(store: Opened) -> None:
    """Whatever happened, the record is whole and nothing waits for its place."""
    report = store.verify()
    assert (report.result, report.checks) == ("intact", ())
    assert store.database.read(lambda c: c.value("select count(*) from pending")) == 0


@pytest.mark.parametrize("point", ["begin", "unit", "before-commit", "after-commit"])
def test_a_session_lost_at_any_point_loses_and_repeats_nothing(
    postgres_url: str, tmp_path: Path, point: str
) -> None:
    """At `before-commit` it is gone when COMMIT is sent: nobody knows, until one looks."""
    lost: list[int] = []

    def work(uow: Any) -> int:
        session[:] = [backend(uow.connection)]
        return int(uow.append(draft(CASE)).seq)

    def lose(passed: str) -> None:
        if passed == point and session and len(lost) < 3:
            lost.append(session[0])
            kill(postgres_url, session[0])

    session: list[int] = []
    with opened(postgres_url, tmp_path, hooks=[lose]) as store:
        given = [store.writer.run(work).value for _ in range(6)]

        assert len(lost) == 3
        assert given == [1, 2, 3, 4, 5, 6] == numbers(store)
        at_rest(store)
        chains = store.database.read(
            lambda c: c.rows("select leaf from entries where event = 'ledger:writer:opened'")
        )
        assert len(chains) > 1  # a lost session ends its chain


class _Cut:
    """Cuts the line once, with the answer to a COMMIT on it or the COMMIT itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, kept: bool) -> None:
        from remit.store.postgres import PostgresConnection

        self.left = 0
        self.after: Callable[[], None] = lambda: None
        real = PostgresConnection.commit

        def commit(connection: PostgresConnection) -> None:
            if threading.current_thread().name.startswith("remit-writer") and self.left:
                self.left -= 1
                if kept:
                    real(connection)
                connection.close()
                self.after()
                raise StorageUnavailableError("the line was cut")
            real(connection)

        monkeypatch.setattr(PostgresConnection, "commit", commit)


@pytest.mark.parametrize("kept", [True, False])
def test_a_commit_without_an_answer_is_looked_up(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    cut = _Cut(monkeypatch, kept=kept)
    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)
        cut.left = 1
        receipt = store.append(CASE, 2)

        assert cut.left == 0  # it was cut
        assert receipt.entries == ((CASE, 2), (CASE, 3))
        assert [entry.seq for entry in receipt.value] == [2, 3]
        assert numbers(store) == [1, 2, 3]
        assert len(receipt.sequenced().result(timeout=20).positions) == 2
        at_rest(store)


def test_a_lost_write_whose_place_was_taken_is_fenced(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = _Cut(monkeypatch, kept=False)
    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)

        def others() -> None:
            store.append(CASE)

        cut.left, cut.after = 1, others
        with pytest.raises(FencedError, match="another entry stands"):
            store.append(CASE)
        assert numbers(store) == [1, 2]
        at_rest(store)


def test_a_work_that_fails_keeps_its_session(postgres_url: str, tmp_path: Path) -> None:
    def fail(uow: Any) -> None:
        uow.append(draft(CASE))
        raise ValueError("no")

    with opened(postgres_url, tmp_path) as store:
        store.append(CASE)
        with pytest.raises(ValueError, match="no"):
            store.writer.run(fail)
        store.append(CASE)
        assert numbers(store) == [1, 2]
        assert (
            store.database.read(
                lambda c: c.value(
                    "select count(*) from entries where event = 'ledger:writer:opened'"
                )
            )
            == 1
        )


def test_a_failing_writer_of_a_shared_deployment_leaves_the_others_alone(
    postgres_url: str, tmp_path: Path
) -> None:
    with opened(postgres_url, tmp_path) as store:
        store.writer.refuse(StorageError("told to stop"))
        with pytest.raises(StorageError, match="the writer has ended"):
            store.append(CASE)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_restarted_under_load_keeps_what_was_acknowledged(
    tmp_path: Path, mode: str
) -> None:
    if not postgres.available():
        postgres.url_for_tests(None)
    acknowledged: set[tuple[str, int]] = set()
    guard, stop = threading.Lock(), threading.Event()

    def write(store: Opened, case_id: str) -> None:
        while not stop.is_set():
            try:
                entries = store.writer.run(appending(case_id, 2)).entries
            except StorageUnavailableError:
                continue
            with guard:
                acknowledged.update(entries)

    with postgres.server(durable=True) as server, opened(server.create(), tmp_path) as store:
        threads = [threading.Thread(target=write, args=(store, f"{n:032x}")) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for least in (40, 200):
            while len(acknowledged) < least:
                stop.wait(0.01)
            server.stop(mode=mode)
            server.start()
        most = len(acknowledged) + 80
        while len(acknowledged) < most:
            stop.wait(0.01)
        stop.set()
        for thread in threads:
            thread.join()
        stored = {
            (row[0], row[1])
            for row in store.database.read(lambda c: c.rows("select case_id, seq from entries"))
        }

        assert acknowledged <= stored
        # No entry beyond: what was not acknowledged was not written, or was tried again as itself.
        assert len(stored - acknowledged) == _openings(store) + _unanswered(stored, acknowledged)
        at_rest(store)


def _openings(store: Opened) -> int:
    return int(
        store.database.read(
            lambda c: c.value("select count(*) from entries where event like 'ledger:%'")
        )
    )


def _unanswered(stored: set[tuple[str, int]], acknowledged: set[tuple[str, int]]) -> int:
    """Count what is stored of a stream beyond its acknowledged entries: whole units only."""
    more = {pair for pair in stored - acknowledged if int(pair[0], 16) <= 8}
    assert len(more) % 2 == 0
    return len(more)


def test_a_server_that_is_away_for_too_long_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not postgres.available():
        postgres.url_for_tests(None)
    monkeypatch.setattr(sessions, "AWAY_SECONDS_MAX", 0.3)
    with postgres.server() as server, opened(server.create(), tmp_path) as store:
        store.append(CASE)
        server.stop(mode="fast")
        with pytest.raises(StorageUnavailableError, match="does not answer"):
            store.append(CASE)
        waiting: Future[Receipt[Any]] | None = None
        monkeypatch.setattr(sessions, "AWAY_SECONDS_MAX", 60.0)
        waiting = store.writer.submit(appending(CASE))
        server.start()
        assert waiting.result(timeout=60).entries == ((CASE, 2),)
        at_rest(store)


def test_it_can_be_closed_while_the_server_is_away(tmp_path: Path) -> None:
    """What is committed keeps its turn: the next process gives it its place."""
    if not postgres.available():
        postgres.url_for_tests(None)
    with postgres.server(durable=True) as server:
        url = server.create()
        with opened(url, tmp_path) as store:
            store.append(CASE)
            store.keeper.close()
            store.append(CASE)
            server.stop(mode="immediate")
            assert not store.keeper.drain(seconds=0.2)
        server.start()
        with opened(url, tmp_path, seed=2) as store:
            assert numbers(store) == [1, 2]
            at_rest(store)
