"""Before a cell acts alone its owner ticks what no machine can see; the grant keeps it."""

from typing import Any

import pytest

from remit.domain.autonomy import Level
from remit.governance import recompute
from remit.governance.checklist import Ticked
from remit.governance.promoting import Unmet
from tests.projects import OLGA, Small
from tests.stories import test_earned as earned
from tests.stories.test_earned import BODY, CELL, TICKS

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Any) -> Small:
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, granted=(), settings=earned.ASSUMED)


async def test_a_grant_keeps_what_was_verified_and_what_its_signer_attested(small: Small) -> None:
    async with small.open(BODY) as remit:
        for _ in range(3):
            await earned.a_week(remit, small)
        whole = remit.cell_whole(CELL)
        assert whole.cell.met
        assert whole.checklist is not None
        assert whole.checklist.asked == TICKS
        assert whole.forecast is not None
        assert whole.forecast.eligible_a_week == pytest.approx(56, rel=0.1)
        assert whole.forecast.audits_a_week == pytest.approx(14, rel=0.1)
        digest = whole.cell.digest
        for ticked in ((), TICKS[1:], ("stop", "stop", "anything")):
            refused = await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=digest, person=OLGA, attested=ticked
            )
            assert isinstance(refused, Unmet)
            missing = [one.name.removeprefix("checklist, ") for one in refused.conditions]
            assert missing == [name for name in TICKS if name not in ticked]
        assert earned.told(remit, "governance:grant:given") == []
        await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=digest, person=OLGA, attested=(*TICKS, "undo")
        )
        (given,) = earned.told(remit, "governance:grant:given")
        ticks = Ticked(checked=("undo", "escalation", "labels", "audits"), attested=TICKS)
        assert given.words("checked") == ticks.checked
        assert given.words("attested") == ticks.attested
        assert given.body["checklist"] == ticks.digest
        assert recompute.verify(remit.database).result == "equal"


async def test_what_is_unmet_cannot_be_ticked_away(tmp_path: Any) -> None:
    """An audit that nobody did, of another cell of the workflow, stands against a grant."""
    small = Small(folder=tmp_path, granted=("pay",), settings=earned.ASSUMED)
    body = """
if case.message == "pay":
    order = await run.read(get_order, order_id=case.order_id)
    return (await run.act(pay, order_id=order.id, amount=order.total)).state
return (await run.act(note, text=case.message)).state
"""
    async with small.open(body) as remit:
        for number in range(40):  # a tenth of what runs alone is drawn
            await earned.send(remit, message="pay", order_id=str(number))
        drawn = remit.database.read(
            lambda c: int(str(c.value("select count(*) from evidence where asks = 'audit'")))
        )
        assert drawn
        for _ in range(3):
            await earned.a_week(remit, small)
        card = remit.scorecard(CELL)
        found = await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=(*TICKS, "audits")
        )
        assert isinstance(found, Unmet)
        assert "checklist, audits" in {one.name for one in found.conditions}


async def test_a_lower_step_asks_for_no_tick(tmp_path: Any) -> None:
    settings = earned.ASSUMED + 'starts = "draft"\n'
    small = Small(folder=tmp_path, granted=(), settings=settings)
    async with small.open(BODY) as remit:
        await earned.worked(remit, small, cases=1)
        whole = remit.cell_whole(CELL)
        assert whole.cell.next == "approve-each"
        assert (whole.checklist, whole.forecast) == (None, None)
