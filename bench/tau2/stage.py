"""A desk of tau2 on a running Remit: conversations are played, and every decision is noted."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from bench.tau2.system import AgentConnector, WorldConnector
from bench.tau2.world import Row, World
from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.decision import Decision, PolicyAnswer
from remit.errors import StaleDigestError
from remit.orchestration import facts
from remit.orchestration.proposed import Gathered
from remit.policy import gate

CUSTOMER = "customer-yes"
HOLDS_MAX = 40
SETTLED_SECONDS_MAX = 120
Call = tuple[str, Mapping[str, Any]]


class Answer(Enum):
    """What the customer says when asked."""

    YES = "yes"
    NO = "no"
    YES_ONCE = "yes, once"
    TO_ANOTHER = "yes, to the card of another call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One answer of the gate."""

    action: str
    verdict: str
    answer: PolicyAnswer
    gather_us: float
    decide_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What became of a conversation."""

    status: str
    effects: tuple[tuple[str, str], ...]  # action, state
    performed: tuple[tuple[str, dict[str, Any]], ...]
    held: int
    refused_reads: int
    decided: tuple[Decided, ...]
    state: dict[tuple[str, str], Row]


@dataclass(slots=True)
class Stage:
    """A desk that is open."""

    remit: Remit
    name: str
    system: WorldConnector
    agent: AgentConnector
    noted: list[Decided]
    count: int = 0
    digest: str = ""  # of the card that was shown last
    every: list[Decided] = field(default_factory=list)

    async def play(
        self,
        world: World,
        session: Mapping[str, Any],
        calls: Sequence[Call],
        *,
        answer: Answer = Answer.YES,
        swapped: Sequence[Call] | None = None,
    ) -> Played:
        """Play a conversation; `swapped` is what the agent says after the first card."""
        self.system.plug(world)
        self.agent.calls = list(calls)
        self.noted.clear()
        self.count += 1
        admission = await self.remit.receive(
            self.name, dict(session), channel="chat", external_id=f"{self.name}-{self.count}"
        )
        await self._settled()
        held = await self._answered(answer, swapped)
        view = self.remit.case(admission.case_id)
        self.every += self.noted
        return Played(
            status=str(view.row.status),
            effects=tuple((one.action, str(one.state)) for one in view.effects),
            performed=tuple(self.system.performed),
            held=held,
            refused_reads=self._refused(admission.case_id),
            decided=tuple(self.noted),
            state=world.state,
        )

    async def _answered(self, answer: Answer, swapped: Sequence[Call] | None) -> int:
        """Answer whatever waits until nothing does; return how often the customer was asked."""
        for held in range(HOLDS_MAX):
            rows = self.remit.inbox(person=CUSTOMER).rows
            if not rows:
                return held
            if swapped is not None:
                self.agent.calls = list(swapped)
            yes = answer is Answer.YES or (answer is Answer.YES_ONCE and held == 0)
            for row in rows:
                if answer is Answer.TO_ANOTHER:
                    await self._to_another(row.approval_id)
                await self._say(row.approval_id, yes=yes)
            await self._settled()
        raise AssertionError("a conversation asks without end")

    async def _settled(self) -> None:
        """Wait until nothing is left to do; one that never comes to rest says what it holds."""
        try:
            await asyncio.wait_for(self.remit.settled(), SETTLED_SECONDS_MAX)
        except TimeoutError:
            found = self.remit.dispatcher
            held = {
                name: str(getattr(found, name, None))
                for name in ("_running", "_filling", "_suspects", "_unseen", "_delayed")
            }
            raise AssertionError(
                f"after {self.count} conversations it rests not: {held}"
            ) from None

    async def _say(self, approval_id: str, *, yes: bool) -> None:
        shown = self.remit.approval(approval_id, person=CUSTOMER)
        self.digest = shown.card.digest
        await testing.decide(
            self.remit,
            approval_id,
            person=CUSTOMER,
            verdict=Verdict.APPROVE if yes else Verdict.REJECT,
            reason=None if yes else RejectReason.FACTS,
        )

    async def _to_another(self, approval_id: str) -> None:
        """Say yes to this one with the digest of another card; it must be refused."""
        try:
            await self.remit.decide(
                approval_id,
                person=CUSTOMER,
                verdict=Verdict.APPROVE,
                digest=self.digest or "0" * 64,
                channel="bench",
            )
        except StaleDigestError:
            await self._settled()
            return
        raise AssertionError("a yes to another card was taken")

    def _refused(self, case_id: str) -> int:
        return sum(
            entry.event == "orchestration:step:failed" and entry.body.get("kind") == "read"
            for entry in self.remit.entries(case_id)
        )


@asynccontextmanager
async def opened(folder: Path, *, name: str, connector: str, world: World) -> AsyncIterator[Stage]:
    """Open a desk on a temporary file, everything granted: only rules and people hold."""
    with tempfile.TemporaryDirectory() as data, watched() as noted:
        project = testing.project(folder, data=Path(data))
        async with testing.running(project, replays=False, seeds=False) as remit:
            system, agent = WorldConnector(connector, world), AgentConnector()
            connectors = remit._executor._connectors  # noqa: SLF001 - the world is in this process
            connectors[connector], connectors["agent"] = system, agent
            for action in remit.equipment[name].workflow.actions:
                await testing.grant(
                    remit, name, action, testing.Level.AUTONOMOUS, signer="shop-owner"
                )
            yield Stage(remit=remit, name=name, system=system, agent=agent, noted=noted)
            if (result := remit.verify().result) != "intact":
                raise AssertionError(f"the record is {result}")


class watched:  # noqa: N801 - a block
    """Note every decision of the gate inside the block, with its CPU time."""

    def __enter__(self) -> list[Decided]:
        self._gather, self._decide = facts.gather, gate.decide
        noted: list[Decided] = []
        took = [0.0]

        def gather(*given: Any, **more: Any) -> Gathered:
            begun = time.thread_time_ns()
            made = self._gather(*given, **more)
            took[0] = (time.thread_time_ns() - begun) / 1000
            return made

        def decide(asked: Any) -> Decision:
            begun = time.thread_time_ns()
            made = self._decide(asked)
            noted.append(
                Decided(
                    action=asked.action,
                    verdict=str(made.verdict),
                    answer=asked.policy,
                    gather_us=took[0],
                    decide_us=(time.thread_time_ns() - begun) / 1000,
                )
            )
            return made

        facts.gather, gate.decide = gather, decide
        return noted

    def __exit__(self, *_: object) -> None:
        facts.gather, gate.decide = self._gather, self._decide
