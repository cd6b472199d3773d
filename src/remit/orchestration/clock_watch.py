"""Is the wall clock to be trusted? It is compared with one that only runs forward."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

AHEAD_SECONDS_MAX = 300.0


@dataclass(slots=True, kw_only=True)
class ClockWatch:
    """Says how far the wall clock has run ahead since this process began, or since a person said.

    A clock that runs back is no danger: ledger time stands still until it has caught up, and
    timers are late.
    """

    now: Callable[[], datetime]
    elapsed: Callable[[], float]  # seconds on a clock that counts suspension and only runs forward
    _wall: datetime = field(init=False)
    _mark: float = field(init=False)

    def __post_init__(self) -> None:
        self.confirm()

    @property
    def ahead_seconds(self) -> float:
        """How far the wall clock has run ahead; negative where it went back."""
        return (self.now() - self._wall).total_seconds() - (self.elapsed() - self._mark)

    @property
    def doubtful(self) -> bool:
        """Whether nothing may be cleared and nothing may expire by this clock."""
        return self.ahead_seconds > AHEAD_SECONDS_MAX

    def confirm(self) -> None:
        """Take the wall clock as right from here on: a person said so."""
        self._wall = self.now()
        self._mark = self.elapsed()
