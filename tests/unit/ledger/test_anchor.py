"""Receipts of anchors: one line each, the same for every kind, and malformed ones say nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.ledger import anchor
from remit.ledger.anchor import AnchorReceipt

NOTE = b"shop.example/ledger/1\n12\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 shop.example/ledger/1 x\n"
RECEIPT = AnchorReceipt(
    note=NOTE,
    operator="acme",
    kind="witness",
    at=datetime(2026, 11, 24, tzinfo=UTC),
    raw=b"\x00answer",
    line=1,
)


def test_a_receipt_comes_back_from_its_line(tmp_path: Path) -> None:
    file = tmp_path / "a.anchor"
    file.write_bytes(anchor.line_of(RECEIPT, named=True))
    assert anchor.receipts(file) == [RECEIPT]
    found = anchor.receipts(file)[0]
    assert (found.origin, found.size, found.root) == ("shop.example/ledger/1", 12, bytes(32))


def test_a_line_that_names_nobody_is_of_whoever_is_said_to_keep_it(tmp_path: Path) -> None:
    file = tmp_path / "a.anchor"
    file.write_bytes(anchor.line_of(RECEIPT))
    assert anchor.receipts(file)[0].operator == "local"
    assert anchor.receipts(file, operator="audit-team", kind="git")[0].operator == "audit-team"


def test_a_folder_is_read_as_a_whole_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name in ("001/002.anchor", "001/001.anchor", "000/999.anchor", "000/readme"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(anchor.line_of(AnchorReceipt(note=name.encode())))
    assert [one.note for one in anchor.receipts(tmp_path)] == [
        b"000/999.anchor", b"001/001.anchor", b"001/002.anchor",
    ]  # fmt: skip
    assert anchor.receipts(tmp_path / "nothing") == []


def test_a_last_line_that_was_cut_is_no_receipt(tmp_path: Path) -> None:
    file = tmp_path / "a.anchor"
    whole = anchor.line_of(RECEIPT, named=True)
    for end in range(1, len(whole)):
        file.write_bytes(whole + whole[:end])
        assert anchor.receipts(file) == [RECEIPT]


@pytest.mark.parametrize(
    "line",
    [
        b"not json", b"[]", b"1", b'{"at":"","note":"!"}', b'{"note":""}', b'{"at":5,"note":""}',
        b'{"at":"yesterday","note":""}', b'{"at":"","note":5}', b'{"at":"","note":"","raw":"!"}',
        b"[" * 60_000, b'{"at":"","note":"' + b"A" * 70_000 + b'"}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_malformed_line_has_an_empty_note(line: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.anchor"
    file.write_bytes(line + b"\n")
    assert {one.note for one in anchor.receipts(file)} == {b""}
    assert {(one.size, one.root) for one in anchor.receipts(file)} == {(-1, b"")}


@pytest.mark.parametrize("size", [b"-1", b"x", b"9" * 19, b""])
def test_a_size_that_is_no_number_is_none(size: bytes) -> None:
    assert AnchorReceipt(note=b"o\n" + size + b"\nAA==\n\n").size == -1
    assert json.loads(anchor.line_of(RECEIPT))["at"] == "2026-11-24T00:00:00.000000Z"


def test_a_file_that_grew_for_long_does_not_fill_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor, "RECEIPTS_MAX", 64)
    file = tmp_path / "a.anchor"
    lines = [anchor.line_of(AnchorReceipt(note=b"note %d" % n)) for n in range(5_000)]
    lines[7] = b"not a receipt\n"
    file.write_bytes(b"".join(lines))
    found = anchor.receipts(file)
    assert len(found) <= 64
    assert [one.line for one in found if not one.note] == [8]
    assert [one.line for one in found] == sorted(one.line for one in found)
    assert [one.line for one in found][-32:] == list(range(4_969, 5_001))


def test_the_end_of_a_file_is_read_from_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.anchor"
    assert list(anchor.newest(file)) == []
    lines = [anchor.line_of(AnchorReceipt(note=b"note %d" % n)) for n in range(50)]
    monkeypatch.setattr(anchor, "TAIL_BYTES", 10 * len(lines[-1]))
    file.write_bytes(b"".join(lines) + b'{"cut')
    found = [one.note for one in anchor.newest(file)]
    assert found == [b"note %d" % n for n in range(49, 49 - len(found), -1)]
    assert 8 <= len(found) <= 10
