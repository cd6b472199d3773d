"""Partitions by month on a real server: where rows lie, and what a drop takes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.store import partitions
from remit.store.connection import Connection
from tests.opened import appending, opened

CONTROL = "f" + "0" * 31


def this_month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def case_in(month: str) -> str:
    return partitions.bounds(month)[0] + "0" * 20


def lies(connection: Connection, case_id: str) -> str:
    return str(
        connection.value(
            "select tableoid::regclass::text from entries where case_id = ? limit 1", (case_id,)
        )
    )


@pytest.mark.parametrize("case_id", [case_in(this_month()), case_in("2001-01"), CONTROL])
def test_what_is_sealed_stays_in_its_row_while_two_fit_on_a_page(
    tmp_path: Path, postgres_url: str, case_id: str
) -> None:
    def moved(connection: Connection) -> int:
        sql = """select sum(pg_relation_size(reltoastrelid)) from pg_class
            where relname like 'payloads%' and relkind = 'r'"""
        return int(connection.value(sql))

    with opened(postgres_url, tmp_path) as store:
        store.writer.run(appending(case_id, 3, content="x" * 2_500))
        assert store.database.read(moved) == 0
        store.writer.run(appending(case_id, 3, content="x" * 9_000))
        assert store.database.read(moved) > 0
        assert store.verify().result == "intact"


def test_a_case_lies_in_its_month_and_a_control_stream_apart(
    tmp_path: Path, postgres_url: str
) -> None:
    month = this_month()
    now, later, old = case_in(month), case_in(partitions.following(month)), case_in("2001-01")
    with opened(postgres_url, tmp_path) as store:
        for case_id in (now, later, old, CONTROL):
            store.append(case_id)
        places = [
            store.database.read(lambda c, one=one: lies(c, one))
            for one in (now, later, old, CONTROL)
        ]
        assert places == [
            f"entries_{month.replace('-', '_')}",
            f"entries_{partitions.following(month).replace('-', '_')}",
            "entries_rest",
            "entries_control",
        ]
        assert store.database.read(lambda c: partitions.has(c, month))
        assert not store.database.read(lambda c: partitions.has(c, "2001-01"))

        store.writer.run(lambda uow: partitions.drop(uow.connection, month))
        left = store.database.read(
            lambda c: [row[0] for row in c.rows("select distinct case_id from entries")]
        )
        assert now not in left
        assert {later, old, CONTROL} <= set(left)
        assert not store.database.read(lambda c: partitions.has(c, month))


def test_a_month_whose_rows_came_first_stays_in_the_rest(
    tmp_path: Path, postgres_url: str
) -> None:
    month = this_month()
    with opened(postgres_url, tmp_path) as store:
        store.writer.run(lambda uow: partitions.drop(uow.connection, month))
        store.append(case_in(month))
    with opened(postgres_url, tmp_path, seed=2) as store:  # opening makes what is missing
        assert not store.database.read(lambda c: partitions.has(c, month))
        assert store.database.read(lambda c: lies(c, case_in(month))) == "entries_rest"
        store.append(case_in(month))


@pytest.mark.parametrize(
    ("month", "after"),
    [("2026-12", "2027-01"), ("2026-03", "2026-04"), ("1999-01", "1999-02")],
)
def test_months_have_exact_bounds(month: str, after: str) -> None:
    begins = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    first, last = partitions.bounds(month)
    assert partitions.following(month) == after
    assert int(first, 16) == int(begins.timestamp() * 1000)
    assert last == partitions.bounds(after)[0]
    assert len(first) == partitions.ID_CHARACTERS
