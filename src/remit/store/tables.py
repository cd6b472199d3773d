"""Tables as the database's own catalogue has them: names, keys, columns and pages of rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from remit.store.connection import Connection, Parameter, Row

PAGE_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with its columns, and those of its primary key in order."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def listed(self) -> str:
        """The columns as a statement names them."""
        return ", ".join(self.columns)


def names(connection: Connection) -> set[str]:
    """Return the names of all ordinary tables; of a partitioned one, that of the whole."""
    if connection.dialect == "sqlite":
        rows = connection.rows("SELECT name FROM pragma_table_list WHERE type = 'table'")
        return {str(row[0]) for row in rows if not str(row[0]).startswith("sqlite_")}
    rows = connection.rows(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )
    return {str(row[0]) for row in rows}


def indexes(connection: Connection) -> set[str]:
    """Return the names of all indexes."""
    if connection.dialect == "sqlite":
        rows = connection.rows("SELECT name FROM sqlite_schema WHERE type = 'index'")
    else:
        rows = connection.rows(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
        )
    return {str(row[0]) for row in rows}


def table(connection: Connection, name: str) -> Table:
    """Return what the catalogue says of a table."""
    if connection.dialect == "sqlite":
        rows = connection.rows("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", (name,))
    else:
        rows = connection.rows(
            "SELECT a.attname, coalesce(array_position(i.indkey::int2[], a.attnum), -1) + 1"
            " FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid"
            " AND i.indisprimary WHERE a.attrelid = to_regclass(?) AND a.attnum > 0"
            " AND NOT a.attisdropped ORDER BY a.attnum",
            (name,),
        )
    keyed = sorted((int(row[1]), str(row[0])) for row in rows if int(row[1]) > 0)
    return Table(
        name=name,
        columns=tuple(str(row[0]) for row in rows),
        key=tuple(column for _, column in keyed),
    )


def pages(connection: Connection, of: Table, *, rows_max: int = PAGE_ROWS) -> Iterator[list[Row]]:
    """Yield all rows in the order of the primary key, a page at a time."""
    ordered = ", ".join(of.key)
    places = [of.columns.index(column) for column in of.key]
    marks = ", ".join("?" for _ in of.key)
    where, after = "", tuple[Parameter, ...]()
    while True:
        rows = connection.rows(
            f"SELECT {of.listed} FROM {of.name} {where} ORDER BY {ordered} LIMIT ?",
            (*after, rows_max),
        )
        if rows:
            yield rows
        if len(rows) < rows_max:
            return
        where, after = f"WHERE ({ordered}) > ({marks})", tuple(rows[-1][n] for n in places)


def count(connection: Connection, name: str) -> int:
    """Return how many rows a table has."""
    return int(connection.value(f"SELECT COUNT(*) FROM {name}"))


def any_row(connection: Connection, name: str) -> bool:
    """Has the table a row?"""
    return connection.one(f"SELECT 1 FROM {name} LIMIT 1") is not None


def insert(connection: Connection, of: Table, rows: list[Row]) -> None:
    """Insert whole rows."""
    marks = ", ".join("?" for _ in of.columns)
    connection.executemany(f"INSERT INTO {of.name} ({of.listed}) VALUES ({marks})", rows)
