"""A no is state: it holds for the intent, in its case and where it was widened to."""

import pytest

from remit import testing
from remit.domain.approval import RejectReason, Verdict
from remit.errors import (
    IllegalMoveError,
    NotEntitledError,
    NotFoundError,
    RemitError,
    RequestInvalidError,
)
from tests.projects import (
    OLGA,
    PAUL,
    Small,
    events,
    found,
    notes,
    only_waiting,
    result,
    send,
    standing,
    states,
)

pytestmark = pytest.mark.anyio

AGAIN = """
order = await run.read(get_order, order_id=case.order_id)
said = []
for euros in ("50 EUR", "20 EUR", "10 EUR", "5 EUR"):
    try:
        await run.act(pay, order_id=order.id, amount=Money.of(euros))
    except StepRefused as refused:
        said.append(refused.code)
return said
"""
# The amount asked for is more than the order's total, again and again.
ABOVE = AGAIN.replace('"50 EUR", "20 EUR", "10 EUR", "5 EUR"', '"60 EUR", "70 EUR", "80 EUR"')
GROUP = """
@desk.action(risk="money", undo=take_back, says="Pay {amount} by mail", on=get_order,
             denial_group="payout", times_max=9)
async def pay_out(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
) -> Done:
    return Done.model_validate(await tape.perform("pay", order_id=order_id))

@desk.action(risk="money", undo=take_back, says="Send {amount} of {order_id}", on=get_order,
             denial_group="payout", times_max=9)
async def send_out(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
) -> Done:
    return Done.model_validate(await tape.perform("pay", order_id=order_id))

async def tried(run, action, order, euros):
    try:
        await run.act(action, order_id=order.id, amount=Money.of(euros))
    except StepRefused as refused:
        return refused.code
    return "done"
"""
SIBLING = """
order = await run.read(get_order, order_id=case.order_id)
first = await tried(run, pay_out, order, "50 EUR")
other = await run.read(get_order, order_id="8")
second = await tried(run, send_out, order, "1 EUR")
return [first, second, await tried(run, send_out, other, "1 EUR")]
"""
MAIL = "customer@example.org"


async def _reject(remit: object, *, person: str = OLGA) -> str:
    waiting = only_waiting(remit)  # type: ignore[arg-type]
    view = remit.approval(waiting.approval_id, person=person)  # type: ignore[attr-defined]
    await remit.decide(  # type: ignore[attr-defined]
        waiting.approval_id, person=person, verdict=Verdict.REJECT,
        digest=view.card.digest, reason=RejectReason.POLICY,
    )  # fmt: skip
    await remit.settled()  # type: ignore[attr-defined]
    return str(view.card.action_id)


async def test_the_third_denied_proposal_of_one_intent_really_goes_to_a_person(
    small: Small,
) -> None:
    """One no of a person, and the same thing twice more with other amounts."""
    small.granted = ()
    async with small.open(AGAIN) as remit:
        case_id = await send(remit)
        await _reject(remit)
        assert standing(remit, case_id)[0] == "escalated"
        assert notes(remit, case_id) == ["`pay` was asked for and denied again"]
        assert states(remit, case_id) == [("pay", "denied")] * 3
        await remit.hand_back(case_id, person=OLGA, note="go on without it")
        await remit.settled()
        assert standing(remit, case_id)[0] == "escalated", "the fourth is denied again too"
        await remit.hand_back(case_id, person=OLGA, note="go on without it")
        await remit.settled()
        assert result(remit, case_id) == ["action.denied"] * 4
    assert small.performed() == []


async def test_what_a_bound_denies_thrice_goes_to_a_person_too(small: Small) -> None:
    async with small.open(ABOVE) as remit:
        case_id = await send(remit)
        assert standing(remit, case_id)[0] == "escalated"
        codes = [one.body["codes"] for one in found(remit, case_id, "policy:action:decided")]
        assert codes == [["sources.above"]] * 2 + [["step.denied_again", "sources.above"]]


