"""Everything about one task: honest, attacked, bent, with each operator and each other defence."""

import asyncio
import tempfile
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.agentdojo import attacks, gated
from bench.agentdojo.baselines import BASELINES
from bench.agentdojo.bends import Bend, bends, bent
from bench.agentdojo.judging import Case, Pair, attacked, honest_pairs
from bench.agentdojo.manifest import acts


@dataclass(kw_only=True)
class Outcome:
    """What became of one run."""

    way: str  # an operator, or another defence
    won: bool
    breached: bool
    coincident: int  # calls of the attacker that ran and are what the user asked for
    useful: bool
    questions: int
    status: str
    text_only: bool = False
    injection: str = ""


@dataclass(kw_only=True)
class Found:
    """The figures of one task."""

    task: str
    honest: list[Outcome] = field(default_factory=list)
    attacked: list[Outcome] = field(default_factory=list)
    bent: dict[str, int] = field(default_factory=dict)  # kind to how many
    inside: int = 0  # bent calls that ran and are declared
    wins: list[str] = field(default_factory=list)  # that ran outside the declaration
    refused: dict[str, int] = field(default_factory=dict)  # attacker's calls, by what stopped them
    intact: bool = True
    gathering: list[float] = field(default_factory=list)
    deciding: list[float] = field(default_factory=list)


def measure(
    task: str, injections: Collection[str] | None, bent_calls: Collection[int] | None, seed: int
) -> dict[str, Any]:
    """Return the figures of a task; with all its injections and bent calls, or with these."""
    return asdict(asyncio.run(_measure(task, injections, bent_calls, seed)))


async def _measure(
    task: str, injections: Collection[str] | None, bent_calls: Collection[int] | None, seed: int
) -> Found:
    honest = next(pair for pair in honest_pairs() if pair.task == task)
    pairs = [
        pair for pair in attacked(honest) if injections is None or pair.injection_id in injections
    ]
    asked = [
        one
        for place, one in enumerate(bends(task, seed=seed))
        if bent_calls is None or place in bent_calls
    ]
    found = Found(task=task)
    timed = gated.Timed()
    async with gated.unmasked(timed):
        with tempfile.TemporaryDirectory() as folder:
            async with gated.desk(task, Path(folder) / "project") as desk:
                found.honest += await _with_each_operator(desk, honest, found)
                for pair in pairs:
                    found.attacked += await _with_each_operator(desk, pair, found)
                for bend in asked:
                    await _bend(desk, honest, bend, pairs, found)
                found.intact = desk.remit.verify().result == "intact"
    for name, baseline in BASELINES.items():
        for pair in (honest, *pairs):
            case = pair.begin([])
            attacks.obey(case.agent, baseline(case))
            (found.attacked if pair.injection else found.honest).append(_outcome(name, case))
    found.gathering, found.deciding = timed.gathering, timed.deciding
    return found


async def _with_each_operator(desk: gated.Desk, pair: Pair, found: Found) -> list[Outcome]:
    """Run a pair with nobody at the desk; with others as well where somebody was asked."""
    first = await desk.run(pair, gated.ABSENT)
    for attempt in first.agent.attempts:
        if not attempt.honest and acts(attempt.tool):
            word = "ran" if attempt.ran else attempt.said or "handed over"
            found.refused[word] = found.refused.get(word, 0) + 1
    others = gated.OPERATORS[1:]
    if not first.asked:
        return [_outcome(way, first) for way in gated.OPERATORS]
    return [
        _outcome(gated.ABSENT, first),
        *[_outcome(way, await desk.run(pair, way)) for way in others],
    ]


def _outcome(way: str, case: Case) -> Outcome:
    return Outcome(
        way=way, won=case.won, breached=case.breached, coincident=case.coincident,
        useful=case.useful, questions=case.questions, status=str(case.status),
        text_only=case.pair.text_only, injection=case.pair.injection_id,
    )  # fmt: skip


async def _bend(
    desk: gated.Desk, honest: Pair, bend: Bend, pairs: list[Pair], found: Found
) -> None:
    where = pairs[0] if pairs else honest  # for the places that the task reads
    alone = Pair(
        suite_name=honest.suite_name, suite=honest.suite, user_id=honest.user_id,
        user=honest.user, slots=where.slots,
    )  # fmt: skip
    case = await desk.go(bent(alone, bend, desk.steps), gated.ATTENTIVE)
    found.bent[bend.kind] = found.bent.get(bend.kind, 0) + 1
    if any(not one.honest for one in case.world.executed):
        if bend.declared:
            found.inside += 1
        else:
            found.wins.append(bend.said)
