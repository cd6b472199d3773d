"""Who runs next: fair turns between lanes, and the order inside one; pure."""

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from remit.store.ready import Lane, Ready

PAGE = 64
WEIGHT_MIN = 0.01
NEW_AFTER = 9  # so many begun cases in a row; then a new one has its turn

Key = tuple[int, bool, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSettings:
    """What an owner sets for the lanes of a workflow."""

    weight: float = 1.0
    running_max: int = 256
    open_cases_max: int = 100_000
    held_max: int = 10_000  # that wait for people; then bulk intake pauses
    ready_age_seconds_max: int = 300
    case_seconds: int | None = None  # in which a case should be closed


class Shares:
    """Deficit round robin: a quantum is one turn, a weight of two is two turns in each round.

    A lane that comes in waits at most for one visit to each lane that was there before it
    (tests/properties/test_shares.py).
    """

    def __init__(self) -> None:
        self._round: deque[Lane] = deque()
        self._weights: dict[Lane, float] = {}
        self._deficits: dict[Lane, float] = {}
        self._visiting = False  # whether the first of the round has had its quantum

    def enter(self, lane: Lane, weight: float) -> None:
        """Have a lane take part from the end of the round on, unless it does already."""
        if lane not in self._weights:
            self._round.append(lane)
            self._weights[lane] = weight
            self._deficits[lane] = 0.0

    def leave(self, lane: Lane) -> None:
        """Drop a lane that has no work; it saves nothing up."""
        if lane in self._weights:
            if self._round[0] == lane:
                self._visiting = False
            self._round.remove(lane)
            del self._weights[lane], self._deficits[lane]

    def next(self, may: Callable[[Lane], bool]) -> Lane | None:
        """Return whose turn it is among the lanes that may take one; that turn is spent."""
        if not any(may(lane) for lane in self._round):
            return None
        while True:
            lane = self._round[0]
            if not may(lane):
                self._pass()
                continue
            if not self._visiting:
                self._visiting = True
                self._deficits[lane] += self._weights[lane]
            if self._deficits[lane] >= 1.0:
                self._deficits[lane] -= 1.0
                if self._deficits[lane] < 1.0:
                    self._pass()
                return lane
            self._pass()

    def _pass(self) -> None:
        self._visiting = False
        self._round.rotate(-1)


@dataclass(slots=True)
class Waiting:
    """The first of a lane's ready cases of one kind; the others stay rows."""

    more: bool = True  # whether the database may hold others
    keys: list[Key] = field(default_factory=list)
    cases: dict[str, Ready] = field(default_factory=dict)

    def fill(self, found: Iterable[Ready], *, more: bool, now_us: int) -> None:
        """Take a page as it was read."""
        self.cases = {one.case_id: one for one in found}
        self.keys = sorted(one.key(now_us) for one in self.cases.values())
        self.more = more
        self._cut()

    def add(self, one: Ready, now_us: int) -> None:
        """Add a case that became ready; one beyond the page is read when its time comes."""
        key = one.key(now_us)
        if one.case_id in self.cases:
            return
        if self.more and bisect_right(self.keys, key) == len(self.keys):
            return
        self.cases[one.case_id] = one
        insort(self.keys, key)
        self._cut()

    def pop(self) -> Ready:
        return self.cases.pop(self.keys.pop(0)[-1])

    def _cut(self) -> None:
        for key in self.keys[PAGE:]:
            del self.cases[key[-1]]
            self.more = True
        del self.keys[PAGE:]


@dataclass(slots=True, kw_only=True)
class LaneQueue:
    """One lane: what is begun and what is new, and how many of it run."""

    settings: LaneSettings
    begun: Waiting = field(default_factory=Waiting)
    new: Waiting = field(default_factory=Waiting)
    running: int = 0
    in_a_row: int = 0  # turns that went to begun cases since the last new one

    @property
    def empty(self) -> bool:
        """Whether there is nothing here and nothing more to read."""
        return not (self.begun.keys or self.new.keys or self.unread)

    @property
    def unread(self) -> tuple[Waiting, ...]:
        """Which kinds have to be read before the next turn is given."""
        return tuple(one for one in (self.begun, self.new) if one.more and not one.keys)

    @property
    def may_run(self) -> bool:
        return self.running < self.settings.running_max

    def add(self, one: Ready, now_us: int) -> None:
        """Add a case that became ready."""
        (self.begun if one.resumed else self.new).add(one, now_us)

    def look_again(self) -> None:
        """Read the rows again once the page is used up."""
        self.begun.more = self.new.more = True

    def pop(self) -> Ready | None:
        """Return whose turn it is in this lane, once nothing is `unread`."""
        begun, new = self.begun.keys, self.new.keys
        if not begun and not new:
            return None
        if new and (not begun or self.in_a_row >= NEW_AFTER or new[0] < begun[0]):
            self.in_a_row = 0
            return self.new.pop()
        self.in_a_row += 1
        return self.begun.pop()
