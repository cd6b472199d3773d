"""Who brought a case in approves nothing of it: at the vote, at the gate, in the record."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain import actor
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.domain.desk_event import ApprovalDecided
from remit.domain.entry import Draft
from remit.errors import OwnRequestError
from tests.projects import NAME, OLGA, PAUL, Small, found, only_waiting, states
from tests.sounding import findings

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=())


async def _brought(remit: Remit, by: str | None) -> str:
    admission = await remit.receive(NAME, {"order_id": "7"}, channel="api", by=by)
    await remit.settled()
    return admission.case_id


async def test_who_brought_it_in_cannot_say_yes_nor_change_it_and_somebody_else_can(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        case_id = await _brought(remit, f"person:{OLGA}")
        (receipt,) = found(remit, case_id, "intake:case:received")
        assert receipt.body["by"] == "person:olga"
        approval = only_waiting(remit).approval_id
        for verdict, edits in ((Verdict.APPROVE, None), (Verdict.EDIT, {"amount": "10 EUR"})):
            with pytest.raises(OwnRequestError, match="brought this case in"):
                await testing.decide(remit, approval, person=OLGA, verdict=verdict, edits=edits)
        view = remit.approval(approval, person=OLGA)
        assert (view.votes, view.eligible) == ((), (PAUL,))
        await testing.decide(remit, approval, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert states(remit, case_id) == [("pay", "confirmed")]


async def test_a_no_of_whoever_brought_it_in_counts(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await _brought(remit, f"person:{OLGA}")
        await testing.decide(
            remit, only_waiting(remit).approval_id, person=OLGA, verdict=Verdict.REJECT,
            reason=RejectReason.FACTS,
        )  # fmt: skip
        await remit.settled()
        assert states(remit, case_id) == [("pay", "denied")]


@pytest.mark.parametrize("by", [None, "service:crm"])
async def test_what_a_channel_or_a_program_brought_anybody_entitled_decides(
    small: Small, by: str | None
) -> None:
    async with small.open(PAY) as remit:
        case_id = await _brought(remit, by)
        await testing.decide(remit, only_waiting(remit).approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 1)
        assert states(remit, case_id) == [("pay", "confirmed")]


async def test_a_yes_that_slipped_into_the_record_counts_for_nothing_and_is_found(
    small: Small,
) -> None:
    """Written past the desk: the second gate does not count it, and the verifier names it."""
    small.grace = 10
    async with small.open(PAY, attacked=True) as remit:
        case_id = await _brought(remit, f"person:{OLGA}")
        row = only_waiting(remit)
        view = remit.approval(row.approval_id, person=PAUL)
        event = ApprovalDecided(
            approval_id=row.approval_id, action_id=view.card.action_id, verdict="approve",
            person=OLGA, role="approver", digest=view.card.digest, channel="console",
        )  # fmt: skip
        (asked,) = found(remit, case_id, "governance:approval:requested")
        await remit.write(
            lambda uow: uow.append(
                Draft(
                    event=event, case_id=case_id, workflow=NAME, actor=actor.person(OLGA),
                    path=asked.path,
                )
            ),
            streams=(case_id,),
        )  # fmt: skip
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "held")]
        assert remit.approval(row.approval_id, person=PAUL).state is ApprovalState.VOID
        assert small.performed() == []
        assert any("LS07" in one or "brought it in" in one for one in findings(remit))
