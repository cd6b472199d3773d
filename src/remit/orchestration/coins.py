"""The coin: tossed for every proposal before the gate decides, under a key fixed beforehand.

The key of a day is derived from the installation's secret; its digest is in the record before the
first toss and the key itself after the day, so that anybody can toss every coin again.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from remit.domain.decision import Check, Decision, GateVerdict
from remit.domain.effect import EffectState
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.plan import PPM, Cluster, Plan
from remit.domain.value import encode
from remit.evidence import audit
from remit.governance import day_keys, plans
from remit.governance.day_keys import AUDIT, day_of, key_of
from remit.ledger.keys import KeyRing
from remit.orchestration import level_facts
from remit.orchestration.proposed import Gathered, Proposal
from remit.orchestration.run import Run
from remit.store import plans as rows
from remit.store.connection import Connection

DRAWS: Final = 2**53
TOLD_AFTER: Final = timedelta(hours=1)  # of the day's end: others' clocks may be behind
UNTOSSED: Final = frozenset({EffectState.PROPOSED, EffectState.BLOCKED})  # no row yet, or none
_OPEN: Final = frozenset({Check.LEVEL, Check.CONFIDENCE})  # what leaves a proposal eligible


class Row(TypedDict, total=False):
    """The members of a decision that make it a row of evidence."""

    action: str
    behaviour: str
    cluster: str
    score_ppm: int | None
    share_ppm: int
    draw: int | None
    drawn: bool
    day: str
    eligible: bool
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Toss:
    """One coin: the day whose key it was tossed under, the draw of 2^53, whether it is drawn."""

    day: str  # empty where no key was committed: then it counts as drawn, and proves nothing
    draw: int | None
    drawn: bool


class Coins:
    """Tosses the coins of one process."""

    def __init__(
        self,
        keys: KeyRing,
        read: Callable[[Callable[[Connection], Any]], Awaitable[Any]],
        write: Callable[..., Awaitable[Any]],
        now: Callable[[], datetime],
    ) -> None:
        self.keys, self.read, self.write, self.now = keys, read, write, now
        self._day = ""  # the newest whose key is committed
        self._planned: set[str] = set()  # versions of plans that are in the record

    async def ready(self, plan: Plan | None) -> None:
        """Have the key of today and a plan in the record before the first row that needs them.

        With a new day the keys of those that were over an hour before are revealed.
        """
        day = max(day_of(self.now()), self._day)  # a clock that steps back tosses on
        if day == self._day and (plan is None or plan.version in self._planned):
            return
        newest = await self.read(rows.newest_day)
        day, known = max(day, newest), newest >= day
        if not known:
            await self.write(
                lambda uow: day_keys.commit(uow, self.keys, day),
                lane="control",
                streams=(control_stream(AUDIT),),
            )
            await self.reveal()
        self._day = day
        if plan is None:
            return
        asked = plan
        said = await self.read(
            lambda c: rows.version(c, workflow=asked.workflow, action=asked.action)
        )
        if said != asked.version:
            await self.write(
                lambda uow: plans.put(uow, asked),
                lane="control",
            )
        self._planned.add(asked.version)

    def toss(self, action_id: str, *, share_ppm: int) -> Toss:
        """Toss the coin of a proposal; its id is drawn from case, step and version, so once.

        Under a key that may have been told by now, after a sleep say, nothing is tossed.
        """
        if self._day < day_of(self.now() - TOLD_AFTER):
            return Toss(day="", draw=None, drawn=True)
        coin = audit.coin(key_of(self.keys, self._day), action_id, share=share_ppm / PPM)
        return Toss(day=self._day, draw=int(coin.draw * DRAWS), drawn=coin.drawn)

    def row(self, run: Run, proposal: Proposal, gathered: Gathered, decision: Decision) -> Row:
        """Return what makes a decision a row of evidence; nothing where it is none.

        A row is the first answer to what the workflow proposed, of an action with a plan; one of
        the machine that could not tell is none yet.
        """
        facts, plan = gathered.facts, run.equipment.plans.get(proposal.action)
        act = run.history.act(proposal.path)
        first = act is None or act.state in UNTOSSED
        if (
            plan is None
            or not first
            or proposal.version != 1
            or proposal.undo
            or decision.verdict is GateVerdict.FAULT
        ):
            return {}
        level, surge = level_facts.effective(facts.level, plan.risk), facts.level.surge
        share_ppm = plan.share_ppm(level, surge=surge)
        tossed = self.toss(proposal.action_id, share_ppm=share_ppm)
        said = {reason.code for reason in (*decision.reasons, *decision.lifted)}
        checks = {reason.check for reason in (*decision.reasons, *decision.lifted)}
        return {
            "action": proposal.action,
            "behaviour": "" if run.mixed else facts.version,
            "cluster": _cluster(run, plan),
            "score_ppm": (facts.confidence.ppm or 0) if facts.confidence.asked else None,
            "share_ppm": share_ppm if tossed.day else PPM,
            "draw": tossed.draw,
            "drawn": tossed.drawn,
            "day": tossed.day,
            "eligible": checks <= _OPEN and "confidence.conflict" not in said,
            "alone": decision.performable and said <= {"level.surge"},
        }

    async def reveal(self) -> int:
        """Reveal the keys of the days that are over; return how many."""
        today = day_of(self.now() - TOLD_AFTER)
        found: list[rows.DayKeyRow] = await self.read(lambda c: rows.unrevealed(c, before=today))
        if found:
            await self.write(
                lambda uow: day_keys.reveal(uow, self.keys, [one.day for one in found]),
                lane="control",
                streams=(control_stream(AUDIT),),
            )
        return len(found)


def _cluster(run: Run, plan: Plan) -> str:
    """Return whose rows count as one: a keyed digest, the same in every process."""
    subject = run.history.subject if plan.cluster is Cluster.SUBJECT else ""
    if not subject:
        return run.shared(encode(["case", run.case_id]))[:32]
    return run.shared(encode(["cluster", subject, day_of(run.now())]))[:32]
