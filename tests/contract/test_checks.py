"""Checks of reviewers, on either database: dealt, answered, and the same when made anew."""

from pathlib import Path

import pytest

from remit.domain.approval import Verdict
from remit.ledger import projections
from remit.store import checks
from tests.projects import Small, waiting
from tests.stories.test_seeded import PAY, answer, dealt, decided, figures, later, truth

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    sqlite = request.param == "sqlite"
    database = None if sqlite else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, granted=())


async def test_a_check_is_dealt_and_answered_and_leaves_no_figure(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        before = figures(remit)
        await later(remit, small)
        (row,) = dealt(remit)
        assert [one.approval_id for one in waiting(remit)] == [row.approval_id]
    async with small.open() as remit:
        remit.timekeeper.watch.confirm()
        bad = truth(remit, row)
        told = await answer(remit, row, Verdict.REJECT)
        assert (told.bad, told.caught) == (bad, bad)
        assert figures(remit) == before
        (tally,) = remit.database.read(lambda c: checks.tallied(c, row.workflow))
        assert (tally.bad, tally.missed, tally.good, tally.refused) == (
            (1, 0, 0, 0) if bad else (0, 0, 1, 1)
        )


async def test_rows_made_anew_are_those_that_were(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        await later(remit, small)
        await answer(remit, dealt(remit)[0])
        report = projections.check(remit.database)
        assert report.result == "equal", report.differences
