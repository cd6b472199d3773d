"""A session of PostgreSQL, lent to a library that is to write in our transaction."""

from collections.abc import Callable, Mapping
from typing import Any


class Lent:
    """A session as its driver has it, but that the borrower can neither end nor close anything.

    Values are sent as the driver does it by itself, with `dumpers`, not as our statements want it.
    """

    def __init__(
        self, raw: Any, dumpers: Mapping[type, Any], *, before: Callable[[], None]
    ) -> None:
        self._raw = raw
        self._dumpers = dumpers
        self._before = before  # sends what our side has put off

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def cursor(self, *args: Any, **options: Any) -> Any:
        """Return a cursor that sends values in the driver's own way."""
        self._before()
        cursor = self._raw.cursor(*args, **options)
        for kind, dumper in self._dumpers.items():
            cursor.adapters.register_dumper(kind, dumper)
        return cursor

    def commit(self) -> None:
        """Do nothing: the lender's transaction goes on."""

    def rollback(self) -> None:
        """Do nothing: an error takes the lender's unit back."""

    def close(self) -> None:
        """Do nothing: the lender closes."""
