"""Copying a record to PostgreSQL: all of it is the same there, or nothing is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from remit.errors import DatabaseNotEmptyError, LedgerMismatchError
from remit.ledger import copy as copying
from remit.ledger import read, verify
from remit.ledger.copy import Copied
from remit.store import kpi_days, passages, tables
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.keys import key_rows
from remit.store.passages import PassageRow
from tests.opened import NOTES, Opened, opened

SECTION = PassageRow(
    id=1, document="a", version="1", collection="c", title="Refunds", heading="", body="A refund.",
    analyser="english", valid_from="2026-01-01", valid_until=None,
)  # fmt: skip
CASES = tuple(f"01a{n}" + "0" * 28 for n in range(6))


@contextmanager
def filled(folder: Path) -> Iterator[Opened]:
    """Open a SQLite store with entries, payloads, a full tile, a table and a knowledge index."""
    with opened(f"sqlite:///{folder}/remit.db", folder) as store:
        for case_id in CASES:
            store.append(case_id, 50)
        store.writer.run(
            lambda uow: uow.connection.executemany(
                "insert into notes (name, n) values (?, ?)", [(f"n{n}", n) for n in range(7)]
            )
        )
        connection = store.database.writer()
        passages.create(connection)
        connection.begin(write=True)
        passages.replace_all(connection, [SECTION], "a digest")
        connection.commit()
        connection.close()
        yield store


def copied(
    store: Opened, target: Database, *, told: Callable[[int, int, str], None] = lambda *_: None
) -> Copied:
    connection = target.writer()
    try:
        return store.database.read(
            lambda c: copying.copy(c, connection, vkey=store.journal.vkey, told=told)
        )
    finally:
        connection.close()


@contextmanager
def target_at(url: str) -> Iterator[Database]:
    database = open_database(
        url, schema=(*NOTES, *kpi_days.SCHEMA, *passages.SCHEMA), durability_check=False
    )
    yield database
    database.close()


def test_every_row_is_the_same_and_both_verify_alike(tmp_path: Path, postgres_url: str) -> None:
    seen: list[tuple[int, int]] = []
    with filled(tmp_path) as store, target_at(postgres_url) as target:
        done = copied(store, target, told=lambda n, total, _: seen.append((n, total)))

        assert done.rows == store.database.read(
            lambda c: {name: tables.count(c, name) for name in done.rows}
        )
        assert done.entries == 50 * len(CASES) + 2
        assert done.rows["tiles"] == 2
        assert done.rows["notes"] == 7
        assert seen[-1][0] == seen[-1][1]
        assert target.read(passages.every) == [SECTION]
        assert target.read(passages.index_digest) == "a digest"
        assert target.read(lambda c: tables.count(c, "passage_words")) == 1
        here, there = (
            verify.verify(database, store.journal.vkey, payload_keys=store.keys)
            for database in (store.database, target)
        )
        assert here == there
        assert there.result == "intact"
        for case_id in CASES:
            assert target.read(lambda c, i=case_id: read.stream(c, store.keys, i)) == (
                store.database.read(lambda c, i=case_id: read.stream(c, store.keys, i))
            )


def test_the_copy_goes_on_where_the_source_ended(tmp_path: Path, postgres_url: str) -> None:
    with filled(tmp_path) as store, target_at(postgres_url) as target:
        done = copied(store, target)
        there, here = key_rows(tmp_path, url=postgres_url), key_rows(tmp_path, url=store.url)
        assert there.take(here) == there.take(here) > 1  # twice is once
        there.close(), here.close()
    with opened(postgres_url, tmp_path, seed=2) as store:
        receipt = store.append(CASES[0])
        assert receipt.entries == ((CASES[0], 51),)
        place = receipt.sequenced().result(timeout=20)
        assert place.size == done.entries + 2  # the new writer's opening, and this
        report = verify.verify(store.database, store.journal.vkey, payload_keys=store.keys)
    assert report.result == "intact"


def test_the_keys_of_another_installation_stay(tmp_path: Path, postgres_url: str) -> None:
    (tmp_path / "other").mkdir()
    with opened(postgres_url, tmp_path / "other", seed=5) as other:
        other.append(CASES[0])
        there, here = key_rows(tmp_path, url=postgres_url), key_rows(tmp_path, url="sqlite:x")
        with filled(tmp_path), pytest.raises(DatabaseNotEmptyError, match="never used"):
            there.take(here)
        there.close(), here.close()
        assert other.keys.find(other.keys.facts().id) is not None


def test_a_database_with_rows_is_refused_and_kept(tmp_path: Path, postgres_url: str) -> None:
    with target_at(postgres_url) as target:
        connection = target.writer()
        connection.execute("insert into notes (name, n) values ('mine', 1)")
        connection.close()
        with filled(tmp_path) as store, pytest.raises(DatabaseNotEmptyError, match="`notes`"):
            copied(store, target)
        assert target.read(lambda c: c.rows("select name, n from notes")) == [("mine", 1)]
        assert target.read(lambda c: tables.count(c, "entries")) == 0


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update entries set leaf = cast(leaf || ' ' as blob) where seq = 7", "does not have the"),
        ("update entry_order set leaf_hash = zeroblob(32) where position = 9", "entry 9 does not"),
        ("delete from entry_order where position = 9", "entry 10 does not have the hash"),
        ("delete from checkpoints where size > 200", "last checkpoint at"),
        ("update checkpoints set note = zeroblob(9) where size > 300", "not signed by this"),
        ("delete from ledger_head", "nothing to copy"),
    ],
)
def test_a_source_that_is_not_sound_is_not_copied(
    tmp_path: Path, postgres_url: str, damage: str, said: str
) -> None:
    with filled(tmp_path) as store, target_at(postgres_url) as target:
        connection = store.database.writer()
        connection.execute(damage)
        connection.close()
        with pytest.raises(LedgerMismatchError, match=said):
            copied(store, target)
        assert target.read(lambda c: tables.count(c, "entries")) == 0


class _Stopped(Exception):  # noqa: N818 - it is no fault
    pass


def test_a_copy_that_is_stopped_leaves_the_target_empty_and_runs_again(
    tmp_path: Path, postgres_url: str
) -> None:
    def stop(done: int, total: int, _: str) -> None:
        if done > total // 2:
            raise _Stopped

    with filled(tmp_path) as store, target_at(postgres_url) as target:
        with pytest.raises(_Stopped):
            copied(store, target, told=stop)
        names = target.read(tables.names) - copying.OWN
        assert [
            name for name in names if target.read(lambda c, n=name: tables.any_row(c, n))
        ] == []
        assert copied(store, target).entries > 300


def test_a_byte_that_changes_on_the_way_is_found(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = tables.insert

    def damaging(connection: Connection, of: tables.Table, rows: list[tuple[object, ...]]) -> None:
        insert(connection, of, rows)
        if of.name == "payloads":
            connection.execute(
                "update payloads set sealed = '\\x00'::bytea where case_id = ? and seq = 20",
                (CASES[2],),
            )

    monkeypatch.setattr(tables, "insert", damaging)
    with filled(tmp_path) as store, target_at(postgres_url) as target:
        with pytest.raises(LedgerMismatchError, match=f"row {CASES[2]}, 20, result of `payloads`"):
            copied(store, target)
        assert target.read(lambda c: tables.count(c, "payloads")) == 0