async def test_a_no_covers_siblings_of_its_group_but_not_another_record(small: Small) -> None:
    small.permitted = ("pay_out", "send_out", "take_back")
    small.granted = ("send_out",)
    async with small.open(SIBLING, more=GROUP) as remit:
        case_id = await send(remit)
        await _reject(remit)
        # That order 8 was read on the code's own word is another matter: it is held for that.
        assert states(remit, case_id)[:2] == [("pay_out", "denied"), ("send_out", "denied")]
        assert states(remit, case_id)[2] == ("send_out", "held")


async def test_an_owner_lifts_a_no_with_a_reason(small: Small) -> None:
    """Handed back after it, the next proposal of the intent is a question again."""
    small.granted = ()
    async with small.open(AGAIN) as remit:
        case_id = await send(remit)
        action_id = await _reject(remit)
        with pytest.raises(NotEntitledError):
            await remit.lift_denial(action_id, person=PAUL, reason="no")
        with pytest.raises(RequestInvalidError):
            await remit.lift_denial(action_id, person=OLGA, reason=" ")
        await remit.lift_denial(action_id, person=OLGA, reason="settled with the customer")
        assert events(remit, case_id)[-1] == "governance:denial:lifted"
        await remit.hand_back(case_id, person=OLGA, note="go on")
        await remit.settled()
        assert standing(remit, case_id) == ("parked", "approval")


async def test_a_widened_no_holds_in_other_cases_of_the_same_sender_until_its_day(
    small: Small,
) -> None:
    body = AGAIN.replace('"50 EUR", "20 EUR", "10 EUR", "5 EUR"', '"50 EUR",')
    small.granted = ()
    async with small.open(body) as remit:
        await send(remit, sender=MAIL)
        action_id = await _reject(remit)
        await remit.widen_denial(action_id, person=PAUL, days=14, reason="a dispute is open")
        (shown,) = remit.denials(person=PAUL)
        assert (shown.refused, shown.group, shown.person) == ("pay", False, PAUL)
        again = await send(remit, sender=MAIL, message="again", order_id="9")
        assert result(remit, again) == ["action.denied"]
        (decided,) = found(remit, again, "policy:action:decided")
        assert "step.denied_subject" in decided.body["codes"]
        other = await send(remit, sender="somebody@example.org", message="mine")
        assert standing(remit, other) == ("parked", "approval")
        await testing.pass_time(remit, small.clock, 15 * 86_400)
        assert remit.denials(person=PAUL) == ()
        late = await send(remit, sender=MAIL, message="later")
        assert standing(remit, late) == ("parked", "approval")


async def test_a_lifted_no_holds_nowhere_from_its_commit_on(small: Small) -> None:
    body = AGAIN.replace('"50 EUR", "20 EUR", "10 EUR", "5 EUR"', '"50 EUR",')
    small.granted = ()
    async with small.open(body) as remit:
        await send(remit, sender=MAIL)
        action_id = await _reject(remit)
        await remit.widen_denial(action_id, person=OLGA, days=30, reason="wait")
        await remit.lift_denial(action_id, person=OLGA, reason="all well")
        again = await send(remit, sender=MAIL, message="again")
        assert standing(remit, again) == ("parked", "approval")
        assert remit.verify().result == "intact"


@pytest.mark.parametrize(
    ("days", "sender", "refused"),
    [(31, MAIL, RequestInvalidError), (0, MAIL, RequestInvalidError), (3, None, IllegalMoveError)],
)
async def test_what_cannot_be_widened_is_refused(
    small: Small, days: int, sender: str | None, refused: type[RemitError]
) -> None:
    small.granted = ()
    async with small.open(AGAIN) as remit:
        await send(remit, **({} if sender is None else {"sender": sender}))
        action_id = await _reject(remit)
        with pytest.raises(refused):
            await remit.widen_denial(action_id, person=OLGA, days=days, reason="no")
        with pytest.raises(NotFoundError):
            await remit.widen_denial("f" * 32, person=OLGA, days=3, reason="no")


async def test_only_a_persons_no_is_widened(small: Small) -> None:
    async with small.open(ABOVE) as remit:
        case_id = await send(remit, sender=MAIL)
        denied = remit.case(case_id).effects[0]
        with pytest.raises(IllegalMoveError):
            await remit.widen_denial(denied.action_id, person=OLGA, days=3, reason="no")
