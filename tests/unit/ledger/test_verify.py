"""Every changed, missing or moved byte is found, and the verdict says what it rests on."""

import random
import sqlite3
from pathlib import Path

import pytest

from remit.domain import entry
from remit.ledger.checkpoint import Signer
from remit.ledger.keystore import KEY_FILE, FileKeyStore
from remit.ledger.merkle import leaf_hash
from remit.ledger.seal import KeyRing
from remit.ledger.verify import VerifyReport, verify
from remit.ledger.wrapping import ContentKey, Wrapping
from remit.store.database import open_database
from remit.store.keys import file_rows
from tests.opened import ORIGIN, appending, opened

CASES = [f"{n:032x}" for n in range(1, 8)]
ENTRIES = 280  # one full tile and a part
TABLES = {
    "entries": (
        "case_id", "seq", "event", "run", "path", "at_us", "tenant", "workflow", "writer_id",
        "writer_n", "leaf", "leaf_hash",
    ),
    "payloads": ("case_id", "seq", "role", "key_id", "sealed"),
    "entry_order": ("position", "case_id", "seq", "leaf_hash"),
    "tiles": ("level", "n", "hashes"),
    "checkpoints": ("size", "at_us", "note"),
    "ledger_head": ("origin", "size", "root", "at_us", "writer_id"),
}  # fmt: skip
MORE_PAYLOADS = """INSERT INTO payloads SELECT case_id, seq, 'more', key_id, sealed FROM payloads
 WHERE case_id = :case AND seq = 5"""
MORE_ENTRIES = """INSERT INTO entries SELECT case_id, seq + 999, event, run, path, at_us, tenant,
 workflow, writer_id, writer_n, leaf, leaf_hash FROM entries WHERE case_id = :case AND seq = 5"""
