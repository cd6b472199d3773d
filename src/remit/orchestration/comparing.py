"""A new behaviour compared with what is known of the old: asked for by a person, in shadow.

Nothing of it is proposed, performed or counted. What came of it is written at once, at its end.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from remit.domain import clock
from remit.domain.autonomy import Cell
from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.errors import IllegalMoveError, NotFoundError
from remit.governance import comparisons
from remit.governance.compared import Compared
from remit.governance.comparisons import CASES, CASES_MAX, ComparisonView, Offer
from remit.ledger.keys import KeyRing
from remit.orchestration.awaited import end, submit
from remit.orchestration.engine import Engine
from remit.orchestration.executor import Executor
from remit.orchestration.granting import OWNER_ROLE, Granting
from remit.orchestration.known_cases import Known
from remit.orchestration.runs import Runs
from remit.orchestration.standing import Authority
from remit.orchestration.steps import Steps
from remit.policy import stop
from remit.store import comparisons as rows_of
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

SECONDS_MAX: Final = 3_600  # for all of them
ONGOING_MAX: Final = 4  # at once, in one process

Progress = Callable[[int, int], None]

log = logging.getLogger("remit.comparisons")


@dataclass(slots=True, kw_only=True)
class Ongoing:
    """A comparison that this process is at."""

    comparison_id: str
    cell: Cell
    plan: Plan
    fingerprint: str
    rows: Sequence[EvidenceRow]
    done: int = 0
    cancelled_by: str = ""
    task: asyncio.Task[None] | None = None


class Comparing(Granting):
    """The part that tries a new behaviour in shadow; `remit.app.Remit` fills in the rest."""

    keys: KeyRing
    runs: Runs
    engine: Engine
    new_id: Callable[[], str]
    _executor: Executor
    _authority: Authority
    _ongoing: dict[Cell, Ongoing] | None = None

    def comparison_offer(self, cell: Cell, /, *, cases: int = CASES) -> Offer:
        """Return on how many cases the behaviour of now can be tried; raises `NotFoundError`."""
        plan, now_us = self._plan(cell), clock.microseconds(self.now())
        fingerprint = self.frame(cell).fingerprint
        return self.database.read(
            lambda c: comparisons.offered(
                c, plan, cell, fingerprint=fingerprint, now_us=now_us, limit=_limit(cases)
            )
        )

    def comparing(self, cell: Cell, /) -> tuple[int, int] | None:
        """Return how far this process is with a comparison of a cell; `None` where it is at none.

        Raises `NotFoundError`.
        """
        self._plan(cell)
        found = (self._ongoing or {}).get(cell)
        return None if found is None else (found.done, len(found.rows))

    async def begin_comparison(self, cell: Cell, /, *, person: str, cases: int = CASES) -> str:
        """Begin to try the behaviour of now on cases whose answer is known; return its id.

        Raises `NotFoundError`, `NotEntitledError`, and `IllegalMoveError` where a stop stands on
        it, where nothing can be compared, or where one of the cell is under way.
        """
        return (await self._comparison_begun(cell, person=person, cases=cases)).comparison_id

    async def compare(
        self,
        cell: Cell,
        /,
        *,
        person: str,
        cases: int = CASES,
        progress: Progress | None = None,
    ) -> ComparisonView:
        """Do it while whoever asks waits; return what came of it. Raises as the beginning does."""
        ongoing = await self._comparison_begun(cell, person=person, cases=cases, progress=progress)
        if ongoing.task is not None:
            await asyncio.gather(ongoing.task, return_exceptions=True)
        return self.compared(cell, ongoing.comparison_id)

    def compared(self, cell: Cell, comparison_id: str, /) -> ComparisonView:
        """Return one comparison of a cell; raises `NotFoundError`."""
        self._plan(cell)
        fingerprint, bar = self.frame(cell).fingerprint, self._plan(cell).bar

        def work(connection: Connection) -> ComparisonView:
            row = rows_of.find(connection, comparison_id)
            own = (cell.workflow, cell.action, cell.segment)
            if row is None or (row.workflow, row.action, row.segment) != own:
                raise NotFoundError(f"there is no comparison `{comparison_id[:64]}` of this cell")
            return comparisons.view(connection, row, fingerprint=fingerprint, bar=bar)

        return self.database.read(work)

    async def cancel_comparison(self, cell: Cell, /, *, person: str) -> None:
        """Break off the comparison of a cell that is under way; nothing of it is told.

        Raises `NotFoundError`, `NotEntitledError`, `IllegalMoveError` where none is here.
        """
        self._plan(cell)
        self._people.demand(person, cell.workflow, role=OWNER_ROLE)
        found = (self._ongoing or {}).get(cell)
        if found is None or found.task is None:
            raise IllegalMoveError(f"no comparison of `{cell.name}` is under way in this process")
        found.cancelled_by = person
        await end(found.task)

    @property
    def _comparisons(self) -> list[asyncio.Task[None]]:
        """What is to end before this process closes."""
        return [one.task for one in (self._ongoing or {}).values() if one.task is not None]

    # -- from beginning to end -------------------------------------------------------------------

    async def _comparison_begun(
        self, cell: Cell, *, person: str, cases: int, progress: Progress | None = None
    ) -> Ongoing:
        plan = self._plan(cell)
        self._people.demand(person, cell.workflow, role=OWNER_ROLE)
        fingerprint, now_us = self.frame(cell).fingerprint, clock.microseconds(self.now())
        rows = await self.read(
            lambda c: comparisons.chosen(
                c, plan, cell, fingerprint=fingerprint, limit=_limit(cases), now_us=now_us
            )
        )
        if not rows:
            raise IllegalMoveError(
                f"no case of `{cell.name}` under another behaviour has a final label; "
                "there is nothing to compare"
            )
        if await self._is_stopped(cell):
            raise IllegalMoveError(
                f"a stop stands on `{cell.name}`; lift it before a new behaviour is tried"
            )
        ongoing = self._took_room(
            Ongoing(
                comparison_id=self.new_id(), cell=cell, plan=plan, fingerprint=fingerprint,
                rows=rows,
            )
        )  # fmt: skip

        def work(uow: UnitOfWork) -> None:
            comparisons.start(
                uow, cell, rows, comparison_id=ongoing.comparison_id, fingerprint=fingerprint,
                plan=plan, person=person,
            )  # fmt: skip

        try:
            await submit(self.writer, work, lane="control")
        except BaseException:
            self._made_room(ongoing)
            raise
        ongoing.task = asyncio.ensure_future(self._compare_all(ongoing, progress))
        await asyncio.sleep(0)  # until it has begun: whoever ends it then has it told
        return ongoing

    def _took_room(self, ongoing: Ongoing) -> Ongoing:
        """Take a place for it; raises `IllegalMoveError` where there is none."""
        if self._ongoing is None:
            self._ongoing = {}
        if ongoing.cell in self._ongoing:
            raise IllegalMoveError(f"a comparison of `{ongoing.cell.name}` is under way already")
        if len(self._ongoing) >= ONGOING_MAX:
            raise IllegalMoveError(f"{ONGOING_MAX} comparisons are under way; wait for one to end")
        self._ongoing[ongoing.cell] = ongoing
        return ongoing

    def _made_room(self, ongoing: Ongoing) -> None:
        if self._ongoing is not None:
            self._ongoing.pop(ongoing.cell, None)

    async def _compare_all(self, ongoing: Ongoing, progress: Progress | None) -> None:
        """Look at every case and write what came of them, or why it was broken off."""
        code, found = "failed", list[Compared]()
        try:
            async with asyncio.timeout(SECONDS_MAX):
                code = await self._compare_each(ongoing, found, progress)
        except TimeoutError:
            code = "time"
        except asyncio.CancelledError:
            code = "cancelled" if ongoing.cancelled_by else "closed"
        except Exception as error:  # noqa: BLE001 - it is told by its entry, without values
            log.error("comparison of %s failed: %s", ongoing.cell.name, type(error).__name__)  # noqa: TRY400 - no values
        try:
            await submit(
                self.writer, lambda uow: _ended(uow, ongoing, found, code), lane="control"
            )
        finally:
            self._made_room(ongoing)

    async def _compare_each(
        self, ongoing: Ongoing, found: list[Compared], progress: Progress | None
    ) -> str:
        """Look at one case after the other; return why that ended early, or nothing."""
        for row in ongoing.rows:
            if await self._is_stopped(ongoing.cell):
                return "stopped"
            if self.frame(ongoing.cell).fingerprint != ongoing.fingerprint:
                return "changed"  # rules were signed meanwhile: half of it would be of another
            found.append(await self._tried_in_shadow(ongoing, row))
            ongoing.done = len(found)
            if progress is not None:
                progress(ongoing.done, len(ongoing.rows))
        return ""

    async def _tried_in_shadow(self, ongoing: Ongoing, row: EvidenceRow) -> Compared:
        known = Known(
            runs=self.runs, read=self.read, keys=self.keys, reading=Steps(executor=self._executor),
            jitter=self.engine.jitter, plan=ongoing.plan, fingerprint=ongoing.fingerprint,
            apart=f"comparison-{ongoing.comparison_id}",
        )  # fmt: skip
        return await known.tried(row)

    async def _is_stopped(self, cell: Cell) -> bool:
        """Return whether a stop stands on the action or its workflow."""

        def work(connection: Connection) -> bool:
            version, _ = self._authority.standing(connection, cell.workflow, cell.action)
            return any(
                stop.applies(
                    one, case_id="", workflow=cell.workflow, action=cell.action, connector=None
                )
                for one in self._authority.stops(connection, version)
            )

        stopped: bool = await self.read(work)
        return stopped


def _ended(uow: UnitOfWork, ongoing: Ongoing, found: Sequence[Compared], code: str) -> None:
    if code:
        comparisons.abandon(
            uow, ongoing.cell, comparison_id=ongoing.comparison_id, code=code, done=len(found),
            person=ongoing.cancelled_by,
        )  # fmt: skip
    else:
        comparisons.finish(uow, ongoing.cell, found, comparison_id=ongoing.comparison_id)


def _limit(cases: int) -> int:
    if not 1 <= cases <= CASES_MAX:
        raise IllegalMoveError(f"a comparison looks at 1 to {CASES_MAX} cases")
    return cases
