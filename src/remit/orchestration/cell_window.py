"""What cells may do alone, as people look at it: the map, a cell, its rows, what a grant does."""

from collections.abc import Callable, Iterable
from datetime import datetime

from remit.domain import clock
from remit.domain.autonomy import WHOLE, Cell
from remit.domain.plan import Plan
from remit.errors import NotFoundError
from remit.governance import cell_map, cell_rows, cell_whole, cells, scorecard
from remit.governance.access import Roster
from remit.governance.cell_rows import RowPage
from remit.governance.cell_whole import CellWhole
from remit.governance.cells import CellView
from remit.governance.scorecard import Frame, Scorecard
from remit.orchestration.equipment import Equipment
from remit.orchestration.shelf import Shelf
from remit.store.connection import Connection
from remit.store.database import Database


class CellWindow:
    """The part through which cells are looked at; `remit.app.Remit` fills the rest in."""

    database: Database
    equipment: dict[str, Equipment]
    shelf: Shelf
    now: Callable[[], datetime]
    _people: Roster

    def cells(self, workflow: str | None = None, /) -> tuple[Cell, ...]:
        """Return every cell that can earn a level, of one's own desks."""
        own = self._people.own()
        return tuple(
            cell
            for name, one in self.equipment.items()
            if (own is None or name in own) and workflow in {None, name}
            for cell in cells_of(one.plans.values())
        )

    def scorecards(self, workflow: str | None = None, /) -> tuple[Scorecard, ...]:
        """Return where every cell stands and what its next level takes."""
        return tuple(self.scorecard(cell) for cell in self.cells(workflow))

    def scorecard(self, cell: Cell, /) -> Scorecard:
        """Return where a cell stands; raises `NotFoundError`."""
        plan, now_us = self._plan(cell), clock.microseconds(self.now())
        return self.database.read(
            lambda c: scorecard.of(c, plan, cell, self.frame(cell, c), now_us=now_us)
        )

    def remit_map(self, workflow: str | None = None, /) -> tuple[CellView, ...]:
        """Return every cell with what its next level takes and what would lower it."""
        known = [(cell, self._plan(cell), self.frame(cell)) for cell in self.cells(workflow)]
        now_us = clock.microseconds(self.now())
        return self.database.read(lambda c: cell_map.of(c, known, now_us=now_us))

    def cell(self, cell: Cell, /) -> CellView:
        """Return one of them; raises `NotFoundError`."""
        plan, now_us = self._plan(cell), clock.microseconds(self.now())
        return self.database.read(
            lambda c: cells.view(c, plan, cell, self.frame(cell, c), now_us=now_us)
        )

    def cell_whole(self, cell: Cell, /) -> CellWhole:
        """Return one with how its evidence came about and what the next grant would have done.

        Raises `NotFoundError`.
        """
        plan, now_us = self._plan(cell), clock.microseconds(self.now())
        return self.database.read(
            lambda c: cell_whole.of(c, plan, cell, self.frame(cell, c), now_us=now_us)
        )

    def cell_rows(self, cell: Cell, /, *, after: str | None = None, limit: int = 50) -> RowPage:
        """Return a page of the rows of a cell, the newest first; raises `NotFoundError`."""
        plan, now_us = self._plan(cell), clock.microseconds(self.now())
        fingerprint = self.frame(cell).fingerprint
        return self.database.read(
            lambda c: cell_rows.page(
                c, plan, cell, fingerprint=fingerprint, after=after, limit=limit, now_us=now_us
            )
        )

    def frame(self, cell: Cell, connection: Connection | None = None) -> Frame:
        """Return what bounds a cell from outside; with a snapshot, under the rules in force in it.

        Without, under those that this process has seen last: others may have signed some since.
        """
        name = cell.workflow
        one = self.equipment[name] if connection is None else self.shelf.look(connection, name)
        return frame_of(one, cell.action)

    def _plan(self, cell: Cell) -> Plan:
        said = f"there is no cell `{cell.name[:128]}`; see `remit grants`"
        self._people.demand_own(cell.workflow, said)
        one = self.equipment.get(cell.workflow)
        plan = None if one is None else one.plans.get(cell.action)
        if plan is None or cell not in cells_of((plan,)):
            raise NotFoundError(said)
        return plan


def frame_of(one: Equipment, action: str) -> Frame:
    """Return what bounds the cells of an action from outside."""
    spec = one.spec(action)
    return Frame(
        fingerprint=one.fingerprint, phase=one.phase, ceiling=one.ceiling(action), owner=one.owner,
        undo="" if spec is None else spec.undo or "", escalation=one.escalates_to,
    )  # fmt: skip


def cells_of(plans: Iterable[Plan]) -> tuple[Cell, ...]:
    """Return the cells of actions: their declared segments and `other`, or the whole."""
    return tuple(cell for plan in plans for cell in plan.cells)


def cell_named(cells: Iterable[Cell], name: str) -> Cell:
    """Return the cell that people write so, `/all` left out or not; raises `NotFoundError`."""
    known = {cell.name: cell for cell in cells}
    found = known.get(name) or known.get(f"{name}/{WHOLE}")
    if found is None:
        raise NotFoundError(
            f"there is no cell `{name[:128]}`; there are {', '.join(sorted(known)) or 'none'}"
        )
    return found
