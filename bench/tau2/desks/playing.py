"""How a desk plays what an agent asks for, call by call."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from remit import Context, Source
from remit.authoring.connector import ConnectorHandle
from remit.errors import StepRefused

CALLS_MAX = 40
CHANGES_MAX = 12  # of one kind in one conversation
Play = Callable[[Any, Any, Context], Awaitable[None]]
About = Callable[[Any, Any, Context], Awaitable[object]]


def reads(tool: Callable[..., Awaitable[Any]], *names: str) -> Play:
    """Return how a read is played: with these fields of the call."""

    async def play(case: Any, call: Any, run: Context) -> None:
        del case
        await run.read(tool, **{name: getattr(call, name) for name in names})

    return play


def acts(about: About, action: Callable[..., Awaitable[Any]], *names: str) -> Play:
    """Return how a write is played: its facts first, then the proposal."""

    async def play(case: Any, call: Any, run: Context) -> None:
        await about(case, call, run)
        await run.act(action, **{name: getattr(call, name) for name in names})

    return play


async def conversation(
    case: Any, run: Context, next_call: Callable[..., Awaitable[Any]], played: Mapping[str, Play]
) -> str:
    """Play every call; the agent is told no where there is one, and goes on."""
    for turn in range(CALLS_MAX):
        call = await run.read(next_call, turn=turn)
        if not call.name:
            return "the agent has no more to ask"
        try:
            await played[call.name](case, call, run)
        except StepRefused:
            continue
    return "the agent asked too often"


def said(name: str) -> Any:
    """Return the source of what only the customer can say: it never proves, so they are asked."""
    return Source.tool("next_call", name)


def taking_back(system: ConnectorHandle, action: str) -> Callable[..., Awaitable[Any]]:
    """Return the undo of one action: the system puts back what it changed."""

    async def undo(change: str) -> Any:
        return await system.perform("take_back", change=change)

    undo.__name__ = f"take_back_{action}"
    return undo
