"""Whoever follows the log misses nothing, and learns when the log is no longer the one it was."""

from pathlib import Path

import pytest

from remit.errors import CursorOriginError, CursorPrunedError
from remit.ledger.tail import Tailed, tail
from tests.opened import ORIGIN, Opened, opened

CASES = [f"{n:032x}" for n in range(1, 4)]


def read(store: Opened, after: str = "", limit: int = 1000) -> list[Tailed]:
    return store.database.read(lambda c: tail(c, after=after, limit=limit))


def test_a_reader_that_resumes_sees_each_entry_once_and_in_order(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        assert read(store) == []
        seen: list[Tailed] = []
        for n in range(12):
            store.append(CASES[n % 3], 5)
            seen += read(store, seen[-1].cursor if seen else "", limit=4)
        while more := read(store, seen[-1].cursor, limit=4):
            seen += more
        assert [one.position for one in seen] == list(range(62))
        assert seen[-1].cursor == f"{ORIGIN}@61"
        assert [one.entry.seq for one in seen if one.entry.case_id == CASES[0]] == [*range(1, 21)]


def test_a_cursor_of_another_log_or_of_a_lost_end_is_refused(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASES[0], 5)
        with pytest.raises(CursorOriginError, match=r"is of `shop.example/ledger/0`"):
            read(store, "shop.example/ledger/0@3")
        with pytest.raises(CursorOriginError, match="older state"):
            read(store, f"{ORIGIN}@7")
        for cursor in (f"{ORIGIN}@-1", f"{ORIGIN}@x", "nonsense", f"{ORIGIN}@{10**20}"):
            with pytest.raises(CursorOriginError):
                read(store, cursor)


def test_a_cursor_before_what_is_gone_is_refused(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASES[0], 5)
        store.writer.run(
            lambda uow: uow.connection.execute(
                "DELETE FROM entries WHERE case_id = ?", (CASES[0],)
            )
        )
        with pytest.raises(CursorPrunedError, match="from position 2 on"):
            read(store, f"{ORIGIN}@1")
