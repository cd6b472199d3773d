"""One life of the torture desk: take up what is left, begin new cases, acknowledge, or die."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Level
from remit.errors import (
    BusyError,
    CaseClosedError,
    ConflictError,
    FencedError,
    IllegalMoveError,
    NotFoundError,
    StaleDigestError,
)
from remit.opening import open_remit
from remit.settings import Project
from remit.store import cases, lanes
from remit.store.receipt import Receipt
from tests.faults.preload import preload
from tests.faults.world import World

ROOT = Path(__file__).parents[2]
STORIES = ("automatic", "approval", "edit", "denial", "rollback", "gather", "cancel")
ENDED = ("closed", "escalated")
ROUNDS_MAX = 40
SENDS_MAX = 20
HEARD = "heard "
WORKFLOW = "torture-desk"


@dataclass(slots=True, kw_only=True)
class Life:
    """What one process is told: where its data lies, what to begin, when to die."""

    folder: Path
    database: str | None
    start_seconds: float
    wishes: Sequence[tuple[str, str]] = ()  # (external id, story)
    rollbacks: Sequence[str] = ()  # external ids, of earlier lives too
    reached: Callable[[str], None] = lambda _: None
    acknowledge: Callable[[str], None] = lambda _: None
    clock: testing.FrozenClock = field(default_factory=testing.FrozenClock)

    def project(self) -> Project:
        """Return the desk with its data in the folder."""
        os.environ["REMIT_TEST_TAPE"] = str(self.folder / "unused.tape")
        return testing.project(
            ROOT / "tests/fixtures/torture", data=self.folder, database=self.database
        )

    async def live(self, then: Callable[[Remit], None] | None = None) -> None:
        """Work until everything has ended; `then` looks at the whole before it closes."""
        self.clock.advance(self.start_seconds)
        async with self.opened() as remit:
            await self.grants(remit)
            await self._begin(remit)
            for _ in range(ROUNDS_MAX):
                await remit.settled()
                moved = await self.desk(remit) + await self._undo(remit) + await self._again(remit)
                await testing.pass_time(remit, self.clock, 120)
                await remit.heart.tick()  # it looks each second, and here time leaps
                if not moved and self._ended(remit):
                    break
            if then is not None:
                then(remit)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Remit]:
        """Run the desk; the world is there before the first case is taken up."""
        remit = open_remit(
            self.project(),
            owner="torture",
            now=self.clock,
            elapsed=lambda: self.clock().timestamp(),
            durability_check=False,
        )
        self._equip(remit)
        await remit.start()
        try:
            yield remit
        finally:
            await remit.stop()

    def _equip(self, remit: Remit) -> None:
        remit.writer.before_commit.append(self.reached)
        remit._executor._connectors["world"] = World(
            path=self.folder / "world.jsonl", reached=self.reached
        )
        answered = lanes.Unit.succeed

        def succeed(unit: lanes.Unit, receipt: Receipt[object]) -> None:
            for case_id, seq in receipt.entries:
                self.acknowledge(f"{case_id} {seq}")
            answered(unit, receipt)

        lanes.Unit.succeed = succeed  # type: ignore[method-assign,assignment]

    async def grants(self, remit: Remit) -> None:
        for action in ("note", "ring"):
            standing = remit.workflows()[0].actions
            if all(one.level != "autonomous" for one in standing if one.action == action):
                await testing.grant(
                    remit, WORKFLOW, action, Level.AUTONOMOUS, signer="olga", days=3_000
                )

    async def _begin(self, remit: Remit) -> None:
        for external, story in self.wishes:
            message = {"story": story, "order_id": f"A-{external}", "amount": "12.00 EUR"}
            for _ in range(SENDS_MAX):
                try:
                    await remit.receive(WORKFLOW, message, channel="torture", external_id=external)
                    break
                except BusyError:  # what the last life left comes first
                    await testing.pass_time(remit, self.clock, 5)
            else:
                raise BusyError(f"`{external}` is refused again and again")

    async def desk(self, remit: Remit) -> int:
        """Decide what waits, as its story wants it; return how many verdicts were given."""
        moved = 0
        while rows := remit.inbox(person="olga").rows:
            for row in rows:
                story = str(remit.case(row.case_id).fields["story"])
                verdict, edits, reason = Verdict.APPROVE, None, None
                if story == "cancel" and int(row.approval_id[-1], 16) % 2:
                    await remit.cancel(row.case_id, person="olga", reason="changed my mind")
                    moved += 1
                    continue
                if story == "denial" and "Note that" not in row.sentence:
                    verdict, reason = Verdict.REJECT, RejectReason.OTHER
                elif story == "edit" and "Written" not in row.sentence:
                    verdict, edits = Verdict.EDIT, {"text": "Written by a person."}
                try:
                    await testing.decide(
                        remit, row.approval_id, person="olga", verdict=verdict, edits=edits,
                        reason=reason,
                    )  # fmt: skip
                    moved += 1
                    if story == "cancel":  # while what was approved is on its way
                        await remit.cancel(row.case_id, person="olga", reason="changed my mind")
                except (
                    CaseClosedError, IllegalMoveError, NotFoundError, ConflictError, FencedError,
                    StaleDigestError,
                ):  # fmt: skip
                    pass  # it closed meanwhile, or is shown again
            await remit.settled()
        return moved

    async def _undo(self, remit: Remit) -> int:
        """Take back every payment of a rollback story that still stands."""
        moved = 0
        for external in self.rollbacks:
            name = remit.intake.identity({}, external_id=external)
            row = remit.database.read(lambda c, n=name: cases.find_external(c, WORKFLOW, n))  # type: ignore[misc]
            if row is None or row.status.value != "closed":
                continue
            for effect in remit.case(row.case_id).effects:
                if effect.action == "pay" and effect.state == "confirmed":
                    await remit.undo(effect.action_id, person="olga", reason="as the story wants")
                    moved += 1
        return moved

    async def _again(self, remit: Remit) -> int:
        """Hand back what was taken for a case that kills its process: we were the killers."""
        stopped = [
            row.case_id
            for row in remit.database.read(
                lambda c: cases.page(
                    c, workflow=WORKFLOW, status="escalated", after=None, limit=100
                )
            )
            if row.reason == "faulted"
        ]
        for case_id in stopped:
            await remit.hand_back(case_id, person="olga", note="it was killed from outside")
        return len(stopped)

    def _ended(self, remit: Remit) -> bool:
        counts = remit.counts()
        return counts["closed"] + counts["escalated"] == counts["received"]


def warm(folder: Path, database: str | None) -> None:
    """Import what lives of all stories need."""
    wishes = [(story, story) for story in STORIES]
    life = Life(folder=folder, database=database, start_seconds=0.0, wishes=wishes)
    preload(folder, lambda: asyncio.run(life.live()))
    shutil.rmtree(folder)
