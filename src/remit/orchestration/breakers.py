"""Breakers: a model or connector that fails ten times in a row is left alone for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from remit.domain import clock
from remit.errors import BreakerOpenError, TransientError
from remit.models.routing import Route
from remit.models.runtime import Piece, Prompt, Reply, Runtime
from remit.orchestration.equipment import Equipment
from remit.orchestration.places import Places

FAILURES_MAX = 10  # transient ones in a row
PROBE_SECONDS = 30.0
PROBE_SECONDS_MAX = 600.0

State = Literal["closed", "open", "probing"]


@dataclass(slots=True)
class _Breaker:
    failures: int = 0
    seconds: float = 0.0  # from one probe to the next; 0 while it is closed
    probe_at: datetime | None = None
    probing: bool = False


@dataclass(slots=True, kw_only=True)
class Breakers:
    """The breakers of one process, by target: `model:house`, `connector:shop`."""

    now: Callable[[], datetime]
    places: Places
    _breakers: dict[str, _Breaker] = field(default_factory=dict)

    @contextmanager
    def calling(self, target: str) -> Iterator[None]:
        """Let a call to the target pass and watch its end.

        Raises `BreakerOpenError` where the target is left alone; one call at a time probes it
        when its time has come. A refusal is an answer: only what is transient counts.
        """
        found = self._breakers.setdefault(target, _Breaker())
        self._let(found, target)
        try:
            yield
        except (TransientError, TimeoutError, asyncio.CancelledError):
            self._failed(found)
            raise
        except BaseException:
            self._well(found)
            raise
        self._well(found)

    def standing(self) -> dict[str, State]:
        """Return how each breaker stands that was ever used."""
        return {
            target: "closed" if one.probe_at is None else "probing" if one.probing else "open"
            for target, one in self._breakers.items()
        }

    def _let(self, found: _Breaker, target: str) -> None:
        if found.probe_at is None:
            return
        now = self.now()
        if now >= found.probe_at and not found.probing:
            found.probing = True
            return
        until = max(found.probe_at, now + timedelta(seconds=1))
        raise BreakerOpenError(
            f"`{target}` failed {found.failures} times in a row and is left alone until "
            f"{clock.text(until)}", target=target, until=until,
        )  # fmt: skip

    def _failed(self, found: _Breaker) -> None:
        found.failures += 1
        if found.probing or (found.probe_at is None and found.failures >= FAILURES_MAX):
            doubled = min(found.seconds * 2, PROBE_SECONDS_MAX)
            found.seconds = max(doubled, PROBE_SECONDS)
            found.probe_at = self.now() + timedelta(seconds=found.seconds)
        found.probing = False

    def _well(self, found: _Breaker) -> None:
        found.failures, found.seconds, found.probe_at, found.probing = 0, 0.0, None, False


@dataclass(frozen=True, slots=True)
class GuardedModel:
    """A model behind its breaker, with as many places as it has."""

    model: Runtime
    breakers: Breakers

    @property
    def name(self) -> str:
        return self.model.name

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        target = f"model:{self.name}"
        async with self.breakers.places.one(target):
            with self.breakers.calling(target):
                return await self.model.reply(prompt, key=key, deadline_seconds=deadline_seconds)

    def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]:
        return self.model.stream(prompt, key=key, deadline_seconds=deadline_seconds)


async def let_go(all_equipment: Iterable[Equipment]) -> None:
    """Close the connections of every model that holds some."""
    for equipment in all_equipment:
        for route in equipment.routes.values():
            for model in route.models:
                close = getattr(getattr(model, "model", model), "close", None)
                if close is not None:
                    await close()


def guarded(equipment: Equipment, breakers: Breakers) -> Equipment:
    """Return a workflow's equipment with each of its models behind a breaker."""
    routes: dict[str, Route] = {
        name: replace(route, models=tuple(GuardedModel(model, breakers) for model in route.models))
        for name, route in equipment.routes.items()
    }
    return replace(equipment, routes=routes)
