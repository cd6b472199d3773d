"""The port to whatever runs cases: it promises *at least once*, the ledger does the rest.

The contract suite is tests/contract/test_dispatch.py; every implementation passes it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from remit.domain.case import CaseStatus
from remit.store.connection import Connection
from remit.store.ready import Ready

# One run of one case. It never raises for reasons of the case: it ends parked, ready, escalated or
# closed, `None` where the case was not ready. It raises when it cannot even record that.
Drive = Callable[[str], Awaitable[CaseStatus | None]]


class Dispatcher(Protocol):
    """Runs ready cases, each at least once and one run at a time."""

    @property
    def draining(self) -> bool:
        """Whether runs should end at their next step: the process is about to stop."""

    @property
    def idle(self) -> bool:
        """Whether nothing runs here and nothing is about to."""

    @property
    def stuck(self) -> frozenset[str]:
        """Cases that could not even be run, several times in a row; they are tried on."""

    def wake(self, connection: Connection, case: Ready) -> None:
        """Queue a first or further run, in the transaction in which the case became ready.

        The same case with the same `seq` twice is one wake.
        """

    def committed(self, ready: Sequence[Ready]) -> None:
        """Hear which cases a commit made ready; may be called from any thread."""

    async def run(self, drive: Drive) -> None:
        """Run ready cases until drained."""

    def end(self) -> None:
        """Take no more cases from now on, and have runs end at their next step."""

    async def drain(self, *, seconds: float) -> None:
        """Take no more cases, give runs so long to come to a step, and leave the rest ready."""

    def cancel(self, case_id: str) -> None:
        """End a run that has not noticed after five seconds that its case is cancelled."""

    def sweep(self) -> None:
        """Look again for ready cases that nobody has taken: a case can be late, not lost."""
