"""Play a desk: gold calls with and without the gate, without a yes, and bent ones."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bench.tau2 import flips
from bench.tau2.stage import Answer, Decided, Played, Stage, opened
from bench.tau2.task import Bend, Domain, How, Task, prefixes, step, would_run
from bench.tau2.world import World


@dataclass(slots=True, kw_only=True)
class Found:
    """What one desk showed."""

    domain: str
    whole: bool = True  # everything was played, not a share
    policy: str = ""  # digest of the book
    rules: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()  # rules without examples, idle ones
    tasks: int = 0
    same: int = 0
    other_state: list[str] = field(default_factory=list)
    calls: int = 0
    reads: int = 0
    reads_refused: int = 0
    reads_unknown: int = 0  # refused by the tools alone, too
    writes: int = 0
    writes_refused: int = 0  # by the tools alone
    held: int = 0
    ran: int = 0
    changed_without_yes: list[str] = field(default_factory=list)
    bent: Counter[str] = field(default_factory=Counter)
    tools_alone: Counter[str] = field(default_factory=Counter)
    distinct: set[str] = field(default_factory=set)
    bent_ran: list[str] = field(default_factory=list)
    probes: int = 0
    probes_ran: list[str] = field(default_factory=list)
    probes_by_yes_alone: list[str] = field(default_factory=list)
    flipped: dict[str, int] = field(default_factory=dict)
    decisions: int = 0
    decision_us: list[float] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Return everything that must not be."""
        return [
            *(f"{self.domain}: task {one} ends in another state" for one in self.other_state),
            *(
                f"{self.domain}: task {one} changes without a yes"
                for one in self.changed_without_yes
            ),
            *(f"{self.domain}: ran: {one}" for one in self.bent_ran),
            *(f"{self.domain}: probe ran: {one}" for one in self.probes_ran),
            *(f"{self.domain}: {one}" for one in self.findings),
            *(
                f"{self.domain}: without rule `{name}` no decision differs"
                for name, count in self.flipped.items()
                if self.whole and not count
            ),
        ]


async def play(domain: Domain, *, seed: int, share: float) -> Found:
    """Play one desk; `share` of its tasks and bends, drawn with the seed."""
    found = Found(domain=domain.name, whole=share >= 1)
    rng = random.Random(f"{domain.name} {seed}")
    world = domain.world()
    async with opened(
        domain.folder, name=domain.name, connector=domain.connector, world=world
    ) as stage:
        book = stage.remit.equipment[domain.name].book
        if book is None:
            raise AssertionError(f"{domain.name} has no rules")
        found.policy, found.rules, found.findings = book.digest, tuple(book.rules), book.findings
        every = list(domain.tasks())
        for task in [one for one in every if rng.random() < share] or [rng.choice(every)]:
            await honest(stage, domain, task, found)
            await unconfirmed(stage, domain, task, found)
        for task in every:
            for _, before, call in prefixes(domain, task):
                for bend in drawn(domain.bends(before, task.session, call, rng), rng, share):
                    await bent(stage, before, bend, f"task {task.name}", found)
        for task in domain.probes():
            await probe(stage, domain, task, found)
        noted(stage.every, book.rules.keys(), found)
    return found


def drawn(bends: Iterator[Bend], rng: random.Random, share: float) -> list[Bend]:
    """Return a share of the bends."""
    return [one for one in bends if share >= 1 or rng.random() < share]


async def honest(stage: Stage, domain: Domain, task: Task, found: Found) -> None:
    """Compare the state with and without the gate."""
    alone = domain.world()
    task.begin(alone)
    taken = [step(alone, task, place) for place in range(len(task.calls))]
    governed = domain.world()
    task.begin(governed)
    played = await parts(stage, task, governed, Answer.YES)
    found.tasks += 1
    found.calls += len(task.calls)
    writes = [one in domain.writes for one, _ in task.calls]
    found.writes += sum(writes)
    found.reads += len(writes) - sum(writes)
    found.reads_unknown += sum(
        not ok and not write for ok, write in zip(taken, writes, strict=True)
    )
    found.writes_refused += sum(not ok and write for ok, write in zip(taken, writes, strict=True))
    found.reads_refused += sum(one.refused_reads for one in played)
    found.held += sum(one.held for one in played)
    found.ran += sum(len(one.performed) for one in played)
    if governed.state == alone.state:
        found.same += 1
    else:
        found.other_state.append(task.name)


