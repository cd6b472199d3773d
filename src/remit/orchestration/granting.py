"""What cells may do alone, as it changes: signed and lowered by owners, and watched."""

import asyncio
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from remit.domain import actor, clock
from remit.domain.autonomy import Cell, Level
from remit.domain.ids import control_stream
from remit.domain.limit import limits_digest
from remit.errors import IllegalMoveError
from remit.governance import grants, promoting, stops, streams, watch
from remit.governance.promoting import Unmet
from remit.governance.scorecard import Scorecard
from remit.intake.scrub import scrub
from remit.ledger.acknowledge import Acknowledger
from remit.orchestration.awaited import submit
from remit.orchestration.cell_window import CellWindow, cells_of
from remit.orchestration.shelf import Rules
from remit.store import limit_books
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

OWNER_ROLE = "owner"
WATCH_US = 60 * 1_000_000


class Granting(CellWindow):
    """The part by which a remit grows and shrinks; `remit.app.Remit` fills the rest in."""

    writer: Writer
    acknowledger: Acknowledger
    read: Callable[..., Any]
    _rules: dict[str, Rules]
    _watched_us: int = 0

    async def sign_grant(
        self,
        cell: Cell,
        /,
        *,
        to: Level,
        digest: str,
        person: str,
        attested: Collection[str] = (),
    ) -> Scorecard | Unmet:
        """Raise a cell by one level on its owner's signature, once the log holds it so far.

        `attested` are the items of the checklist that the owner ticked (`cell_whole`).

        Raises `NotFoundError`, `NotEntitledError`, `IllegalMoveError`, `StaleScorecardError`, and
        `NotAcknowledgedError` where the level is as it was before.
        """
        plan = self._plan(cell)
        self._people.demand(person, cell.workflow, role=OWNER_ROLE)
        return await asyncio.to_thread(
            grants.put_in_force,
            self.writer,
            self.acknowledger,
            lambda uow: promoting.promote(
                uow,
                plan,
                cell,
                self.frame(cell, uow.connection),
                to=to,
                scorecard_digest=digest,
                person=person,
                attested=attested,
            ),
            cell=cell,
            starts=plan.starts,
        )

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
            streams.hold(uow, cell)  # before its control stream, as in a label
            uow.lock(control_stream(cell.workflow))
            before = grants.of_cell(uow.connection, cell)
            level = plan.starts if before is None else Level(before.level)
            if to.rank >= level.rank:
                raise IllegalMoveError(f"`{cell.name}` stands at {level.value} already")
            own = self.frame(cell, uow.connection).fingerprint
            of = own if before is None else before.fingerprint or own
            grants.lower(
                uow, cell, level=to, code="by_hand", fingerprint=of, before=level.value,
                by=actor.person(person), reason=said,
            )  # fmt: skip
            for fingerprint in dict.fromkeys((of, own)):  # this process may be ahead, or behind
                streams.close(uow, cell, fingerprint, code="demoted.by_hand")

        await submit(self.writer, work, lane="control")
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
                for cell in cells_of(one.plans.values())
                if watch.concerns(c, cell)
            ]
        )
        touched = 0
        for cell in standing:
            receipt = await submit(self.writer, partial(self._tick, cell), lane="control")
            touched += receipt.value
        return touched

    def _tick(self, cell: Cell, uow: UnitOfWork) -> bool:
        streams.hold(
            uow, cell
        )  # whoever carries its evidence has done, or begins when this is over
        connection, rules = uow.connection, self._rules.get(cell.workflow)
        frame, behind = self.frame(cell, connection), False
        if rules is not None:
            in_force = limit_books.in_force(connection, cell.workflow)
            behind = in_force.digest != limits_digest(rules.limits)
        return watch.tick(uow, cell=cell, frame=frame, behind=behind)
