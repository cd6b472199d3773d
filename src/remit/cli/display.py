"""Progress as a bar in a terminal, and as a plain line now and then anywhere else."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

PLAIN_SECONDS = 2.0


class Display(Protocol):
    """Somewhere to say how far a piece of work is."""

    def show(self, done: int, words: str) -> None:
        """Say how much is done, and what has come of it."""


@contextmanager
def display(title: str, total: int | None) -> Iterator[Display]:
    """Open a display on standard error, so that standard output stays a result."""
    if sys.stderr.isatty():
        with _bar(title, total) as bar:
            yield bar
        return
    yield _Plain(title, total)


def training(done: int, total: int, what: str) -> None:
    """Say on standard error how far training is."""
    print(f"training: {what} ({done} of {total})", file=sys.stderr)  # noqa: T201 - a person reads it


class _Plain:
    def __init__(self, title: str, total: int | None) -> None:
        self._title, self._total, self._last = title, total, time.monotonic()

    def show(self, done: int, words: str) -> None:
        now = time.monotonic()
        if now - self._last < PLAIN_SECONDS:
            return
        self._last = now
        of = "" if self._total is None else f" of {self._total:,}"
        print(f"{self._title}: {done:,}{of} {words}", file=sys.stderr)  # noqa: T201 - as above


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[Display]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[words]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task(title, total=total, words="")

        class Bar:
            def show(self, done: int, words: str) -> None:
                progress.update(task, completed=done, words=words)

        yield Bar()
