"""What a run of the torture says: each test as it ends, and the table of figures after the last.

A pytest plugin of the process that is started (`-p tests.faults.table`), not of its workers. A
test gives its figures with `record_property`; those of tests that differ in their parameters only
are added up.
"""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

TOLD_SECONDS = 5.0
NAMES = (
    "kills", "faults", "scenarios", "cases", "acknowledged", "lost", "effects", "repeated",
    "ambiguous", "proofs", "changed bits", "changes", "units", "parked", "fired",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Take part where the tests are not run but counted."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table())


@dataclass(slots=True)
class Row:
    """All tests of one name."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    figures: Counter[str] = field(default_factory=Counter)


@dataclass(eq=False)
class Table:
    """Collects what the tests report."""

    rows: dict[str, Row] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    told: float = 0.0

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self.total = len(items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        self.total = len(ids)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = report.nodeid.partition("[")[0].removeprefix("tests/")
        row = self.rows.setdefault(name, Row())
        row.seconds += report.duration
        if report.when == "call" or report.outcome != "passed":
            row.outcomes[report.outcome] += 1
        if report.failed:
            tell(f"FAILED after {time.monotonic() - self.began:,.0f} s: {report.nodeid}")
            tell(report.longreprtext)
        if report.when != "teardown":
            return
        row.figures.update(
            {key: value for key, value in report.user_properties if isinstance(value, int)}
        )
        self.done += 1
        now = time.monotonic()
        if report.user_properties or now - self.told >= TOLD_SECONDS:
            self.told = now
            figures = ", ".join(f"{value} {key}" for key, value in report.user_properties)
            short = report.nodeid.rpartition("/")[2]
            tell(
                f"{self.done} of {self.total} tests, {now - self.began:,.0f} s:"
                f" {short} {'(' + figures + ')' if figures else ''}"
            )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("torture")
        for line in self.lines():
            terminalreporter.write_line(line)

    def lines(self) -> list[str]:
        """Return the table, and below it the sums."""
        found = [f"{'seconds':>8}  {'tests':<22}  what, and its figures"]
        sums: Counter[str] = Counter()
        outcomes: Counter[str] = Counter()
        for name, row in sorted(self.rows.items()):
            sums.update(row.figures)
            outcomes.update(row.outcomes)
            ended = ", ".join(f"{number} {outcome}" for outcome, number in row.outcomes.items())
            found.append(f"{row.seconds:>8,.1f}  {ended:<22}  {name}")
            if row.figures:
                found.append(f"{'':>34}  {shown(row.figures)}")
        ended = ", ".join(f"{number:,} {outcome}" for outcome, number in outcomes.items())
        taken = time.monotonic() - self.began
        return [*found, f"all: {ended} in {taken:,.0f} s", f"     {shown(sums)}"]


def shown(figures: Counter[str]) -> str:
    """Return figures as words, those that everybody asks for first."""
    order = [name for name in NAMES if name in figures]
    order += sorted(name for name in figures if name not in NAMES)
    return ", ".join(f"{figures[name]:,} {name}" for name in order)


def tell(line: str) -> None:
    """Show progress, whatever is captured."""
    print(line, file=sys.__stderr__, flush=True)
