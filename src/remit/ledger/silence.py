"""What a judge makes of heartbeats: a process that was silent while a case was open (LS12)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from remit.ledger.leaf import Leaf

HEARTBEAT_SECONDS_MAX: Final = 180  # between two heartbeats of one process
OPENED_SECONDS_MAX: Final = 480  # from the opening of a case, which another's clock may have timed
UNHEARD_SECONDS_MAX: Final = 900  # until somebody says what became of a process
NEVER: Final = "~"  # sorts behind every instant
BEAT: Final = "ledger:heartbeat:recorded"
ENDED: Final = "ledger:heartbeat:ended"
_TOLD_MAX: Final = 5

_Broken = Callable[[str, str], None]  # code, text


@dataclass(slots=True)
class _Process:
    last: str  # when it was heard of
    number: int
    heard: bool = True  # nobody has said yet that it is silent


class Silence:
    """Follows the processes that run cases, and since when a case has been open."""

    def __init__(self) -> None:
        self._processes: dict[str, _Process] = {}
        self._opened = ""  # since when a case has been open; empty while none is
        self._told: list[str] = []
        self._passed: dict[str, str] = {}  # process -> the first entry after it was due
        self.due = NEVER  # an entry after this instant is to be told of by `passed`

    def passed(self, at: str) -> None:
        """Note that the record goes on after a process was due to be heard of."""
        for name, process in self._processes.items():
            if process.heard and at > shifted(process.last, UNHEARD_SECONDS_MAX):
                self._passed.setdefault(name, at)
        self._set_due()

    def opened(self, at: str) -> None:
        """Note that a case is open from here on."""
        self._opened = at

    def closed(self) -> None:
        """Note that no case is open any more."""
        self._opened = ""

    def works(self, broken: _Broken) -> None:
        """Take up that a case ran: some process must have said that it is at work."""
        if not self._processes:
            broken("LS12", "a case ran, and no process had recorded that it was at work")

    def see(self, leaf: Leaf, broken: _Broken, *, whole: bool) -> None:
        """Take up a heartbeat, or the end of a process."""
        body, ended = leaf.body, leaf.event == ENDED
        name, count, how = body.get("process"), body.get("number"), body.get("how")
        if not isinstance(name, str) or not isinstance(count, int):
            broken("LS12", "a heartbeat names no process or no number")
            return
        known = self._processes.get(name)
        if known is None:
            if whole and (ended or count != 1):
                broken("LS12", f"heartbeats 1 to {count - 1} of process `{name}` are missing")
        elif count != known.number + (not ended):
            broken("LS12", f"heartbeat {known.number} of process `{name}` is followed by {count}")
        if known is not None:
            self._gap(leaf, name, known, broken)
        self._passed.pop(name, None)
        if how in ("stopped", "crashed"):
            self._processes.pop(name, None)
        else:
            self._processes[name] = _Process(leaf.at, count, heard=not ended)
        self._set_due()

    def end(self, now: str, broken: _Broken) -> list[str]:
        """Return the lines of a report; raise what was silent to the end."""
        for name, since in self._passed.items():  # that it slept, it says on waking
            last = self._processes[name].last
            woken = now <= shifted(since, HEARTBEAT_SECONDS_MAX)
            if not woken and self._open_for(last, now, UNHEARD_SECONDS_MAX):
                broken("LS12", f"process `{name}` was not heard of after {last}")
        more = len(self._told) - _TOLD_MAX
        rest = [f"          and {more} more"] if more > 0 else []
        return [f"silent    {one}" for one in self._told[:_TOLD_MAX]] + rest

    def _gap(self, leaf: Leaf, name: str, known: _Process, broken: _Broken) -> None:
        how = leaf.body.get("how")
        if not known.heard or not self._open_for(known.last, leaf.at, HEARTBEAT_SECONDS_MAX):
            return
        said = isinstance(leaf.body.get("silent_seconds"), int)
        if how in ("crashed", "silent"):
            self._told.append(f"process `{name}`, {how}: {known.last} to {leaf.at}")
        elif said:
            self._told.append(f"process `{name}`, held up: {known.last} to {leaf.at}")
        else:
            text = f"process `{name}` was not heard of from {known.last} to {leaf.at}"
            broken("LS12", f"{text}, and a case was open")

    def _set_due(self) -> None:
        due = (
            shifted(process.last, UNHEARD_SECONDS_MAX)
            for name, process in self._processes.items()
            if process.heard and name not in self._passed
        )
        self.due = min(due, default=NEVER)

    def _open_for(self, last: str, now: str, seconds: int) -> bool:
        """Was a case open, and nothing heard, for longer than that?"""
        if not self._opened:
            return False
        slack = OPENED_SECONDS_MAX - HEARTBEAT_SECONDS_MAX
        return now > shifted(last, seconds) and now > shifted(self._opened, seconds + slack)


def shifted(at: str, seconds: int) -> str:
    """Return an instant so many seconds later, as leaves write it; empty where it is none."""
    try:
        moment = datetime.fromisoformat(at) + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
