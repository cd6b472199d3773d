"""One answer to several approvals: alike, shown with a digest, one vote and effect for each."""

import asyncio

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.errors import RequestInvalidError, StaleDigestError
from remit.governance.batch import Batch, BatchResult
from tests.projects import OLGA, PAUL, ROSA, Small, found, send, states, waiting

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=case.amount or order.total)
return done.state
"""


@pytest.fixture(autouse=True)
def nothing_granted(small: Small) -> None:
    """Everything waits for people."""
    small.granted = ()


async def several(remit: Remit, amounts: tuple[str, ...]) -> list[str]:
    """Have so many cases wait; return them in the order of the amounts."""
    return [
        await send(remit, order_id=str(number), amount=amount, external_id=str(number))
        for number, amount in enumerate(amounts, 1)
    ]


def shown(remit: Remit, *, person: str = OLGA) -> Batch:
    return remit.batch([row.approval_id for row in waiting(remit)], person=person)


async def answer(
    remit: Remit, whole: Batch, *, person: str = OLGA, verdict: Verdict = Verdict.APPROVE,
    **other: object,
) -> BatchResult:  # fmt: skip
    given: dict[str, object] = {
        "batch": whole.digest, "read": whole.read_first, "person": person, "verdict": verdict,
        "channel": "test", **other,
    }  # fmt: skip
    members = {one.approval_id: one.digest for one in whole.members}
    return await remit.decide_batch(members, **given)  # type: ignore[arg-type]  # by name


async def test_a_batch_shows_what_it_comes_to_and_each_member_is_decided_by_itself(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        cases = await several(remit, ("5 EUR", "6 EUR", "5 EUR", "40 EUR"))
        batch = shown(remit)
        assert (str(batch.total), str(batch.largest)) == ("56.00 EUR", "40.00 EUR")
        assert [bool(one.unusual) for one in batch.members].count(True) == 1
        assert len(batch.read_first) == 3
        assert batch.left_out == ()
        result = await answer(remit, batch)
        assert sorted(result.decided) == sorted(one.approval_id for one in batch.members)
        await testing.pass_time(remit, small.clock, 1)
        for case_id in cases:
            (entry,) = found(remit, case_id, "governance:approval:decided")
            assert entry.word("batch") == batch.digest
            assert len(found(remit, case_id, "orchestration:effect:intended")) == 1
            assert states(remit, case_id) == [("pay", "confirmed")]
    assert small.performed() == ["pay"] * 4


async def test_a_member_that_changed_meanwhile_is_left_out_and_named(small: Small) -> None:
    async with small.open(PAY) as remit:
        await several(remit, ("5 EUR", "6 EUR", "7 EUR"))
        batch = shown(remit)
        gone = batch.members[1].approval_id
        await testing.decide(
            remit, gone, person=PAUL, verdict=Verdict.REJECT, reason=RejectReason.FACTS
        )
        result = await answer(remit, batch)
        assert len(result.decided) == 2
        assert [one.approval_id for one in result.left_out] == [gone]
        assert PAUL in result.left_out[0].why
        await testing.pass_time(remit, small.clock, 1)
    assert small.performed() == ["pay"] * 2


async def test_the_digest_covers_every_member_and_what_was_drawn_must_be_read(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        await several(remit, ("5 EUR", "6 EUR"))
        batch = shown(remit)
        with pytest.raises(StaleDigestError):
            await answer(remit, batch, batch="0" * 64)
        with pytest.raises(RequestInvalidError, match="read these first"):
            await answer(remit, batch, read=batch.read_first[:1])
        with pytest.raises(StaleDigestError):
            await remit.decide_batch(
                {batch.members[0].approval_id: batch.members[0].digest}, batch=batch.digest,
                read=batch.read_first, person=OLGA, verdict=Verdict.APPROVE, channel="test",
            )  # fmt: skip
        assert len(waiting(remit)) == 2


async def test_what_is_not_alike_or_not_for_this_person_is_left_out(small: Small) -> None:
    """A note waits beside payments; Rosa, who pays, may answer none of them."""
    body = """
    if case.amount is None:
        return (await run.act(note, text="hello")).state
    order = await run.read(get_order, order_id=case.order_id)
    return (await run.act(pay, order_id=order.id, amount=case.amount)).state
    """
    async with small.open(body) as remit:
        await several(remit, ("5 EUR", "6 EUR"))
        await send(remit, external_id="note")
        batch = shown(remit)
        assert (len(batch.members), len(batch.left_out)) == (2, 1)
        assert "other reasons" in batch.left_out[0].why
        with pytest.raises(RequestInvalidError, match="rosa"):
            shown(remit, person=ROSA)


async def test_a_batch_is_taken_back_whole_or_singly(small: Small) -> None:
    small.grace = 10
    async with small.open(PAY) as remit:
        await several(remit, ("5 EUR", "6 EUR", "7 EUR"))
        batch = shown(remit)
        await answer(remit, batch)
        first = batch.members[0].approval_id
        view = await remit.take_back(first, person=OLGA)
        assert view.state is ApprovalState.REVOKED
        result = await remit.take_back_batch(batch.digest, person=OLGA)
        assert len(result.decided) == 2
        assert [one.approval_id for one in result.left_out] == [first]
        await testing.pass_time(remit, small.clock, 60)
    assert small.performed() == []


async def test_a_batch_answered_twice_at_once_is_one_answer_each(small: Small) -> None:
    async with small.open(PAY) as remit:
        await several(remit, ("5 EUR", "6 EUR", "7 EUR"))
        batch = shown(remit)
        results = await asyncio.gather(
            *(answer(remit, batch, person=person) for person in (OLGA, PAUL) * 10)
        )
        assert sum(len(one.decided) for one in results) >= 3
        await testing.pass_time(remit, small.clock, 1)
        assert waiting(remit) == ()
    assert small.performed() == ["pay"] * 3


async def test_no_batch_is_larger_than_the_desk_allows(small: Small) -> None:
    async with small.open(PAY) as remit:
        await several(remit, tuple("5 EUR" for _ in range(26)))
        batch = shown(remit)
        assert len(batch.members) == 25
        assert [one.why for one in batch.left_out] == ["a batch has at most 25"]
