"""Counters that a batch writes once, and that go with a unit that fails; and what is indexed."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import pytest

from remit.store import kpi_days
from remit.store.connection import Parameter
from remit.store.entries import OF_LEDGER
from remit.store.sqlite import SqliteConnection
from remit.store.unit import UnitOfWork
from tests.opened import appending, draft, opened


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/remit.db"
    given: str = request.getfixturevalue("postgres_url")
    return given


def test_a_failing_unit_takes_back_what_it_counted_and_no_more(url: str, tmp_path: Path) -> None:
    gate, inside = threading.Event(), threading.Event()

    def hold(_uow: UnitOfWork) -> None:
        inside.set()
        gate.wait(timeout=20)

    def counts(name: str, *, read: bool, fail: bool) -> Callable[[UnitOfWork], None]:
        def work(uow: UnitOfWork) -> None:
            uow.tally.day("refund-desk", "2026-11-24", name)
            if read:
                uow.flush()
                found = kpi_days.of_workflow(uow.connection, "refund-desk")
                assert found["2026-11-24"][name] >= 1
                uow.tally.day("refund-desk", "2026-11-24", name)
            if fail:
                raise ValueError("the caller's own")

        return work

    works = [
        counts("kept", read=False, fail=False),
        counts("lost", read=False, fail=True),
        counts("lost", read=True, fail=True),  # writes what came before it, too
        counts("read", read=True, fail=False),
        counts("lost", read=True, fail=True),
        counts("kept", read=False, fail=False),
    ]
    with opened(url, tmp_path) as store:
        futures: list[Future[Any]] = [store.writer.submit(hold)]
        inside.wait(timeout=20)
        futures += [store.writer.submit(work) for work in works]
        gate.set()
        wait(futures)

        failed = [type(one.exception()) for one in futures if one.exception() is not None]
        assert failed == [ValueError] * 3
        found = store.database.read(lambda c: kpi_days.of_workflow(c, "refund-desk"))
        assert found == {"2026-11-24": {"kept": 2, "read": 2}}


def test_acts_of_the_ledger_are_found_by_name_through_an_index(tmp_path: Path) -> None:
    """On SQLite; PostgreSQL scans a table as small as this one."""
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        plan = store.database.read(
            lambda c: c.rows(
                "explain query plan select leaf from entries where event = ?"
                f" and {OF_LEDGER} order by at_us, seq limit ?",
                ("ledger:key:rotated", 10),
            )
        )

        assert "entries_of_ledger (event=?)" in " ".join(str(row) for row in plan)


def test_a_unit_reads_what_the_batch_appended_before_it_and_may_still_fail(
    url: str, tmp_path: Path
) -> None:
    gate, inside = threading.Event(), threading.Event()
    case, other = "01a2" + "0" * 28, "01a3" + "0" * 28
    seen: list[int] = []

    def hold(_uow: UnitOfWork) -> None:
        inside.set()
        gate.wait(timeout=20)

    def reads(*, fail: bool) -> Callable[[UnitOfWork], None]:
        def work(uow: UnitOfWork) -> None:
            sql = "select count(*) from entries e join payloads p on p.case_id = e.case_id"
            uow.append(draft(other))
            found = uow.connection.value(f"{sql} and p.seq = e.seq where e.case_id = ?", (other,))
            seen.append(int(found))
            uow.append(draft(other))
            if fail:
                raise ValueError("the caller's own")

        return work

    works = [
        appending(case), reads(fail=True), appending(case), reads(fail=False), reads(fail=True),
        appending(other), reads(fail=False),
    ]  # fmt: skip
    with opened(url, tmp_path) as store:
        futures: list[Future[Any]] = [store.writer.submit(hold)]
        inside.wait(timeout=20)
        for work in works:
            futures.append(store.writer.submit(work))
            if not store.sqlite:  # many writers keep no order
                gate.set()
                wait(futures)
        gate.set()
        wait(futures)

        assert [type(one.exception()) for one in futures if one.exception()] == [ValueError] * 2
        assert seen == [1, 1, 3, 4]
        rows = "select case_id, seq from {} order by case_id, seq"
        expected = [(case, 1), (case, 2), *((other, n) for n in range(1, 6))]
        for table in ("payloads", "entries"):
            found = store.database.read(lambda c, table=table: c.rows(rows.format(table)))
            assert [tuple(row) for row in found if row[0] in {case, other}] == expected
        assert store.verify().result == "intact"


def test_only_a_unit_that_asks_for_rows_has_a_savepoint_and_it_takes_them_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite; elsewhere a unit has a transaction of its own."""
    said: list[str] = []
    execute = SqliteConnection.execute

    def listening(self: SqliteConnection, sql: str, params: Sequence[Parameter] = ()) -> int:
        if "SAVEPOINT" in sql:
            said.append(sql)
        return execute(self, sql, params)

    def writes(name: str, *, fail: bool) -> Callable[[UnitOfWork], None]:
        def work(uow: UnitOfWork) -> None:
            uow.append(draft("01a2" + "0" * 28))
            uow.projected.execute("insert into notes (name, n) values (?, 1)", (name,))
            if fail:
                raise ValueError("the caller's own")

        return work

    def fails(uow: UnitOfWork) -> None:
        uow.append(draft("01a2" + "0" * 28))
        raise ValueError("the caller's own")

    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        monkeypatch.setattr(SqliteConnection, "execute", listening)
        store.append("01a2" + "0" * 28)
        with pytest.raises(ValueError, match="own"):
            store.writer.run(fails)
        assert said == []

        store.writer.run(writes("kept", fail=False))
        with pytest.raises(ValueError, match="own"):
            store.writer.run(writes("lost", fail=True))

        assert said == [
            "SAVEPOINT unit", "RELEASE SAVEPOINT unit",
            "SAVEPOINT unit", "ROLLBACK TO SAVEPOINT unit", "RELEASE SAVEPOINT unit",
        ]  # fmt: skip
        assert store.database.read(lambda c: c.rows("select name from notes")) == [("kept",)]
        assert store.database.read(lambda c: c.value("select max(seq) from entries")) == 2
        assert store.verify().result == "intact"
