"""A part of the figures: rows with what was found, what was expected, and what is promised."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module

from bench.table import Table

NEAR = 0.07  # a simulated figure may be off by this part of what is expected
SEED = 2026


class MissingDataError(Exception):
    """A part whose data is not on this machine; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure: a line and a column of a table, what was expected and what is promised."""

    what: str
    at: str
    found: float
    expected: float | None = None
    error: float = 0.0  # its standard error; 0 where nothing was drawn by lot
    slack: float | None = None  # what it may be off by; by default 7 % or three standard errors
    at_most: float | None = None  # the goal
    at_least: float | None = None
    digits: int = 3

    @property
    def is_near(self) -> bool:
        """Is the figure where it was expected?"""
        if self.expected is None:
            return True
        slack = NEAR * abs(self.expected) if self.slack is None else self.slack
        return abs(self.found - self.expected) <= max(3 * self.error, slack) + 1e-12

    @property
    def is_good(self) -> bool:
        """Is the goal met?"""
        above = self.at_most is not None and self.found > self.at_most
        below = self.at_least is not None and self.found < self.at_least
        return not above and not below

    def __str__(self) -> str:
        expected = "" if self.expected is None else f" ({self._shown(self.expected)})"
        off = "" if self.is_near else " ≠"
        return f"{self._shown(self.found)}{expected}{off}{'' if self.is_good else ' MISSED'}"

    def _shown(self, value: float) -> str:
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A module with `run(*, runs, seed) -> rows`, and how often it throws the dice."""

    module: str
    title: str
    runs: int  # 0: nothing is drawn by lot

    def run(self, *, tenth: bool = False, seed: int = SEED) -> list[Row]:
        """Return its rows, with all runs or a tenth of them."""
        runs = max(1, self.runs // 10) if tenth else self.runs
        return list(import_module(f"bench.autonomy.{self.module}").run(runs=runs, seed=seed))


def chance(hits: int, runs: int) -> tuple[float, float]:
    """Return a share and its standard error, that of one hit where there is none."""
    found = hits / runs
    return found, math.sqrt(max(found * (1 - found), 1 / runs) / runs)


def table(title: str, rows: Iterable[Row]) -> Table:
    """Return the rows as a table, a line for each `what` and a column for each `at`."""
    cells: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for row in rows:
        cells.setdefault(row.what, {})[row.at] = str(row)
        columns[row.at] = None
    return Table(
        title=title,
        head=("", *columns),
        rows=[(what, *(found.get(at, "") for at in columns)) for what, found in cells.items()],
    )
