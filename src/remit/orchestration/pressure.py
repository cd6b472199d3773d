"""When intake says no: bulk first, then all; never what is already in the house.

Outcomes, votes, stops and running cases go on: they are no intake.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from remit.domain import clock
from remit.domain.case import Priority
from remit.errors import IntakeBusyError
from remit.orchestration.lanes import LaneSettings
from remit.store import load
from remit.store.database import Database
from remit.store.lanes import LANE_UNITS_MAX
from remit.store.load import Load
from remit.store.writer import Writer

LOOK_SECONDS = 1.0  # so long a look at the rows is good for
BULK_SHARE = 0.8  # of each bound: there bulk is refused already
FULL_SECONDS = 1.0  # so long the writer's lane must be over half
FEW_SHARE = 0.5  # of the open cases that there may be: below it nobody counts for a message
LATE_SHARE = 0.05  # of ready cases: more of them late is a 95th percentile that is
UNSEQUENCED_SECONDS_MAX = 10.0
DISK_FREE_BYTES_MIN = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing more is taken in, and when to come again."""

    sentence: str
    retry_after_seconds: int
    passes: bool  # it passes with time; otherwise somebody has to do something


@dataclass(slots=True, kw_only=True)
class Pressure:
    """Looks at what is full, at most once a second."""

    database: Database
    writer: Writer
    now: Callable[[], datetime]
    elapsed: Callable[[], float]
    disk_free: Callable[[], int | None]  # bytes; None where it is not ours to know
    disk_free_min: int = DISK_FREE_BYTES_MIN
    refused: int = 0
    _loads: dict[int, tuple[float, Load]] = field(default_factory=dict)  # by age asked about
    _looked_us: int = 0  # when that was, by the clock on the wall
    _open: dict[str, int] = field(default_factory=dict)  # cases, as of the last look
    _taken: Counter[str] = field(default_factory=Counter)  # messages since then
    _disk: tuple[float, int | None] = (float("-inf"), None)
    _over_since: float | None = None  # since when the writer's lane has been over half

    def check(self, workflow: str, settings: LaneSettings, priority: Priority) -> None:
        """Raise `IntakeBusyError` where a message of this class is not to be taken now."""
        refusal = self.refusal(workflow, settings, priority)
        if refusal is not None:
            self.refused += 1
            raise IntakeBusyError(
                refusal.sentence, retry_after_seconds=refusal.retry_after_seconds
            )

    def refusal(self, workflow: str, settings: LaneSettings, priority: Priority) -> Refusal | None:
        """Return why a message of this class is not to be taken now, if so."""
        share = BULK_SHARE if priority is Priority.BULK else 1.0
        free = self._free()
        if free is not None and free * share < self.disk_free_min:
            return _asks(f"{free // 1024**2} MiB of disk are free; make room")
        if self._lane_is_over(share):
            return _passes("writes are waiting in line", 1)
        age = settings.ready_age_seconds_max
        found = self.load(int(age * share))
        if found.ready_late > found.ready * LATE_SHARE:
            return _passes(
                f"{found.ready_late} of {found.ready} ready cases have waited for more than "
                f"{int(age * share)} seconds", min(60, age),
            )  # fmt: skip
        oldest = found.unsequenced_oldest_us
        # As of the look: what time leapt over since then, in a sleep say, nothing has waited for.
        waited = 0.0 if oldest is None else (self._looked_us - oldest) / 1_000_000
        if waited > UNSEQUENCED_SECONDS_MAX * share:
            return _passes(f"entries have waited {waited:.0f} s for their place in the log", 5)
        held = found.held.get(workflow, 0)
        if priority is Priority.BULK and held >= settings.held_max:
            return _asks(f"{held} proposals of `{workflow}` wait for people; decide some first")
        return None

    def load(self, late_seconds: int) -> Load:
        """Return how full it is, as of a second ago at most."""
        known = self._loads.get(late_seconds)
        if known is not None and self.elapsed() - known[0] < LOOK_SECONDS:
            return known[1]
        self._looked_us = clock.microseconds(self.now())
        before_us = self._looked_us - late_seconds * 1_000_000
        found = self.database.read(lambda c: load.read(c, late_before_us=before_us))
        self._loads[late_seconds] = (self.elapsed(), found)
        self._open, self._taken = found.open, Counter()
        return found

    def few_open(self, workflow: str, most: int) -> bool:
        """Return whether a message that was checked can be one too many by no means."""
        self._taken[workflow] += 1
        return self._open.get(workflow, 0) + self._taken[workflow] < most * FEW_SHARE

    def _free(self) -> int | None:
        if self.elapsed() - self._disk[0] >= LOOK_SECONDS:
            self._disk = (self.elapsed(), self.disk_free())
        return self._disk[1]

    def _lane_is_over(self, share: float) -> bool:
        if self.writer.depth("ordinary") <= LANE_UNITS_MAX["ordinary"] * 0.5 * share:
            self._over_since = None
            return False
        if self._over_since is None:
            self._over_since = self.elapsed()
        return self.elapsed() - self._over_since >= FULL_SECONDS * share


def _passes(why: str, seconds: int) -> Refusal:
    return Refusal(
        sentence=f"{why}; send this again in {seconds} s", retry_after_seconds=seconds, passes=True
    )


def _asks(why: str) -> Refusal:
    return Refusal(sentence=f"{why}, and send this again", retry_after_seconds=60, passes=False)
