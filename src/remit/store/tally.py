"""Counters of one transaction: added up here, and written once before it ends or is read."""

from collections import Counter
from typing import Final

from remit.store.connection import Connection

STATES_MAX: Final = 1_024

Key = tuple[str, ...]  # all of a row's key but its slot

_INSERT: Final = {
    "kpi_days": (
        "insert into kpi_days (workflow, day, name, slot, n) values (?, ?, ?, ?, ?)"
        " on conflict (workflow, day, name, slot) do update set n = kpi_days.n + excluded.n"
    ),
    "case_counts": (
        "insert into case_counts (workflow, status, slot, n) values (?, ?, ?, ?)"
        " on conflict (workflow, status, slot) do update set n = case_counts.n + excluded.n"
    ),
    "open_counts": (
        "insert into open_counts (workflow, action, slot, n) values (?, ?, ?, ?)"
        " on conflict (workflow, action, slot) do update set n = open_counts.n + excluded.n"
    ),
}


class Tally:
    """What a transaction counts; a unit that is undone takes back what it counted and wrote."""

    def __init__(self) -> None:
        self._added: list[tuple[str, Key, int]] = []
        self._written = 0  # so many of them are in rows
        self.states: dict[str, str] = {}  # of proposals that were made or moved in it, by id

    def day(self, workflow: str, day: str, name: str) -> None:
        """Count one more of something on a day."""
        self._added.append(("kpi_days", (workflow, day, name), 1))

    def status(self, workflow: str, status: str, change: int) -> None:
        """Count a case in or out of a status."""
        self._added.append(("case_counts", (workflow, status), change))

    def open(self, workflow: str, action: str, change: int) -> None:
        """Count an approval that begins to wait for people, or ends to."""
        self._added.append(("open_counts", (workflow, action), change))

    def made(self, action_id: str, state: str) -> None:
        """Note how a proposal stands that was made or moved here: nobody else can move it now."""
        if len(self.states) >= STATES_MAX:
            self.states.clear()
        self.states[action_id] = state

    def statuses(self, workflow: str) -> Counter[str]:
        """Return by how much the numbers of a workflow's cases differ from the rows."""
        found = Counter[str]()
        for table, key, change in self._added[self._written :]:
            if table == "case_counts" and key[0] == workflow:
                found[key[1]] += change
        return found

    def mark(self) -> tuple[int, int]:
        """Return a mark of the transaction so far."""
        return len(self._added), self._written

    def back(self, mark: tuple[int, int]) -> None:
        """Forget what was counted since a mark, and that it was written since: rows are undone."""
        length, self._written = mark
        del self._added[length:]
        self.states.clear()

    def write(self, connection: Connection) -> None:
        """Bring the rows up to date, in the slot of this writer: none waits for another."""
        sums: dict[str, Counter[Key]] = {}
        for table, key, change in self._added[self._written :]:
            sums.setdefault(table, Counter())[key] += change
        for table, counts in sorted(sums.items()):
            connection.later(
                _INSERT[table],
                [(*key, connection.slot, n) for key, n in sorted(counts.items())],
            )
        self._written = len(self._added)
