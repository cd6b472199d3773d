"""A connection to nothing, for work that may know without rows what it would read."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, NoReturn

from remit.store.connection import Connection, Parameter


class RowsNeeded(BaseException):
    """The work asked for rows: it has to be done again on a snapshot."""


class _NoRows:
    """Raises `RowsNeeded` at the first question."""

    dialect: Literal["sqlite"] = "sqlite"
    slot = 0

    def execute(self, sql: str, params: Sequence[Parameter] = ()) -> NoReturn:  # noqa: ARG002
        raise RowsNeeded

    def executemany(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> NoReturn:  # noqa: ARG002
        raise RowsNeeded

    def later(self, sql: str, rows: Iterable[Sequence[Parameter]]) -> NoReturn:  # noqa: ARG002
        raise RowsNeeded

    def rows(self, sql: str, params: Sequence[Parameter] = ()) -> NoReturn:  # noqa: ARG002
        raise RowsNeeded

    def one(self, sql: str, params: Sequence[Parameter] = ()) -> NoReturn:  # noqa: ARG002
        raise RowsNeeded

    def value(self, sql: str, params: Sequence[Parameter] = ()) -> Any:  # noqa: ARG002
        raise RowsNeeded

    def begin(self, *, write: bool) -> NoReturn:  # noqa: ARG002
        raise RowsNeeded

    def commit(self) -> NoReturn:
        raise RowsNeeded

    def rollback(self) -> NoReturn:
        raise RowsNeeded

    def close(self) -> None:
        """Do nothing."""


NO_ROWS: Connection = _NoRows()
