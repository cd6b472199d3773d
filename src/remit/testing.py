"""The public test kit: a running Remit on a temporary folder, with a clock that tests move."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Level
from remit.domain.value import digest
from remit.governance import grants
from remit.governance.card import ApprovalView
from remit.opening import open_remit
from remit.settings import Project, read

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class FrozenClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


def project(
    folder: Path,
    *,
    data: Path,
    database: str | None = None,
    trained: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Project:
    """Return the project in `folder` with its database, keys and anchor in `data`."""
    found = read(folder, environment or {})
    settings = found.settings.model_copy(
        update={
            "database": database or f"sqlite:///{data}/remit.db",
            "keys": str(data / "keys"),
            "anchor": str(data / "anchor"),
            "trained": str(trained or data / "trained"),
        }
    )
    return found.model_copy(update={"settings": settings})


@asynccontextmanager
async def running(
    project: Project, *, clock: FrozenClock | None = None, runs_max: int = 64
) -> AsyncIterator[Remit]:
    """Run a project until the block ends; a database that may lose commits is accepted."""
    time = clock or FrozenClock()
    remit = open_remit(
        project,
        owner="remit test",
        now=time,
        elapsed=lambda: time().timestamp(),
        durability_check=False,
        runs_max=runs_max,
    )
    for name, one in remit.equipment.items():
        remit.equipment[name] = replace(one, sleep=_at_once)  # time stands still: nobody sleeps
    await remit.start()
    try:
        yield remit
    finally:
        await remit.stop()


async def _at_once(seconds: float) -> None:
    del seconds


async def decide(
    remit: Remit,
    approval_id: str,
    *,
    person: str,
    verdict: Verdict = Verdict.APPROVE,
    edits: Mapping[str, str] | None = None,
    reason: RejectReason | None = None,
) -> ApprovalView:
    """Decide what the page shows now, as a person would."""
    shown = remit.approval(approval_id, person=person)
    return await remit.decide(
        approval_id,
        person=person,
        verdict=verdict,
        digest=shown.card.digest,
        edits=edits,
        reason=reason,
        channel="test",
    )


async def pass_time(remit: Remit, clock: FrozenClock, seconds: float) -> None:
    """Let time pass and everything that was due happen."""
    await remit.settled()
    clock.advance(seconds)
    await remit.timekeeper.tick()
    await remit.settled()


async def grant(
    remit: Remit, workflow: str, action: str, level: Level, *, signer: str, days: int = 90
) -> None:
    """Give a cell a level without evidence; only tests and benchmarks may do that."""
    equipment = remit.equipment[workflow]
    await remit.write(
        lambda uow: grants.give(
            uow,
            workflow=workflow,
            phase=equipment.phase,
            action=action,
            level=level,
            fingerprint=equipment.fingerprint,
            signer=signer,
            evidence=digest(["test"]),
            expires_at=uow.now + timedelta(days=days),
        )
    )


__all__ = [
    "START",
    "FrozenClock",
    "Level",
    "decide",
    "grant",
    "pass_time",
    "project",
    "running",
]