FLIPS_EACH = 16  # of 32 columns: 512 flips


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, KeyRing]:
    """A small ledger that nobody touched, its public key and its keys."""
    folder = tmp_path_factory.mktemp("sound")
    file = folder / "remit.db"
    with opened(f"sqlite:///{file}", folder) as store:
        for n in range(40):
            store.writer.run(appending(CASES[n % len(CASES)], ENTRIES // 40))
        vkey, keys = store.journal.vkey, store.keys
    return file, vkey, keys


def judged(file: Path, vkey: str, keys: KeyRing | None = None, **more: object) -> VerifyReport:
    database = open_database(f"sqlite:///{file}", read_only=True)
    try:
        return verify(database, vkey, payload_keys=keys, **more)  # type: ignore[arg-type]  # anchors
    finally:
        database.close()


def copied(file: Path, folder: Path) -> Path:
    copy = folder / "copy.db"
    source, target = sqlite3.connect(file), sqlite3.connect(copy)
    with source, target:
        source.backup(target)
    source.close()
    target.close()
    return copy


def test_an_untouched_ledger_is_intact_but_vouched_for_here_only(
    sound: tuple[Path, str, KeyRing],
) -> None:
    file, vkey, keys = sound
    report = judged(file, vkey, keys)

    assert (report.result, report.exit_code, report.size) == ("intact", 2, ENTRIES + 2)
    assert report.lines[-1] == "result    intact, not anchored outside this host"
    assert f"payloads  {ENTRIES} rows as logged, {ENTRIES} opened" in report.lines
    assert report.checks == ()


def test_without_keys_the_report_says_that_contents_were_not_opened(
    sound: tuple[Path, str, KeyRing],
) -> None:
    file, vkey, _ = sound
    report = judged(file, vkey)

    assert report.result == "intact"
    assert any("contents not opened" in line for line in report.lines)


@pytest.mark.parametrize("table", TABLES)
def test_every_flipped_bit_is_found(
    sound: tuple[Path, str, KeyRing], tmp_path: Path, table: str
) -> None:
    file, vkey, _ = sound
    copy = copied(file, tmp_path)
    chance = random.Random(table)
    raw = sqlite3.connect(copy, isolation_level=None)
    raw.execute("PRAGMA synchronous = OFF")
    rowids = [row[0] for row in raw.execute(f"SELECT rowid FROM {table}")]
    missed = []
    for column in TABLES[table]:
        for _ in range(FLIPS_EACH):
            rowid = chance.choice(rowids)
            sql = f"SELECT {column}, typeof({column}) FROM {table} WHERE rowid = ?"
            before, kind = raw.execute(sql, (rowid,)).fetchone()
            after = flipped(before, chance)
            change = f"UPDATE OR IGNORE {table} SET {column} = ? WHERE rowid = ?"
            if column in ("position", "size") and table in ("entry_order", "checkpoints"):
                moved = after
            else:
                moved = rowid
            if not raw.execute(change, (after, rowid)).rowcount:
                continue  # that key is taken: no such change is possible
            report = judged(copy, vkey)
            if report.result != "tampered" or report.exit_code != 1:
                missed.append((column, rowid, kind))
            raw.execute(change, (before, moved))
    assert judged(copy, vkey).result == "intact"  # each flip was taken back
    assert missed == []


def flipped(value: object, chance: random.Random) -> object:
    match value:
        case bytes():
            place, bit = chance.randrange(len(value)), chance.randrange(8)
            return value[:place] + bytes([value[place] ^ (1 << bit)]) + value[place + 1 :]
        case str():
            place = chance.randrange(len(value))
            changed = chr(ord(value[place]) ^ (1 << chance.randrange(5)))
            return value[:place] + changed + value[place + 1 :]
        case int():
            return value ^ (1 << chance.randrange(40))
    return 1


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        ("DELETE FROM entries WHERE case_id = :case AND seq = 5", "structure"),
        ("DELETE FROM payloads WHERE case_id = :case AND seq = 5", "payloads"),
        ("DELETE FROM tiles", "tree"),
        ("DELETE FROM tiles WHERE level = 1", "tree"),
        ("UPDATE tiles SET hashes = X'00' WHERE level = 1", "tree"),
        ("DELETE FROM entry_order WHERE position = 100", "structure"),
        ("DELETE FROM entry_order WHERE position > 250", "tree"),
        ("DELETE FROM checkpoints", "signatures"),
        ("UPDATE entries SET leaf = X'FF' WHERE case_id = :case AND seq = 5", "structure"),
        ("UPDATE entries SET leaf = zeroblob(1000000) WHERE seq = 5", "structure"),
        (
            "UPDATE entries SET event = CAST(X'FFFE' AS TEXT) WHERE case_id = :case AND seq = 5",
            "structure",
        ),
        ("UPDATE checkpoints SET note = X'' WHERE size = 9", "signatures"),
        ("UPDATE ledger_head SET at_us = 9223372036854775807", "structure"),
        ("UPDATE entries SET at_us = -9223372036854775808 WHERE seq = 2", "structure"),
        ("INSERT INTO tiles VALUES (3, 0, X'00')", "structure"),
        (MORE_PAYLOADS, "structure"),
        (MORE_ENTRIES, "structure"),
    ],
)
def test_what_is_missing_added_or_malformed_is_tampered(
    sound: tuple[Path, str, KeyRing], tmp_path: Path, damage: str, check: str
) -> None:
    file, vkey, _ = sound
    copy = copied(file, tmp_path)
    with sqlite3.connect(copy) as raw:
        assert raw.execute(damage, {"case": CASES[0]} if ":case" in damage else {}).rowcount != 0
    raw.close()
    report = judged(copy, vkey)

    assert (report.result, report.exit_code) == ("tampered", 1)
    assert check in {finding.check for finding in report.checks}
    assert report.lines[-1].startswith("result    tampered")


def test_two_swapped_entries_are_found(sound: tuple[Path, str, KeyRing], tmp_path: Path) -> None:
    file, vkey, _ = sound
    copy = copied(file, tmp_path)
    with sqlite3.connect(copy) as raw:
        rows = raw.execute(
            "SELECT position, case_id, seq, leaf_hash FROM entry_order WHERE position IN (40, 41)"
        ).fetchall()
        for (position, *_), (_, *other) in zip(rows, rows[::-1], strict=True):
            raw.execute(
                "UPDATE entry_order SET case_id = ?, seq = ?, leaf_hash = ? WHERE position = ?",
                (*other, position),
            )
    raw.close()
    report = judged(copy, vkey)
    assert (report.result, report.first_bad) == ("tampered", 40)


