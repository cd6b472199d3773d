"""One life of the torture desk: take up what is left, begin new cases, acknowledge, or die."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Level
from remit.errors import ConflictError, FencedError, IllegalMoveError, NotFoundError
from remit.settings import Project
from remit.store import cases
from remit.store.unit import UnitOfWork
from tests.faults.world import World

ROOT = Path(__file__).parents[2]
STORIES = ("automatic", "approval", "edit", "denial", "rollback", "gather")
ENDED = ("closed", "escalated")
ROUNDS_MAX = 40
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
        async with testing.running(self.project(), clock=self.clock, replays=False) as remit:
            self.equip(remit)
            await self.grants(remit)
            await self._begin(remit)
            for _ in range(ROUNDS_MAX):
                await remit.settled()
                moved = await self.desk(remit) + await self._undo(remit)
                await testing.pass_time(remit, self.clock, 120)
                if not moved and self._ended(remit):
                    break
            if then is not None:
                then(remit)

    def equip(self, remit: Remit) -> None:
        remit.writer.before_commit.append(self.reached)
        remit._executor._connectors["world"] = World(
            path=self.folder / "world.jsonl", reached=self.reached
        )
        submit = remit.writer.submit

        def told(work: Callable[[UnitOfWork], object], **how: object) -> object:
            future = submit(work, **how)  # type: ignore[arg-type]

            def done(one: object) -> None:
                if one.exception() is None:  # type: ignore[attr-defined]
                    for case_id, seq in one.result().entries:  # type: ignore[attr-defined]
                        self.acknowledge(f"{case_id} {seq}")

            future.add_done_callback(done)
            return future

        remit.writer.submit = told  # type: ignore[method-assign,assignment]

    async def grants(self, remit: Remit) -> None:
        for action in ("note", "ring"):
            standing = remit.workflows()[0].actions
            if all(one.level != "autonomous" for one in standing if one.action == action):
                await testing.grant(
                    remit, WORKFLOW, action, Level.AUTONOMOUS, signer="olga", days=3_000
                )

    async def _begin(self, remit: Remit) -> None:
        for external, story in self.wishes:
            await remit.receive(
                WORKFLOW,
                {"story": story, "order_id": f"A-{external}", "amount": "12.00 EUR"},
                channel="torture",
                external_id=external,
            )

    async def desk(self, remit: Remit) -> int:
        """Decide what waits, as its story wants it; return how many verdicts were given."""
        moved = 0
        while rows := remit.inbox(person="olga").rows:
            for row in rows:
                story = str(remit.case(row.case_id).fields["story"])
                verdict, edits, reason = Verdict.APPROVE, None, None
                if story == "denial":
                    verdict, reason = Verdict.REJECT, RejectReason.OTHER
                elif story == "edit" and "Written" not in row.sentence:
                    verdict, edits = Verdict.EDIT, {"text": "Written by a person."}
                try:
                    await testing.decide(
                        remit, row.approval_id, person="olga", verdict=verdict, edits=edits,
                        reason=reason,
                    )  # fmt: skip
                    moved += 1
                except (IllegalMoveError, NotFoundError, ConflictError, FencedError):
                    pass  # it closed meanwhile
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

    def _ended(self, remit: Remit) -> bool:
        counts = remit.counts()
        return counts["closed"] + counts["escalated"] == counts["received"]
