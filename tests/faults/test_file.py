"""The file of a SQLite ledger goes away, goes back or finds no room while it is written to."""

import os
import shutil
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from remit.errors import StorageError, StorageFullError, UnsafeDatabaseError
from remit.store import committer, file_watch
from remit.store.database import open_database
from remit.store.reserve import Reserve
from remit.store.unit import UnitOfWork
from tests.opened import appending, draft, opened

CASE = "01a2" + "0" * 28
KEPT = 4 * 1024 * 1024


def replaced(path: Path) -> None:
    """Put another file of the same content in its place."""
    other = path.with_suffix(".other")
    shutil.copy(path, other)
    other.replace(path)


def test_a_file_that_goes_away_or_back_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_watch, "LOOK_SECONDS", 0.01)
    for change, said in ((Path.unlink, "was removed"), (replaced, "was replaced")):
        told: list[str] = []
        seen = threading.Event()

        def lost(sentence: str, told: list[str] = told, seen: threading.Event = seen) -> None:
            told.append(sentence)
            seen.set()

        folder = tmp_path / said.split()[-1]
        folder.mkdir()
        with opened(f"sqlite:///{folder}/remit.db", folder) as store:
            store.append(CASE)
            store.database.watch(lost)
            assert not seen.wait(0.1)
            change(folder / "remit.db")
            assert seen.wait(20)
        assert said in told[0]


def test_an_older_copy_over_the_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "remit.db"
    path.write_bytes(b"")
    sizes = iter([5, 7, 7, 6])
    watch = file_watch.FileWatch(path, lambda: next(sizes), lambda _: None)
    watch.close()
    assert [watch.look() for _ in range(3)] == ["", "", ""]
    assert "went back from 7 entries to 6" in watch.look()


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs"])
def test_a_network_file_system_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    mounts = tmp_path / "mounts"
    share = tmp_path / "a share"
    share.mkdir()
    escaped = str(share).replace(" ", "\\040")
    mounts.write_text(
        "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        f"99 24 0:44 / {escaped} rw shared:2 - {kind} host:/x rw\n"
    )
    monkeypatch.setattr(file_watch, "MOUNTS", mounts)
    with pytest.raises(UnsafeDatabaseError, match=rf"network file system \({kind}\)"):
        open_database(f"sqlite:///{share}/remit.db")
    open_database(f"sqlite:///{tmp_path}/remit.db").close()


def fill(uow: UnitOfWork) -> None:
    pages = uow.connection.value("PRAGMA page_count")
    uow.connection.rows(f"PRAGMA max_page_count = {pages + 2}")


def test_on_a_full_disk_what_must_be_written_still_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reserve goes, the ordinary is refused, the control lane writes; room ends it."""
    monkeypatch.setattr(committer, "ROOM_SECONDS", 0.0)
    path = tmp_path / "remit.db.reserve"
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path, reserve_bytes=KEPT) as store:
        assert path.stat().st_blocks * 512 >= KEPT
        store.append(CASE)
        store.writer.run(fill)
        freed = store.database.free_reserve
        connection = store.writer._connection  # type: ignore[attr-defined]  # of the committer

        def free() -> bool:
            connection.rows("PRAGMA max_page_count = 1000000")  # the room that the reserve gave
            return freed()

        monkeypatch.setattr(store.database, "free_reserve", free)
        monkeypatch.setattr(store.database, "arm_reserve", lambda: False)
        gate, inside = threading.Event(), threading.Event()

        def hold(_: UnitOfWork) -> None:
            inside.set()
            gate.wait(timeout=20)

        first = store.writer.submit(hold)
        inside.wait(timeout=20)
        late: list[Future[Any]] = [
            store.writer.submit(appending(CASE, content="x" * 200_000)),
            store.writer.submit(appending(CASE, content="y" * 200_000), lane="control"),
        ]
        gate.set()
        first.result(timeout=20)
        with pytest.raises(StorageFullError):
            late[0].result(timeout=20)
        assert late[1].result(timeout=20).entries == ((CASE, 2),)
        assert not path.exists()
        with pytest.raises(StorageFullError, match="free some space"):
            store.append(CASE)
        assert store.writer.run(lambda uow: uow.append(draft(CASE)).seq, lane="control").value == 3
        monkeypatch.undo()
        monkeypatch.setattr(committer, "ROOM_SECONDS", 0.0)
        assert store.append(CASE).entries == ((CASE, 4),)  # there is room: it goes on
        assert path.exists()
        assert store.verify().result == "intact"
    assert not path.exists()


def test_without_room_nothing_is_set_aside(tmp_path: Path) -> None:
    whole = os.statvfs(tmp_path)
    reserve = Reserve(tmp_path / "x", bytes=whole.f_blocks * whole.f_frsize)
    assert not reserve.arm()
    assert not reserve.free()
    assert not (tmp_path / "x").exists()


def test_a_lost_file_ends_the_writer(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE)
        store.writer.refuse(StorageError("the file was removed"))
        with pytest.raises(StorageError, match="the writer has ended"):
            store.append(CASE)
