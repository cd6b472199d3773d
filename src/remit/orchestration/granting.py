"""What cells may do alone, as people use it: looked at, signed, lowered, and judged afterwards."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from remit.domain import actor, clock
from remit.domain.autonomy import OTHER, WHOLE, Cell, Level
from remit.domain.ids import control_stream
from remit.domain.plan import Plan
from remit.errors import IllegalMoveError, NotFoundError
from remit.governance import grants, promoting, scorecard, stops, streams, watch
from remit.governance.access import Roster
from remit.governance.promoting import Unmet
from remit.governance.scorecard import Frame, Scorecard
from remit.intake.scrub import scrub
from remit.orchestration.awaited import submit
from remit.orchestration.equipment import Equipment
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

OWNER_ROLE = "owner"
WATCH_US = 60 * 1_000_000


class Granting:
    """The part by which a remit grows and shrinks; `remit.app.Remit` fills the rest in."""

    database: Database
    writer: Writer
    equipment: dict[str, Equipment]
    now: Callable[..., Any]
    read: Callable[..., Any]
    _people: Roster
    _watched_us: int = 0

    def cells(self, workflow: str | None = None, /) -> tuple[Cell, ...]:
        """Return every cell that can earn a level, of one's own desks."""
        own = self._people.own()
        return tuple(
            cell
            for name, one in self.equipment.items()
            if (own is None or name in own) and workflow in {None, name}
            for plan in one.plans.values()
            for cell in cells_of(plan)
        )

    def scorecards(self, workflow: str | None = None, /) -> tuple[Scorecard, ...]:
        """Return where every cell stands and what its next level takes: the map of a remit."""
        wanted, now_us = self.cells(workflow), clock.microseconds(self.now())
        return self.database.read(
            lambda c: tuple(
                scorecard.of(c, self._plan(cell), cell, self.frame(cell), now_us=now_us)
                for cell in wanted
            )
        )

    def scorecard(self, cell: Cell, /) -> Scorecard:
        """Return where a cell stands; raises `NotFoundError`."""
        plan, now_us = self._plan(cell), clock.microseconds(self.now())
        return self.database.read(
            lambda c: scorecard.of(c, plan, cell, self.frame(cell), now_us=now_us)
        )

    async def sign_grant(
        self, cell: Cell, /, *, to: Level, digest: str, person: str
    ) -> Scorecard | Unmet:
        """Raise a cell by one level on its owner's signature.

        Raises `NotFoundError`, `NotEntitledError`, `IllegalMoveError`, `StaleScorecardError`.
        """
        plan = self._plan(cell)
        self._people.demand(person, cell.workflow, role=OWNER_ROLE)
        receipt = await submit(
            self.writer,
            lambda uow: promoting.promote(
                uow, plan, cell, self.frame(cell), to=to, scorecard_digest=digest, person=person
            ),
            lane="control",
            streams=(control_stream(cell.workflow),),
        )
        return receipt.value

    async def lower_grant(
        self, cell: Cell, /, *, to: Level, person: str, reason: str
    ) -> Scorecard:
        """Lower a cell at once on an owner's word; its evidence begins anew.

        Raises `NotFoundError`, `NotEntitledError`, `IllegalMoveError`.
        """
        plan = self._plan(cell)
        self._people.demand(person, cell.workflow, role=OWNER_ROLE)
        said = scrub(stops.said(reason, what="reason"))

        def work(uow: UnitOfWork) -> None:
            before = grants.of_cell(uow.connection, cell)
            level = plan.starts if before is None else Level(before.level)
            if to.rank >= level.rank:
                raise IllegalMoveError(f"`{cell.name}` stands at {level.value} already")
            frame = self.frame(cell)
            grants.lower(
                uow, cell, level=to, code="by_hand", fingerprint=frame.fingerprint,
                before=level.value, by=actor.person(person), reason=said,
            )  # fmt: skip
            streams.close(uow, cell, frame.fingerprint, code="demoted.by_hand")

        await submit(self.writer, work, lane="control", streams=(control_stream(cell.workflow),))
        return self.scorecard(cell)

    async def watch_cells(self) -> int:
        """Look at what may lower a cell by itself, each minute; return how many were touched.

        A cell that nothing was granted to, and that is not looked at case by case, needs no look.
        """
        now_us = clock.microseconds(self.now())
        if now_us - self._watched_us < WATCH_US:
            return 0
        self._watched_us = now_us
        standing = await self.read(
            lambda c: [
                cell
                for name, one in self.equipment.items()
                for plan in one.plans.values()
                for cell in cells_of(plan)
                if watch.concerns(c, cell)
            ]
        )
        touched = 0
        for cell in standing:
            plan, frame = self.equipment[cell.workflow].plans[cell.action], self.frame(cell)
            receipt = await submit(
                self.writer,
                partial(watch.tick, plan=plan, cell=cell, frame=frame),
                lane="control",
                streams=(control_stream(cell.workflow),),
            )
            touched += receipt.value
        return touched

    def frame(self, cell: Cell) -> Frame:
        """Return what bounds a cell from outside, now."""
        one = self.equipment[cell.workflow]
        return Frame(
            fingerprint=one.fingerprint,
            phase=one.phase,
            ceiling=one.ceiling(cell.action),
            owner=one.owner,
        )

    def _plan(self, cell: Cell) -> Plan:
        self._people.demand_own(cell.workflow, f"there is no cell `{cell.name[:128]}`")
        one = self.equipment.get(cell.workflow)
        plan = None if one is None else one.plans.get(cell.action)
        if plan is None or cell not in cells_of(plan):
            raise NotFoundError(f"there is no cell `{cell.name[:128]}`; see `remit grants`")
        return plan


def cells_of(plan: Plan) -> tuple[Cell, ...]:
    """Return the cells of an action: its declared segments and `other`, or the whole."""
    names = (*plan.segments, OTHER) if plan.segments else (WHOLE,)
    return tuple(Cell(workflow=plan.workflow, action=plan.action, segment=name) for name in names)


def named(cells: Mapping[str, Cell], name: str) -> Cell:
    """Return the cell that people write so; raises `NotFoundError` with those that there are."""
    found = cells.get(name)
    if found is None:
        raise NotFoundError(
            f"there is no cell `{name[:128]}`; there are {', '.join(sorted(cells)) or 'none'}"
        )
    return found