def test_a_leaf_changed_with_its_hashes_is_still_found(
    sound: tuple[Path, str, KeyRing], tmp_path: Path
) -> None:
    file, vkey, _ = sound
    copy = copied(file, tmp_path)
    with sqlite3.connect(copy) as raw:
        (leaf,) = raw.execute(
            "SELECT leaf FROM entries WHERE case_id = ? AND seq = 3", (CASES[2],)
        ).fetchone()
        forged = leaf.replace(b'"get_order"', b'"get_0rder"')
        assert forged != leaf
        values = (leaf_hash(forged), CASES[2])
        raw.execute(
            "UPDATE entries SET leaf = ?, leaf_hash = ? WHERE case_id = ? AND seq = 3",
            (forged, *values),
        )
        raw.execute("UPDATE entry_order SET leaf_hash = ? WHERE case_id = ? AND seq = 3", values)
    raw.close()
    report = judged(copy, vkey)
    assert report.result == "tampered"
    assert {"tree", "writers"} <= {finding.check for finding in report.checks}


def test_a_payload_that_its_key_does_not_open_is_found(
    sound: tuple[Path, str, KeyRing], tmp_path: Path
) -> None:
    file, vkey, _ = sound
    with sqlite3.connect(file) as raw:
        (name,) = raw.execute("SELECT DISTINCT key_id FROM payloads WHERE case_id = ?", CASES[:1])
    raw.close()
    rows = file_rows(tmp_path)
    other = KeyRing.open(tmp_path, random_bytes=random.Random(5).randbytes, rows=rows)
    stored = Wrapping(
        rows,
        FileKeyStore(tmp_path / KEY_FILE, random_bytes=random.randbytes),
        random.randbytes,
        int,
    )
    stored.put(ContentKey(*name, bytes(32)), "case")  # it claims to be the key
    assert judged(file, vkey, other).result == "tampered"
    other.close()


def test_a_rollback_is_seen_by_the_anchor_only(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "anchor"
    newest = tmp_path / "newest.db"
    with opened(f"sqlite:///{newest}", tmp_path) as store:
        store.append(CASES[0], 3)
        older = copied(newest, tmp_path)
        store.append(CASES[0], 3)
        published = [store.anchor(outside).size for _ in range(2)]
        key = store.journal.vkey

    assert published == [8, 8]
    assert len(outside.read_bytes().splitlines()) == 1  # once for each checkpoint
    assert judged(newest, key, anchors=[outside]).lines[1].startswith("anchored  0..7")
    assert judged(older, key).result == "intact"
    assert judged(older, key, anchors=[outside]).result == "tampered"


def test_an_anchor_line_that_was_changed_is_found(
    sound: tuple[Path, str, KeyRing], tmp_path: Path
) -> None:
    file, vkey, _ = sound
    line = tmp_path / "anchor"
    line.write_bytes(b'{"at":"2026","note":"!"}\nnot json\n')
    report = judged(file, vkey, anchors=[line])
    assert [finding.check for finding in report.checks] == ["anchors", "anchors"]


def test_a_key_that_is_none_or_another_is_not_trusted(sound: tuple[Path, str, KeyRing]) -> None:
    file, vkey, _ = sound
    assert judged(file, "nonsense").exit_code == 3
    assert judged(file, vkey[:-4]).exit_code == 3
    other = KeyRing(b"another root key of thirty-two b")
    report = judged(file, Signer(other.log_key(), origin=ORIGIN).vkey)
    assert report.result == "tampered"
    assert report.checks[0].check == "signatures"


def test_an_empty_database_gives_no_verdict(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path}/empty.db").close()
    key = "x+00000000+AA=="
    assert judged(tmp_path / "empty.db", key).exit_code == 3


def test_an_event_of_a_newer_remit_is_counted_not_condemned(
    sound: tuple[Path, str, KeyRing], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, vkey, _ = sound
    monkeypatch.delitem(entry.EVENTS, "orchestration:tool:read")
    report = judged(file, vkey)
    assert (report.result, report.exit_code) == ("incomplete", 2)
    assert report.lines[-1] == "result    incomplete; 280 entries were written by a newer Remit"


def test_a_page_of_the_file_that_was_overwritten_is_never_a_traceback(
    sound: tuple[Path, str, KeyRing], tmp_path: Path
) -> None:
    file, vkey, _ = sound
    copy = copied(file, tmp_path)
    data = bytearray(copy.read_bytes())
    for page in range(8, len(data) // 8192, 3):
        data[page * 8192 : page * 8192 + 64] = bytes(64)
    copy.write_bytes(data)
    assert judged(copy, vkey).exit_code == 1
