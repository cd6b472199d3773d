"""What is shown of a cell is what happens to it: how far it is, what lowers it, what it did."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Level
from remit.governance import cell_words
from remit.governance.cells import Falls
from remit.ledger import projections
from tests.projects import OLGA, Small, send, waiting
from tests.stories.test_earned import ASSUMED, BODY, CELL, answer, earned

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    sqlite = request.param == "sqlite"
    database = None if sqlite else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, granted=(), settings=ASSUMED)


def breach(remit: Remit) -> Falls:
    """Return the detector that lowers the cell, as its page shows it."""
    return next(one for one in remit.cell(CELL).falls if one.detector == "breach")


async def test_so_many_wrong_labels_in_a_row_as_are_shown_lower_it_and_not_one_fewer(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        for number in range(20):
            small.clock.advance(1)
            await send(remit, message=f"case {number}")
            await answer(remit)
        shown = breach(remit)
        assert (shown.rows, shown.wrong, shown.to) == (20, 0, "draft")
        assert shown.streak is not None
        for number in range(shown.streak):
            assert remit.cell(CELL).level == "approve-each"
            assert breach(remit).streak == shown.streak - number
            small.clock.advance(1)
            await send(remit, message=f"wrong {number}")
            (row,) = waiting(remit)
            await testing.decide(
                remit, row.approval_id, person=OLGA, verdict=Verdict.REJECT,
                reason=RejectReason.FACTS,
            )  # fmt: skip
            await remit.settled()
        fallen = remit.cell(CELL)
        assert (fallen.level, fallen.lowered, fallen.attempt) == ("draft", "breach", 1)
        assert fallen.resumes_at is not None
        marks = remit.cell_whole(CELL).path.marks
        assert {one.kind for one in marks} >= {"breach", "lowered"}
        (tried,) = fallen.tried
        assert (tried.rows, tried.attempts) == (20 + shown.streak, 1)


async def test_a_cell_that_earned_its_level_says_on_what_and_what_it_would_have_done(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        for number in range(3):
            small.clock.advance(1)
            await send(remit, message=f"case {number}")
            await answer(remit, wrong=number == 2)
        found = remit.cell_whole(CELL)
        counted = remit.scorecard(CELL).counted
        assert counted is not None
        assert found.path.buckets[-1].log_evidence == counted.log_evidence
        assert [one.wrong for one in found.path.buckets] == [0, 0, 1]
        assert found.cell.evidence is not None
        assert (found.cell.evidence.rows, found.cell.evidence.wrong) == (3, 1)
        assert "so 52 more right in a row would do" in cell_words.table_said(found.cell.evidence)
        told = found.counterfactual
        assert told is not None
        assert (told.runs, told.judged, told.wrong, told.ran) == (3, 3, 1, 0)
        page = remit.cell_rows(CELL, limit=2)
        assert [one.outcome for one in page.rows] == ["wrong", "right"]
        rest = remit.cell_rows(CELL, limit=2, after=page.after)
        assert [one.outcome for one in rest.rows] == ["right"]
        assert rest.after is None


async def test_grants_and_lowerings_are_told_and_the_same_when_made_anew(tmp_path: Path) -> None:
    small = Small(folder=tmp_path, granted=(), settings=ASSUMED)
    async with small.open(BODY) as remit:
        await earned(remit, small)
        found = remit.cell_whole(CELL)
        assert (found.cell.level, found.cell.promotions, found.cell.signer) == ("sampled", 1, OLGA)
        assert "1 promotion costs 1 × 10" in cell_words.spent_said(found.cell)
        assert any(one.said == "raised to sampled by olga on 168 rows, 0 wrong" for one in
                   found.path.marks)  # fmt: skip
        told = found.counterfactual
        assert told is not None
        assert (told.to, told.runs, told.wrong) == ("autonomous", 168, 0)
        await remit.lower_grant(CELL, to=Level.DRAFT, person=OLGA, reason="a new supplier")
        fallen = remit.cell(CELL)
        assert (fallen.level, fallen.lowered) == ("draft", "by_hand")
        report = projections.check(remit.database)
        assert report.result == "equal", report.differences
