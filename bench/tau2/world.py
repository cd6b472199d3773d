"""A system of record in memory: shared records below, what was changed in one world above."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

Row = dict[str, Any]
Operation = Callable[..., Any]


class ToolRefusedError(Exception):
    """The system says no, as its API would."""


class World:
    """What the tools of one domain read and write.

    Records are found by (kind, id). A world begins with the shared ones and keeps its own changes,
    so that a copy costs little and two worlds compare by their changes.
    """

    READS: ClassVar[frozenset[str]] = frozenset()
    WRITES: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, shared: Mapping[str, Mapping[str, Row]]) -> None:
        """Begin with what the data holds."""
        self._shared = shared
        self.changed: dict[tuple[str, str], Row] = {}
        self.undone: list[dict[tuple[str, str], Row | None]] = []
        self._open: dict[tuple[str, str], Row | None] = {}

    def fork(self) -> Self:
        """Return a world that begins as this one stands."""
        made = copy.copy(self)
        made.changed = dict(self.changed)
        made.undone = list(self.undone)
        return made

    @property
    def state(self) -> dict[tuple[str, str], Row]:
        """What differs from the data, by kind and id."""
        return {
            key: row
            for key, row in self.changed.items()
            if row != self._shared.get(key[0], {}).get(key[1])
        }

    def find(self, kind: str, name: object) -> Row | None:
        """Return a copy of a record, if there is one."""
        key = (kind, str(name))
        row = self.changed.get(key) or self._shared.get(kind, {}).get(str(name))
        return None if row is None else copy.deepcopy(row)

    def get(self, kind: str, name: object) -> Row:
        """Return a copy of a record; raises `ToolRefusedError`."""
        row = self.find(kind, name)
        if row is None:
            raise ToolRefusedError(f"{kind} not found")
        return row

    def rows(self, kind: str) -> list[Row]:
        """Return the records of a kind, as they stand; not to be changed."""
        own = {name: row for (of, name), row in self.changed.items() if of == kind}
        return list({**self._shared.get(kind, {}), **own}.values())

    def put(self, kind: str, name: object, row: Row) -> None:
        """Write a record."""
        key = (kind, str(name))
        self._open.setdefault(key, self.changed.get(key))
        self.changed[key] = copy.deepcopy(row)

    def call(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Run one tool; a write that is refused changes nothing.

        Raises `ToolRefusedError`, also for a tool or an argument that does not exist.
        """
        if name not in self.READS | self.WRITES:
            raise ToolRefusedError(f"there is no tool {name}")
        body: Operation = getattr(self, name)
        try:
            answer = body(**arguments)
        except ToolRefusedError:
            self._back(self._open)
            raise
        except TypeError as error:
            self._back(self._open)
            raise ToolRefusedError(f"{name} does not take this: {error}") from error
        finally:
            done, self._open = self._open, {}
        if name in self.WRITES:
            self.undone.append(done)
            return {"change": str(len(self.undone))}
        return answer

    def take_back(self, change: str) -> None:
        """Put back what one write changed; raises `ToolRefusedError` for one that is none."""
        if not change.isdigit() or not 0 < int(change) <= len(self.undone):
            raise ToolRefusedError("there is no such change")
        self._back(self.undone[int(change) - 1])
        self.undone[int(change) - 1] = {}

    def _back(self, rows: Mapping[tuple[str, str], Row | None]) -> None:
        for key, row in rows.items():
            if row is None:
                self.changed.pop(key, None)
            else:
                self.changed[key] = row
