"""A task's workflow in a real Remit on a temporary SQLite file, one case after the other.

Every rule permits, every grant is autonomous and no limit is set, so that only where values come
from can stop a call. Masking is off: with it the agent would see tokens and fewer calls could run.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.agentdojo.contract import DIGEST, contracts
from bench.agentdojo.declaring import step_name, workflow_name
from bench.agentdojo.judging import Case, Pair
from bench.agentdojo.manifest import TOOLS
from bench.agentdojo.world import Connector
from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Level
from remit.intake.mask import Masked, Masker
from remit.opening import open_remit
from remit.orchestration import facts
from remit.policy import gate

OWNER = "olga"
ABSENT, ATTENTIVE, RUBBER = "absent", "attentive", "rubber"
OPERATORS = (ABSENT, ATTENTIVE, RUBBER)
ASKED_MAX = 64
SETTINGS = """
[people.olga]
name = "Olga"
roles = ["owner", "approver"]

[workflow]
name = "{name}"
module = "task:work"
phase = "expand"

[workflow.desk]
grace_seconds = 0

[workflow.owners]
workflow = "olga"
prompts = "olga"
knowledge = "olga"
incidents = "olga"
escalation = "olga"

[workflow.connectors.world]
kind = "recorder"
file = "tape"
operations = {operations}
"""
MODULE = '''
"""The workflow of one task; its contract is {digest}."""

from bench.agentdojo.declaring import declared

work = declared("{task}")
'''
RULE = """
@id("anything")
@says("Every action is permitted")
@owner("olga")
@since("2026-11-01")
permit (principal, action in [{actions}], resource);
"""


@dataclass(kw_only=True)
class Timed:
    """CPU of gate decisions, in seconds: gathering the facts, and deciding on them."""

    gathering: list[float] = field(default_factory=list)
    deciding: list[float] = field(default_factory=list)


@dataclass(kw_only=True)
class Desk:
    """One task's workflow, open."""

    remit: Remit
    connector: Connector
    task: str
    steps: list[str]
    number: int = 0

    async def run(self, pair: Pair, operator: str) -> Case:
        """Run one pair to its end, with somebody at the desk."""
        return await self.go(pair.begin(self.steps), operator)

    async def go(self, case: Case, operator: str) -> Case:
        """Run a case that has begun to its end."""
        self.connector.enter(case.world, case.agent)
        self.number += 1
        keys = {
            name: str(value) if isinstance(value, float) else value
            for name, value in contracts()[self.task]["case"].items()
        }
        admission = await self.remit.receive(
            workflow_name(self.task), {"message": str(case.pair.user.PROMPT), **keys},
            channel="bench", external_id=f"case-{self.number}",
        )  # fmt: skip
        for _ in range(ASKED_MAX):
            await self.remit.settled()
            rows = self.remit.inbox(person=OWNER).rows
            if not rows:
                break
            for row in rows:
                await self._decide(case, row.approval_id, operator)
        case.status = self.remit.case(admission.case_id).row.status
        return case

    async def _decide(self, case: Case, approval_id: str, operator: str) -> None:
        attempt = case.agent.current
        honest = attempt is not None and attempt.honest
        case.questions += honest
        case.asked += 1
        yes = operator == RUBBER or (operator == ATTENTIVE and honest)
        await testing.decide(
            self.remit, approval_id, person=OWNER,
            verdict=Verdict.APPROVE if yes else Verdict.REJECT,
            reason=None if yes else RejectReason.SOURCE,
        )  # fmt: skip


@asynccontextmanager
async def desk(task: str, folder: Path) -> AsyncIterator[Desk]:
    """Open a task's workflow in an empty folder."""
    contract = contracts()[task]
    steps = [step["tool"] for step in contract["steps"]]
    connector = Connector(operations=frozenset({*TOOLS, "takeBack"}))
    _write(folder, task, steps, sorted(connector.operations))
    project = testing.project(folder, data=folder)
    remit = open_remit(project, owner="bench", durability_check=False)
    remit._executor._connectors["world"] = connector  # noqa: SLF001 - settings name no dictionary
    await remit.start()
    try:
        for place, tool in enumerate(steps):
            await testing.grant(
                remit, workflow_name(task), step_name(place, tool), Level.AUTONOMOUS, signer=OWNER
            )
        yield Desk(remit=remit, connector=connector, task=task, steps=steps)
    finally:
        await remit.stop()


def _write(folder: Path, task: str, steps: list[str], operations: list[str]) -> None:
    (folder / "policies").mkdir(parents=True)
    settings = SETTINGS.format(name=workflow_name(task), operations=operations)
    (folder / "remit.toml").write_text(settings)
    (folder / "task.py").write_text(MODULE.format(digest=DIGEST, task=task))
    actions = ", ".join(
        f'Action::"{workflow_name(task)}.{step_name(place, tool)}"'
        for place, tool in enumerate(steps)
    )
    if steps:
        (folder / "policies" / "all.cedar").write_text(RULE.format(actions=actions))


@asynccontextmanager
async def unmasked(timed: Timed) -> AsyncIterator[None]:
    """Leave masking out, and count the CPU of each decision, inside the block."""

    def text(_self: Masker, text: str, **_: object) -> Masked:
        return Masked(text=text, tokens=())

    def json(_self: Masker, value: object, **_: object) -> object:
        return value

    def known(*_: object) -> tuple[()]:
        return ()

    kept = (Masker.mask_text, Masker.mask_json, Masker.contains_unknown_token)
    asked = (facts.gather, gate.decide)
    Masker.mask_text, Masker.mask_json = text, json  # type: ignore[method-assign,assignment]
    Masker.contains_unknown_token = known  # type: ignore[method-assign,assignment]
    facts.gather = _counted(facts.gather, timed.gathering)
    gate.decide = _counted(gate.decide, timed.deciding)
    try:
        yield
    finally:
        Masker.mask_text, Masker.mask_json, Masker.contains_unknown_token = kept  # type: ignore[method-assign]
        facts.gather, gate.decide = asked


def _counted(function: Callable[..., Any], taken: list[float]) -> Callable[..., Any]:
    def counted(*args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return function(*args, **kwargs)
        finally:
            taken.append(time.thread_time() - began)

    return counted
