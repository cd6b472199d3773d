"""A writer that takes nothing, because the record contradicts itself or an anchor."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, NoReturn, TypeVar

from remit.errors import LedgerMismatchError
from remit.store.lanes import Answer, Lane
from remit.store.receipt import Receipt
from remit.store.unit import UnitOfWork
from remit.store.writer import OnCommit, OnReady

T = TypeVar("T")


class RefusingWriter:
    """Answers every write with what is wrong."""

    def __init__(self, error: LedgerMismatchError) -> None:
        self.before_commit: list[Callable[[str], None]] = []
        self.on_commit: OnCommit = lambda _: None
        self.on_ready: OnReady | None = None
        self._error = error

    def submit(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> "Future[Receipt[T]]":
        """Raise what is wrong."""
        del work, lane, streams
        self._raise()

    def tell(
        self,
        work: Callable[[UnitOfWork], Any],
        answer: Answer,
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> None:
        """Raise what is wrong."""
        del work, answer, lane, streams
        self._raise()

    def run(
        self,
        work: Callable[[UnitOfWork], T],
        *,
        lane: Lane = "ordinary",
        streams: Sequence[str] = (),
    ) -> Receipt[T]:
        """Raise what is wrong."""
        del work, lane, streams
        self._raise()

    def depth(self, lane: Lane) -> int:
        """Return none."""
        del lane
        return 0

    def refuse(self, error: BaseException) -> None:
        """Do nothing: nothing is taken already."""
        del error

    def close(self) -> None:
        """Do nothing: nothing was begun."""

    def _raise(self) -> NoReturn:
        raise type(self._error)(str(self._error)) from self._error
