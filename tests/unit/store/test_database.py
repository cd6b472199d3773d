"""Opening a database: what is refused says what to do."""

import os
from pathlib import Path

import pytest

from remit.errors import (
    DatabaseInUseError,
    SettingsError,
    StorageError,
    StorageUnavailableError,
    UnsafeDatabaseError,
)
from remit.store.database import Database, open_database
from tests.opened import Ticking


@pytest.mark.parametrize(
    "url", ["", "remit.db", "sqlite://", "sqlite:///", "mysql://h/x", "x:///y"]
)
def test_a_url_of_no_database_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"write `sqlite:///remit\.db` or"):
        open_database(url)


def test_a_file_is_named_relative_or_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_database("sqlite:///here/remit.db").close()
    open_database(f"sqlite:///{tmp_path}/there.db").close()
    assert (tmp_path / "here" / "remit.db").exists()
    assert (tmp_path / "there.db").exists()


def test_the_owner_is_named_with_process_and_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/remit.db"
    database = open_database(url, owner="remit serve", clock=Ticking())
    expected = (
        f"`remit.db` is in use by `remit serve` (process {os.getpid()}, since 2026-11-24 10:00 "
        "UTC); stop it, use its API, or set `database` to PostgreSQL"
    )
    with pytest.raises(DatabaseInUseError) as caught:
        open_database(url)
    database.close()
    assert str(caught.value) == expected


def test_what_is_no_database_is_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "remit.db"
    file.write_bytes(b"this is a letter, not a database" * 400)
    for read_only in (False, True):
        with pytest.raises(StorageUnavailableError, match="not a sound SQLite database"):
            open_database(f"sqlite:///{file}", read_only=read_only)
    with pytest.raises(StorageUnavailableError, match="nothing to read"):
        open_database(f"sqlite:///{tmp_path}/none.db", read_only=True)
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(StorageUnavailableError):
        open_database(f"sqlite:///{file}/below/remit.db")


def test_sqlite_is_set_up_to_keep_what_it_acknowledged(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/remit.db")
    connection = database.writer()
    found = {
        name: connection.value(f"PRAGMA {name}")
        for name in ("journal_mode", "synchronous", "page_size", "foreign_keys", "auto_vacuum")
    }
    connection.close()
    database.close()
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "page_size": 8192,
        "foreign_keys": 1,
        "auto_vacuum": 2,
    }


def test_the_write_ahead_log_does_not_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.store.log_keeper.LOG_BYTES_MAX", 200_000)
    database = open_database(
        f"sqlite:///{tmp_path}/remit.db", schema=("create table blobs (b blob not null)",)
    )
    connection = database.writer()
    for _ in range(60):
        connection.execute("insert into blobs values (zeroblob(20000))")
        database.maintain(connection)
        if database._keeper._thread is not None:  # no writer outruns it on a disk
            database._keeper._thread.join()
    grown = (tmp_path / "remit.db-wal").stat().st_size
    connection.close()
    database.close()
    assert grown < 500_000


def test_a_closed_database_does_not_read(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/remit.db")
    assert isinstance(database, Database)
    assert database.read(lambda c: c.value("SELECT 1")) == 1
    database.close()
    with pytest.raises(StorageError, match="closed"):
        database.read(lambda c: c.value("SELECT 1"))


def test_a_server_that_may_lose_commits_is_refused(postgres_url: str) -> None:
    with pytest.raises(UnsafeDatabaseError, match=r"runs with `fsync = off`.*set `fsync = on`"):
        open_database(postgres_url)


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailableError, match="does not answer"):
        open_database(f"postgresql:///x?host={tmp_path}&user=nobody")
