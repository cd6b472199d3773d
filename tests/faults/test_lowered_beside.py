"""Real processes on one PostgreSQL: what one of them lowers, all of them hold at the next gate."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.app import Remit
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.ids import control_stream
from remit.governance import grants, labels, recompute
from remit.governance.labels import Said
from remit.store import evidence
from remit.store.evidence import EvidenceRow
from tests.faults.several import (
    DESK,
    Desk,
    all_closed,
    allow,
    desk,
    events,
    receive,
    until,
    working,
)

pytestmark = pytest.mark.anyio

CELL = Cell(workflow=DESK, action="note")


@pytest.fixture
def busy(tmp_path: Path, durable_url: str) -> Iterator[Desk]:
    with desk(tmp_path, durable_url) as made:
        yield made


async def test_what_one_process_lowers_every_other_holds_at_once(busy: Desk) -> None:
    """Labels come in two processes at once; the last of them takes the level away, once."""
    async with busy.opened() as remit, busy.opened() as other:
        await allow(remit, "note")
        await working(busy, 2, look_seconds="0.2")
        first = await receive(remit, 60)
        await all_closed(remit, first, desk=busy)
        rows = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        drawn = [row for row in rows if row.drawn and row.alone and row.eligible]
        assert drawn, "of 60 one in ten is drawn"

        harm = Said(
            outcome=Outcome.WRONG, code="audit", source="audit", reviewer="olga",
            severity="critical",
        )  # fmt: skip

        def say(row: EvidenceRow, process: Remit) -> None:
            process.writer.run(
                lambda uow: labels.give(uow, row.action_id, harm), streams=(row.case_id,)
            )

        await asyncio.gather(
            *(
                asyncio.to_thread(say, row, (remit, other)[place % 2])
                for place, row in enumerate(drawn)
            )
        )
        grant = remit.database.read(lambda c: grants.of_cell(c, CELL))
        assert grant is not None
        assert grant.level == Level.APPROVE_EACH
        second = await receive(remit, 12, first=100)
        await until(lambda: len(remit.inbox(person="olga").rows) == 12, "12 cards", desk=busy)
        decided = events(remit, second, "policy:action:decided")
        assert {one.body["state"] for one in decided} == {"held"}
        entries = remit.entries(control_stream(DESK))
        lowered = [one for one in entries if one.event == "governance:grant:lowered"]
        assert len(lowered) == 1
        assert remit.keeper.drain()
        report = recompute.verify(remit.database)
        assert report.differences == ()
        assert report.told["labels"] == len(drawn)
