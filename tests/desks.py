"""The refund desk on a real shop process, for stories on both databases."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from remit import testing
from remit.app import Remit
from remit.governance.card import ApprovalRow
from remit.settings import FileAnchor
from tests.loopback.shop import Shop
from tests.sounding import sound

ROOT = Path(__file__).parents[1]
TRAINED = ROOT / "var" / "trained"  # by content, so every run may use it again
MARIA, TOMASZ, NADIA = "maria.k", "tomasz.w", "nadia.f"


@dataclass(kw_only=True)
class Desk:
    """Where a desk lives; it can be opened again after it was closed or killed."""

    folder: Path
    shop: Shop
    database: str | None = None
    clock: testing.FrozenClock = field(default_factory=testing.FrozenClock)
    anchors: tuple[FileAnchor, ...] = ()

    @asynccontextmanager
    async def open(
        self, example: str = "examples/refund_desk", *, attacked: bool = False
    ) -> AsyncIterator[Remit]:
        """Run the desk until the block ends; its record must be sound, unless it was attacked."""
        with environment(SHOP_URL=self.shop.url, SHOP_KEY=self.shop.key):
            project = testing.project(
                ROOT / example, data=self.folder, database=self.database, trained=TRAINED
            )
            kept = {"anchors": list(self.anchors)}
            ledger = project.settings.ledger.model_copy(update=kept)
            settings = project.settings.model_copy(update={"ledger": ledger})
            project = project.model_copy(update={"settings": settings})
            async with testing.running(project, clock=self.clock, seeds=False) as remit:
                yield remit
                await remit.heart.tick()  # time stood still, and may have leapt
                if not attacked:
                    sound(remit)


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set environment variables inside the block."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def write_in(remit: Remit, **fields: object) -> str:
    """Send a customer's message and let the desk work; return the case."""
    admission = await remit.receive("refund-desk", fields, channel="mail")
    await remit.settled()
    return admission.case_id


def only(rows: tuple[ApprovalRow, ...]) -> ApprovalRow:
    """Return the one thing that waits."""
    assert len(rows) == 1, rows
    return rows[0]


def waiting(remit: Remit) -> tuple[ApprovalRow, ...]:
    """Return what waits for people."""
    return remit.inbox(person=MARIA).rows


def states(remit: Remit, case_id: str) -> list[tuple[str, str]]:
    """Return (action, state) of a case's proposals."""
    return [(effect.action, effect.state) for effect in remit.case(case_id).effects]
