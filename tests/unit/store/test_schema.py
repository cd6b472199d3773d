"""Tables in the words of both databases."""

import pytest

from remit.store.connection import dollar_style, percent_style
from remit.store.schema import translate


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "create table t (text text not null, n integer primary key, b blob)",
            'create table t (text TEXT COLLATE "C" not null, n BIGINT primary key, b BYTEA)',
        ),
        (
            "CREATE TABLE t (k TEXT CHECK (k <> 'a text'), r REAL)",
            "CREATE TABLE t (k TEXT COLLATE \"C\" CHECK (k <> 'a text'), r DOUBLE PRECISION)",
        ),
        ("create index i on t (text)", "create index i on t (text)"),
    ],
)
def test_types_are_translated_and_names_are_not(statement: str, expected: str) -> None:
    assert translate(statement, "postgresql") == expected


def test_tables_are_strict_on_sqlite_and_nothing_else_is_touched() -> None:
    assert translate("CREATE TABLE t (a TEXT);\n", "sqlite") == "CREATE TABLE t (a TEXT) STRICT"
    virtual = "CREATE VIRTUAL TABLE t USING fts5(a)"
    assert translate(virtual, "sqlite") == virtual


@pytest.mark.parametrize(
    ("sql", "percent", "dollar"),
    [
        ("select ?", "select %s", "select $1"),
        ("select '?', \"?\", ?, ?", "select '?', \"?\", %s, %s", "select '?', \"?\", $1, $2"),
        (
            "where 'it''s ?' like '5%' and b = ?",
            "where 'it''s ?' like '5%%' and b = %s",
            "where 'it''s ?' like '5%' and b = $1",
        ),
        ("select 7 % 2", "select 7 %% 2", "select 7 % 2"),
    ],
)  # fmt: skip
def test_marks_are_translated_outside_quotes_only(sql: str, percent: str, dollar: str) -> None:
    assert percent_style(sql) == percent
    assert dollar_style(sql) == dollar
