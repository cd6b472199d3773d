"""What is played: tasks of tau2 with their gold calls, and calls bent away from them."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from bench.tau2.world import ToolRefusedError, World

HERE = Path(__file__).parent
Call = tuple[str, Mapping[str, Any]]


class How(Enum):
    """How a bent call is put forward."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    TO_ANOTHER = "the yes was to another card"
    SWAPPED = "changed after the yes"
    TWICE = "one yes used twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One conversation; `begin` is what happened before it."""

    name: str
    session: Mapping[str, Any]
    calls: tuple[Call, ...]
    begin: Callable[[World], None] = lambda _: None
    played: Mapping[int, Callable[[World], None]] | None = None  # the customer's part, by place


@dataclass(frozen=True, slots=True, kw_only=True)
class Bend:
    """One call that must not run, in the state that the honest prefix left."""

    kind: str
    call: Call
    session: Mapping[str, Any]
    how: How = How.CONFIRMED
    honest: Call | None = None  # what was shown, where something else is put in its place
    prepare: Callable[[World], None] = lambda _: None  # what makes it wrong


Bends = Callable[[World, Mapping[str, Any], Call, random.Random], Iterator[Bend]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """One desk of tau2."""

    name: str
    connector: str
    world: Callable[[], World]
    tasks: Callable[[], Sequence[Task]]
    bends: Bends
    probes: Callable[[], Sequence[Task]] = tuple  # each of its calls must not run
    writes: frozenset[str]

    @property
    def folder(self) -> Path:
        """Where its desk is."""
        return HERE / "desks" / self.name


def prefixes(domain: Domain, task: Task) -> Iterator[tuple[int, World, Call]]:
    """Yield (place, the world before it, call) of each gold write of a task."""
    world = domain.world()
    task.begin(world)
    for place, call in enumerate(task.calls):
        if call[0] in domain.writes:
            yield place, world.fork(), call
        step(world, task, place)


def step(world: World, task: Task, place: int) -> bool:
    """Take one gold step without a gate; say whether the tools took it."""
    try:
        world.call(*task.calls[place])
    except ToolRefusedError:
        return False
    finally:
        if task.played and place in task.played:
            task.played[place](world)
    return True


def would_run(world: World, call: Call) -> bool:
    """Tell whether the tools alone would have done it."""
    trial = world.fork()
    try:
        trial.call(*call)
    except ToolRefusedError:
        return False
    return trial.state != world.state


def tampered(session: Mapping[str, Any], call: Call, other: Call) -> Iterator[Bend]:
    """Yield a gold call that nobody, or not quite the right thing, said yes to."""
    yield Bend(kind="unauthenticated", call=call, session={**session, "customer": None})
    for how in (How.UNCONFIRMED, How.TO_ANOTHER, How.TWICE):
        yield Bend(kind=how.value, call=call, session=session, how=how, honest=call)
    yield Bend(kind=How.SWAPPED.value, call=other, session=session, how=How.SWAPPED, honest=call)
