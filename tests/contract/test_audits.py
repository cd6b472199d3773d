"""What people judge afterwards, on either database: asked, answered, corrected, in doubt."""

from pathlib import Path

import pytest

from remit.domain.approval import RejectReason
from remit.governance.audit import Finding
from remit.store import checks, evidence
from tests.projects import NAME, OLGA, PAUL, Small, send
from tests.stories.test_audited import ALL, NOTE, judge, queue, row_of
from tests.stories.test_seeded import PAY, decided, later
from tests.stories.test_waved_through import wave_through

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    sqlite = request.param == "sqlite"
    database = None if sqlite else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, settings=ALL)


async def test_what_is_judged_and_corrected_is_told_by_its_row(small: Small) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        assert await judge(remit, Finding.WRONG, cause=RejectReason.TONE) == "wrong"
        assert queue(remit, OLGA) == queue(remit, PAUL) == []
        audit_id = row_of(remit).action_id
        await remit.contest(audit_id, person=OLGA, reason="it was as asked")
        assert queue(remit, PAUL) == [audit_id]
        await judge(remit)
        assert (row_of(remit).outcome, row_of(remit).was_outcome) == ("right", "wrong")


async def test_an_alarm_puts_what_somebody_called_right_among_the_audits(small: Small) -> None:
    small.granted = ()
    async with small.open(PAY) as remit:
        await decided(remit, cases=14)
        await later(remit, small, days=60)
        await wave_through(remit, small)
        assert remit.database.read(lambda c: checks.alarmed(c, NAME)) == {OLGA}
        assert len(queue(remit, PAUL)) == 14
        first = remit.database.read(lambda c: evidence.asking(c, NAME, limit=1))
        second = remit.database.read(
            lambda c: evidence.asking(
                c, NAME, after=(first[0].due_us, first[0].action_id), limit=200
            )
        )
        assert len({one.action_id for one in (*first, *second)}) == 14
        (own,) = remit.reviewers(person=OLGA)
        assert own.alarmed == (OLGA,)
