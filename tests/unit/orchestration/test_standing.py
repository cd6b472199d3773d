"""What is known of grants and stops without a look, and when it is looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.orchestration import standing
from remit.orchestration.standing import Authority
from remit.store.connection import Connection
from remit.store.database import open_database


class Rows:
    """The rows as a reader finds them; it may be told to change while it is read."""

    def __init__(self) -> None:
        self.version, self.doubtful, self.reads = 1, 0, 0

    def standing(self, _connection: object, _workflow: str, _action: str) -> tuple[int, int]:
        self.reads += 1
        return self.version, self.doubtful


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    made = Rows()
    monkeypatch.setattr(standing.proposals, "standing", made.standing)
    return made


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    database = open_database(f"sqlite:///{tmp_path}/remit.db")
    made = database.writer()
    yield made
    made.close()
    database.close()


def look(known: Authority, connection: Connection) -> tuple[int, int]:
    return known.standing(connection, "desk", "refund")


def test_what_nobody_else_writes_is_read_once(rows: Rows, connection: Connection) -> None:
    known = Authority(alone=True)

    assert [look(known, connection) for _ in range(3)] == [(1, 0)] * 3
    assert rows.reads == 1


def test_with_several_writers_it_is_always_read(rows: Rows, connection: Connection) -> None:
    known = Authority()
    assert [look(known, connection) for _ in range(3)] == [(1, 0)] * 3
    assert rows.reads == 3


def test_a_change_is_seen_from_its_commit_on_even_before_anybody_is_told(
    rows: Rows, connection: Connection
) -> None:
    known = Authority(alone=True)
    look(known, connection)
    known.changing()
    assert look(known, connection) == (1, 0)
    rows.version = 2
    assert look(known, connection) == (2, 0)
    known.settled()
    assert look(known, connection) == (2, 0)


def test_a_look_that_began_before_a_change_is_not_kept(
    rows: Rows, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Authority(alone=True)

    def slow(*_: object) -> tuple[int, int]:
        known.changing()
        known.settled()
        return 1, 0

    monkeypatch.setattr(standing.proposals, "standing", slow)
    assert look(known, connection) == (1, 0)
    rows.version = 2
    monkeypatch.setattr(standing.proposals, "standing", rows.standing)
    assert look(known, connection) == (2, 0)


def test_what_is_in_doubt_is_always_read(rows: Rows, connection: Connection) -> None:
    known = Authority(alone=True)
    rows.doubtful = 1
    look(known, connection)
    rows.doubtful = 0
    assert look(known, connection) == (1, 0)
