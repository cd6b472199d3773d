"""What people answer: pressed often, pressed at once, edited, refused, closed by hand."""

import asyncio

import pytest

from remit import testing
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.errors import ApprovalClosedError, InvalidEditError, RemitError
from tests.projects import (
    OLGA,
    PAUL,
    ROSA,
    Small,
    found,
    result,
    send,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
amount = case.amount or order.total
done = await run.act(pay, order_id=order.id, amount=amount)
return done.receipt.id
"""

NOTE = 'return (await run.act(note, text="hello")).receipt.id'


async def test_a_hundred_equal_verdicts_are_one_vote_and_one_effect(small: Small) -> None:
    """Everybody presses at once; one person is one person."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        answers = await asyncio.gather(
            *(testing.decide(remit, row.approval_id, person=OLGA) for _ in range(100)),
            return_exceptions=True,
        )
        assert all(not isinstance(one, BaseException) for one in answers), answers[:3]
        await testing.pass_time(remit, small.clock, 1)
        assert len(found(remit, case_id, "governance:approval:decided")) == 1
        assert len(found(remit, case_id, "governance:approval:voted")) == 0
        assert result(remit, case_id) == "tape-1"
    assert small.performed() == ["note"]


async def test_two_people_who_disagree_at_once_leave_one_verdict(small: Small) -> None:
    """Yes and no race; one of them is told that it is too late."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        ends = await asyncio.gather(
            testing.decide(remit, row.approval_id, person=OLGA),
            testing.decide(
                remit, row.approval_id, person=PAUL, verdict=Verdict.REJECT,
                reason=RejectReason.FACTS,
            ),
            return_exceptions=True,
        )  # fmt: skip
        assert sum(isinstance(one, ApprovalClosedError) for one in ends) == 1, ends
        await testing.pass_time(remit, small.clock, 1)
        assert len(found(remit, case_id, "governance:approval:decided")) == 1


async def test_a_content_edit_of_low_risk_needs_only_its_editor(small: Small) -> None:
    """What a person wrote is performed, and the old version stays as replaced."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        await testing.decide(
            remit, row.approval_id, person=OLGA, verdict=Verdict.EDIT, edits={"text": "better"}
        )
        await testing.pass_time(remit, small.clock, 1)
        assert states(remit, case_id) == [("note", "replaced"), ("note", "confirmed")]
    assert [one.arguments for one in small.tape.effects()] == [{"text": "better"}]


async def test_a_card_lists_what_it_changes_as_declared_also_after_an_edit(small: Small) -> None:
    small.granted = ()
    async with small.open(PAY) as remit:
        await send(remit)
        (row,) = waiting(remit)
        edited = await testing.decide(
            remit, row.approval_id, person=OLGA, verdict=Verdict.EDIT, edits={"amount": "7 EUR"}
        )
        await remit.settled()
        (again,) = waiting(remit)
        for one in (edited, remit.approval(again.approval_id, person=PAUL)):
            assert [change.name for change in one.card.changes] == ["order_id", "amount"]
        assert again.approval_id != row.approval_id


@pytest.mark.parametrize(
    "edits",
    [{}, {"colour": "red"}, {"amount": "many"}, {"amount": "12"}],
    ids=["nothing", "unknown field", "no amount", "no currency"],
)
async def test_an_edit_that_does_not_fit_is_refused_with_its_field(
    small: Small, edits: dict[str, str]
) -> None:
    """Nothing is recorded, and the approval stays open."""
    small.granted = ()
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        before = len(remit.entries(case_id))
        with pytest.raises(InvalidEditError) as refused:
            await testing.decide(
                remit, row.approval_id, person=OLGA, verdict=Verdict.EDIT, edits=edits
            )
        assert all(name in str(refused.value) for name in edits)
        assert len(remit.entries(case_id)) == before
        assert remit.approval(row.approval_id, person=OLGA).state is ApprovalState.OPEN


async def test_nobody_without_the_role_decides(small: Small) -> None:
    """Rosa pays and does not approve."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        await send(remit)
        (row,) = waiting(remit)
        with pytest.raises(RemitError):
            await testing.decide(remit, row.approval_id, person=ROSA)
        assert len(waiting(remit)) == 1


async def test_a_case_with_an_unsettled_effect_is_not_closed_by_hand(small: Small) -> None:
    """Closing an escalated case withdraws what still waits for a yes."""
    small.granted = ("note",)
    body = """
    order = await run.read(get_order, order_id=case.order_id)
    await run.gather(run.act(pay, order_id=order.id, amount=order.total), give_up(run))
    """
    more = """
    async def give_up(run):
        await run.escalate("a person, please")
    """
    async with small.open(body, more=more) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id) == ("escalated", "workflow")
        await remit.close_case(case_id, person=OLGA, note="paid by hand")
        assert waiting(remit) == ()
        assert [state for _, state in states(remit, case_id)] == ["withdrawn"]
    assert small.performed() == []