async def unconfirmed(stage: Stage, domain: Domain, task: Task, found: Found) -> None:
    """Nothing changes while nobody has said yes, and nothing after a no."""
    world = domain.world()
    task.begin(world)
    for place in task.played or {}:
        (task.played or {})[place](world)
    before = world.fork().state
    played = await stage.play(world, task.session, task.calls, answer=Answer.NO)
    if played.state != before:
        found.changed_without_yes.append(task.name)


async def parts(stage: Stage, task: Task, world: World, answer: Answer) -> list[Played]:
    """Play a task; where the customer does something, the conversation goes on afterwards."""
    cuts = sorted(task.played or {})
    begin, played = 0, list[Played]()
    for cut in cuts:
        played.append(
            await stage.play(world, task.session, task.calls[begin : cut + 1], answer=answer)
        )
        (task.played or {})[cut](world)
        begin = cut + 1
    played.append(await stage.play(world, task.session, task.calls[begin:], answer=answer))
    return played


async def bent(stage: Stage, before: World, bend: Bend, where: str, found: Found) -> None:
    """Put one bent call forward; note whether it ran, and whether the tools alone would have."""
    world = before.fork()
    bend.prepare(world)
    found.bent[bend.kind] += 1
    found.distinct.add(repr((bend.kind, bend.call, bend.session, world.state)))
    found.tools_alone[bend.kind] += would_run(world, bend.call)
    calls = [bend.call]
    swapped = None
    answer = Answer.YES
    allowed = [world.state]
    match bend.how:
        case How.UNCONFIRMED:
            answer = Answer.NO
        case How.TO_ANOTHER:
            answer = Answer.TO_ANOTHER
        case How.TWICE:
            calls, answer = [bend.call, bend.call], Answer.YES_ONCE
            allowed.append(after(world, bend))
        case How.SWAPPED:
            calls, swapped = [bend.honest or bend.call], [bend.call]
            allowed = [after(world, bend), world.state]
        case How.CONFIRMED:
            pass
    played = await stage.play(world, bend.session, calls, answer=answer, swapped=swapped)
    if played.state not in allowed or (bend.how is How.TWICE and len(played.performed) > 1):
        found.bent_ran.append(f"{bend.kind}, {where}: {bend.call[0]} {dict(bend.call[1])}")


def after(world: World, bend: Bend) -> object:
    """Return the state after the call that was said yes to."""
    trial = world.fork()
    if would_run(trial, bend.honest or bend.call):
        trial.call(*(bend.honest or bend.call))
    return trial.state


async def probe(stage: Stage, domain: Domain, task: Task, found: Found) -> None:
    """Ask for what a customer wants and must not have; see that the rules or the yes stop it."""
    for call in task.calls:
        world = domain.world()
        task.begin(world)
        before = world.fork().state
        found.probes += 1
        permitted = await stage.play(world, task.session, [call])
        if permitted.state != before:
            found.probes_by_yes_alone.append(f"{task.name}: {call[0]} {dict(call[1])}")
            world = domain.world()
            task.begin(world)
            refused = await stage.play(world, task.session, [call], answer=Answer.NO)
            if refused.state != before:
                found.probes_ran.append(f"{task.name}: {call[0]} {dict(call[1])}")


def noted(every: Sequence[Decided], rules: Sequence[str], found: Found) -> None:
    """Keep what the decisions cost, and how many would differ without each rule."""
    found.decisions = len(every)
    found.decision_us = sorted(one.gather_us + one.decide_us for one in every)
    found.flipped = flips.flips([one.answer for one in every], rules)
