"""Rows of a file: what is wrong with one is said by its line, and the others still come."""

import gzip
from pathlib import Path

import pytest

from remit.authoring import rows
from remit.authoring.rows import Row
from remit.errors import InputFileError


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


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"n": 9007199254740993.0}', "above 2^53"),
        ('{"n": 1e20}', "above 2^53"),
        ('{"n": 1e999}', "too large"),
        ('{"n": NaN}', "no JSON"),
        ('{"n": ' + "9" * 5_000 + "}", "not one JSON object"),
        ("[" * 10_000 + "]" * 10_000, "not one JSON object"),
        ('{"a": ' * 10_000 + "1" + "}" * 10_000, "not one JSON object"),
        ('{"a": ' * 40 + "1" + "}" * 40, "nests deeper"),
        ('{"a": {"b": 1, "b": 2}}', "stands twice"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_a_line_that_is_no_certain_record_says_why(tmp_path: Path, line: str, fault: str) -> None:
    file = tmp_path / "one.jsonl"
    file.write_bytes(line.encode("utf-8", "surrogateescape") + b'\n{"n": 9007199254740993}\n')
    bad, good = rows.read(file)
    assert bad.fields is None
    assert fault in str(bad.fault)
    assert good.fields == {"n": 2**53 + 1}


def table(place: Path, content: str | bytes) -> list[Row]:
    file = place / "a.csv"
    file.write_bytes(
        content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
    )
    return list(rows.read(file))


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_a_table_says_how_it_is_separated(tmp_path: Path, sign: str) -> None:
    (row,) = table(tmp_path, f'\ufefftext{sign}amount\n"a{sign}b"{sign}1\n')
    assert row.fields == {"text": f"a{sign}b", "amount": "1"}


def test_a_sign_inside_the_values_does_not_separate(tmp_path: Path) -> None:
    (row, _) = table(tmp_path, "text, or so;amount\na;1,50\nb;2\n")
    assert row.fields == {"text, or so": "a", "amount": "1,50"}
    with pytest.raises(InputFileError, match="could be separated by"):
        table(tmp_path, "a,b;c\n1,2;3\n")


def test_a_faulty_record_ends_only_itself(tmp_path: Path) -> None:
    content = 'id,text\n1,ö\n2,"a"b\n3,c\n4\n5,caf\udce9\n6,' + "x" * 1_100_000 + "\n7,d\n"
    found = table(tmp_path, content)
    assert [row.fields and row.fields["id"] for row in found] == [
        "1",
        None,
        "3",
        None,
        None,
        None,
        "7",
    ]
    said = [str(row.fault) for row in found if row.fault]
    for one, words in zip(
        said, ["cannot be taken apart", "1 values for 2", "not UTF-8", "longer"], strict=True
    ):
        assert words in one


def test_a_quote_that_is_never_closed_says_how_far_it_went(tmp_path: Path) -> None:
    found = table(tmp_path, 'id,text\n1,a\n2,"b\n3,c\n4,d\n')
    assert [row.fields and row.fields["id"] for row in found] == ["1", None]
    assert "lines 3 to 5" in str(found[1].fault)


def test_a_table_in_another_character_set_is_refused_as_a_whole(tmp_path: Path) -> None:
    with pytest.raises(InputFileError, match="not UTF-8"):
        table(tmp_path, b"id,text\n1,caf\xe9\n")
    with pytest.raises(InputFileError):
        table(tmp_path, "id,text\n1,a\n".encode("utf-16"))


def test_an_archive_that_swells_without_a_line_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "bomb.jsonl.gz"
    with gzip.open(file, "wb", compresslevel=1) as stream:
        for _ in range(300):
            stream.write(b"\x00" * 1024 * 1024)
    assert file.stat().st_size < 3_000_000
    with pytest.raises(InputFileError, match="no file of rows"):
        list(rows.read(file))
    assert rows.count(file) == 1
