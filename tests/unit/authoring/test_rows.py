"""Rows of a file: what is wrong with one is said by its line, and the others still come."""

from pathlib import Path

from remit.authoring import rows


def test_a_line_of_ten_megabytes_is_refused_and_the_next_one_is_read(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_text('{"a": "' + "x" * 10_000_000 + '"}\n{"a": "b"}\n', "utf-8")
    found = list(rows.read(file))
    assert [(row.line, row.fields) for row in found] == [(1, None), (2, {"a": "b"})]
    assert "longer than" in str(found[0].fault)


def test_a_key_that_stands_twice_is_no_row(tmp_path: Path) -> None:
    file = tmp_path / "twice.jsonl"
    file.write_text('{"a": 1, "a": 2}\n', "utf-8")
    assert [row.fields for row in rows.read(file)] == [None]
