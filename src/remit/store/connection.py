"""One SQL connection, the same to its callers on SQLite and PostgreSQL."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal, Protocol

Dialect = Literal["sqlite", "postgresql"]
Parameter = str | int | float | bytes | None
Row = tuple[Any, ...]

STATEMENTS_CACHED_MAX = 2000


class Connection(Protocol):
    """SQL with `?` for parameters; every driver error leaves as an error of `remit.errors`.

    A row whose key is taken raises `ConflictError`; on PostgreSQL the unit can only end after
    that, so say `ON CONFLICT` where a second row is expected.
    """

    @property
    def dialect(self) -> Dialect:
        """Which SQL this is, for the few places where the two differ."""

    @property
    def slot(self) -> int:
        """Which of several writers counts here; counters are sums over all slots."""

    def execute(self, sql: str, params: Sequence[Parameter] = ()) -> int:
        """Run a statement and return the number of rows it changed."""

    def executemany(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement once for each row of parameters."""

    def later(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> None:
        """Run a statement once for each row, before the next one at the latest.

        Where that saves a round trip its errors come with the next statement, or the commit.
        """

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> list[Row]:
        """Return all rows of a query."""

    def one(self, sql: str, params: Sequence[Parameter] = ()) -> Row | None:
        """Return the first row of a query, or None."""

    def value(self, sql: str, params: Sequence[Parameter] = ()) -> Any:
        """Return the first column of the first row, or None."""

    def begin(self, *, write: bool) -> None:
        """Begin a transaction; without `write` it is a snapshot that changes nothing."""

    def commit(self) -> None:
        """Make the transaction durable."""

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""

    def close(self) -> None:
        """Close the connection."""


@lru_cache(maxsize=STATEMENTS_CACHED_MAX)
def percent_style(sql: str) -> str:
    """Return a statement with `?` as `%s` and `%` doubled; text in quotes keeps its `?`."""
    return "%s".join(piece.replace("%", "%%") for piece in _pieces(sql))


@lru_cache(maxsize=STATEMENTS_CACHED_MAX)
def dollar_style(sql: str) -> str:
    """Return a statement with `?` as `$1`, `$2` and so on; text in quotes keeps its `?`."""
    first, *others = _pieces(sql)
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(others, 1))


def _pieces(sql: str) -> list[str]:
    """Return what stands before, between and behind the marks of a statement."""
    pieces, quote = [""], ""
    for character in sql:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "?":
            pieces.append("")
            continue
        pieces[-1] += character
    return pieces
