"""Who is at work: rows with the server's time, and a lock that only a living session holds."""

from collections.abc import Iterator

import pytest

from remit.errors import StorageUnavailableError
from remit.store import schema, workers
from remit.store.postgres import PostgresConnection, session
from remit.store.workers import Worker

ANNA = Worker(name="anna", host="one", pid=1, boot="b", releases="0.1", sessions="remit work anna")
BERT = Worker(name="bert", host="two", pid=2, boot="b", releases="0.1", sessions="remit work bert")


@pytest.fixture
def anna(postgres_url: str) -> Iterator[PostgresConnection]:
    opened = session(postgres_url, owner="remit work anna")
    schema.create(opened, (*schema.LEDGER, *workers.SCHEMA))
    assert workers.hold(opened, "anna")
    workers.begin(opened, ANNA)
    yield opened
    opened.close()


@pytest.fixture
def bert(anna: PostgresConnection, postgres_url: str) -> Iterator[PostgresConnection]:
    opened = session(postgres_url, owner="remit work bert")
    assert workers.hold(opened, "bert")
    workers.begin(opened, BERT)
    yield opened
    opened.close()


def test_a_living_worker_is_seen_and_its_lock_is_not_to_be_had(bert: PostgresConnection) -> None:
    seen, _ = workers.alive(bert)
    assert seen.worker == ANNA
    assert 0 <= seen.silent_seconds < 5
    assert not workers.hold(bert, "anna")
    assert [one.worker for one in workers.alive(bert)] == [ANNA, BERT]


def test_the_lock_of_a_worker_falls_with_its_session(
    anna: PostgresConnection, bert: PostgresConnection
) -> None:
    anna.close()
    assert any(workers.hold(bert, "anna") for _ in range(200))
    workers.let_go(bert, "anna")


def test_who_was_declared_gone_hears_of_it_at_the_next_beat(
    anna: PostgresConnection, bert: PostgresConnection
) -> None:
    assert workers.beat(anna, "anna")
    workers.end(bert, "anna")
    assert not workers.beat(anna, "anna")
    assert [one.worker for one in workers.alive(bert)] == [BERT]
    workers.begin(anna, ANNA)
    assert not workers.beat(anna, "anna")


def test_silence_is_told_by_the_servers_clock(
    anna: PostgresConnection, bert: PostgresConnection
) -> None:
    anna.execute("update workers set beat_us = beat_us - 20000000 where worker = 'anna'")
    assert workers.alive(bert)[0].silent_seconds > 19
    workers.beat(anna, "anna")
    assert workers.alive(bert)[0].silent_seconds < 5


def test_a_frozen_workers_sessions_are_cut_off(
    anna: PostgresConnection, bert: PostgresConnection
) -> None:
    assert workers.cut_off(bert, "remit work anna") == 1
    assert workers.cut_off(bert, "remit work nobody") == 0
    with pytest.raises(StorageUnavailableError):
        anna.value("select 1")
    assert any(workers.hold(bert, "anna") for _ in range(200))
    assert bert.value("select 1") == 1
