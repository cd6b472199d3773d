"""An export is checked by the public key alone, and every changed byte of it is found."""

import random
import shutil
import tarfile
from pathlib import Path

import pytest

from remit.errors import LedgerError
from remit.ledger.export import export, framed
from remit.ledger.files import Files, bundle_name, tile_name
from remit.ledger.verify import verify_export
from tests.opened import appending, opened

CASES = [f"{n:032x}" for n in range(1, 8)]
FLIPS = 150


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A directory and a tar file of one small ledger, with one full tile and a part."""
    folder = tmp_path_factory.mktemp("exported")
    with opened(f"sqlite:///{folder}/remit.db", folder) as store:
        for n in range(20):
            store.writer.run(appending(CASES[n % len(CASES)], 13))
        vkey = store.journal.vkey
        for name in ("out", "out.tar"):
            size = store.database.read(lambda c, name=name: export(c, folder / name, vkey=vkey))  # type: ignore[misc]  # bound now
            assert size.size == 262
    return folder, vkey


@pytest.mark.parametrize("name", ["out", "out.tar"])
def test_an_export_is_intact_by_its_key_alone(sound: tuple[Path, str], name: str) -> None:
    folder, vkey = sound
    report = verify_export(folder / name, vkey)

    assert (report.result, report.exit_code, report.size) == ("intact", 2, 262)
    assert any("sealed rows (not carried here)" in line for line in report.lines)


def test_names_follow_the_format() -> None:
    assert tile_name(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_name(1, 0, width=44) == "tile/1/000.p/44"
    assert bundle_name(999) == "tile/entries/999"
    assert bundle_name(1000, width=1) == "tile/entries/x001/000.p/1"


def test_frames_that_are_cut_are_seen(tmp_path: Path) -> None:
    def unframed(data: bytes) -> list[bytes | None]:
        (tmp_path / "file").write_bytes(data)
        return list(Files(tmp_path).frames("file", width=2, limit=99))

    assert unframed(b"".join(framed([b"", b"ab"]))) == [b"", b"ab"]
    assert unframed(b"".join(framed([b"ab"]))[:-1]) == [None]
    assert unframed(b"\x00") == [None]
    assert unframed(b"\x00\x64" + bytes(100)) == [None]


def test_every_flipped_bit_of_an_export_is_found(sound: tuple[Path, str], tmp_path: Path) -> None:
    folder, vkey = sound
    copy = tmp_path / "copy"
    shutil.copytree(folder / "out", copy)
    files = sorted(file for file in copy.rglob("*") if file.is_file())
    chance = random.Random(500)
    missed = []
    for n in range(FLIPS):
        file = files[n % len(files)]
        data = file.read_bytes()
        place, bit = chance.randrange(len(data)), chance.randrange(8)
        file.write_bytes(data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :])
        if verify_export(copy, vkey).exit_code != 1:
            missed.append((file.name, place, bit))
        file.write_bytes(data)
    assert missed == []
    assert verify_export(copy, vkey).result == "intact"


def test_a_missing_cut_or_additional_file_is_found(
    sound: tuple[Path, str], tmp_path: Path
) -> None:
    folder, vkey = sound
    for n, file in enumerate(sorted((folder / "out").rglob("*"))):
        if not file.is_file():
            continue
        copy = tmp_path / str(n)
        shutil.copytree(folder / "out", copy)
        there = copy / file.relative_to(folder / "out")
        data = there.read_bytes()
        for cut in (0, 1, len(data) // 2, len(data) - 1):
            there.write_bytes(data[:cut])
            assert verify_export(copy, vkey).exit_code == 1
        there.unlink()
        assert verify_export(copy, vkey).exit_code == 1
        there.write_bytes(data)
        (copy / "tile" / "more").write_bytes(b"")
        assert verify_export(copy, vkey).exit_code == 1


def test_a_claimed_size_of_a_quintillion_does_not_hang(
    sound: tuple[Path, str], tmp_path: Path
) -> None:
    folder, vkey = sound
    copy = tmp_path / "copy"
    shutil.copytree(folder / "out", copy)
    note = copy / "checkpoint"
    note.write_bytes(note.read_bytes().replace(b"\n262\n", b"\n999999999999999999\n"))
    assert verify_export(copy, vkey).exit_code == 1


def test_a_tar_with_a_file_twice_is_found(sound: tuple[Path, str], tmp_path: Path) -> None:
    folder, vkey = sound
    copy = tmp_path / "copy.tar"
    shutil.copy(folder / "out.tar", copy)
    with tarfile.open(copy, "a") as archive:
        archive.add(folder / "out" / "checkpoint", "checkpoint")
    assert verify_export(copy, vkey).exit_code == 1


def test_what_is_no_export_gives_no_verdict(sound: tuple[Path, str], tmp_path: Path) -> None:
    _, vkey = sound
    (tmp_path / "letter").write_text("not a tar file")
    (tmp_path / "empty").mkdir()
    for name in ("letter", "none", "empty"):
        assert verify_export(tmp_path / name, vkey).exit_code == 3


def test_an_export_overwrites_nothing_and_needs_entries(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        vkey = store.journal.vkey
        with pytest.raises(LedgerError, match="no entry"):
            store.database.read(lambda c: export(c, tmp_path / "out", vkey=vkey))
        store.append(CASES[0])
        (tmp_path / "out").mkdir()
        with pytest.raises(LedgerError, match="choose a new name"):
            store.database.read(lambda c: export(c, tmp_path / "out", vkey=vkey))
    assert not list(tmp_path.glob(".out*"))
