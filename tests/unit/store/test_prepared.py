"""Statements of a PostgreSQL session: prepared when said again, and sent ahead of the next one."""

from collections.abc import Iterator

import pytest

from remit.errors import ConflictError, StorageUnavailableError
from remit.store.postgres import PostgresConnection, session
from remit.store.prepared import STATEMENTS_MAX


@pytest.fixture
def connection(postgres_url: str) -> Iterator[PostgresConnection]:
    opened = session(postgres_url, owner="test")
    try:
        opened.execute(
            "create table if not exists things (name text primary key, n bigint, data bytea)"
        )
        opened.execute("truncate things")
        yield opened
    finally:
        opened.close()


def test_a_statement_says_the_same_each_time(connection: PostgresConnection) -> None:
    data = bytes(range(256)) * 10
    insert = "insert into things (name, n, data) values (?, ?, ?) on conflict do nothing"
    for name, number in (("a", 2**53), ("b", None), ("it's ? 5%", -1), ("a", 7)):
        assert connection.execute(insert, (name, number, data)) == (number != 7)

    for _ in range(3):
        found = connection.rows("select n, data from things where name <> ? order by n", ("x",))
        assert found == [(-1, data), (2**53, data), (None, data)]
        assert connection.one("select n from things where name = ?", ("nobody",)) is None
        assert connection.value("select sum(n) from things where n > ?", (0,)) == 2**53
        assert connection.value("select n from things where name = 'it''s ? 5%'") == -1
        assert connection.value("select ?::bigint", (True,)) == 1
        assert connection.execute("update things set n = n where n > ?", (0,)) == 1


def test_what_is_put_off_is_there_for_the_next_statement(connection: PostgresConnection) -> None:
    insert = "insert into things (name, n, data) values (?, ?, ?)"
    connection.begin(write=True)
    connection.later(insert, [(f"n{n}", n, b"") for n in range(3)])
    assert connection.value("select count(*) from things") == 3
    connection.later(insert, [("last", 9, b"")])
    connection.commit()
    assert connection.value("select count(*) from things") == 4

    connection.begin(write=True)
    connection.later(insert, [("gone", 9, b"")])
    connection.rollback()
    connection.begin(write=True)
    connection.commit()
    assert connection.value("select count(*) from things") == 4


@pytest.mark.parametrize("ending", ["statement", "commit"])
def test_an_error_of_what_was_put_off_comes_then_and_nothing_is_kept(
    connection: PostgresConnection, ending: str
) -> None:
    insert = "insert into things (name, n, data) values (?, ?, ?)"
    connection.execute(insert, ("taken", 1, b""))
    connection.begin(write=True)
    connection.later(insert, [("fresh", 2, b""), ("taken", 3, b""), ("more", 4, b"")])
    finish = {"commit": connection.commit, "statement": lambda: connection.rows("select 1")}
    with pytest.raises(ConflictError):
        finish[ending]()
    connection.rollback()

    assert connection.rows("select name, n from things") == [("taken", 1)]


def test_more_than_a_socket_holds_goes_in_one_round_trip(connection: PostgresConnection) -> None:
    rows = [(f"n{n}", n, bytes(200_000)) for n in range(60)]
    connection.executemany("insert into things (name, n, data) values (?, ?, ?)", rows)
    # Answers that nobody has read yet must not keep the server from reading on.
    connection.later("select repeat('x', 100000) from things where n >= ?", [(0,)])
    connection.executemany("update things set data = ? where n = ?", [(r[2], r[1]) for r in rows])
    assert connection.value("select sum(length(data)) from things") == 60 * 200_000


def test_a_session_keeps_only_so_many_statements(connection: PostgresConnection) -> None:
    for number in range(STATEMENTS_MAX + 50):
        for _ in range(2):
            assert connection.value(f"select ?::bigint + {number}", (1,)) == number + 1
    kept = connection.value("select count(*) from pg_prepared_statements")
    assert STATEMENTS_MAX - 5 <= kept <= STATEMENTS_MAX


@pytest.mark.parametrize("ahead", [False, True])
def test_a_session_that_was_ended_says_so(
    connection: PostgresConnection, postgres_url: str, ahead: bool
) -> None:
    sql = "select count(*) from things where n > ?"
    for _ in range(2):
        connection.begin(write=True)
        connection.value(sql, (0,))
        connection.commit()
    pid = connection.value("select pg_backend_pid()")
    other = session(postgres_url, owner="test")
    other.execute("select pg_terminate_backend(?::int, 5000)", (pid,))
    other.close()

    if ahead:
        connection.begin(write=True)
    with pytest.raises(StorageUnavailableError):
        connection.value(sql, (0,))
    with pytest.raises(StorageUnavailableError):
        connection.value(sql, (0,))
