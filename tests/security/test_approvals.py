"""Requirements 13 to 20: who says yes, to what exactly, and for how long."""

import asyncio
import inspect
import json
from datetime import timedelta

import pytest

from remit import Context, testing
from remit.authoring import context
from remit.domain.approval import ApprovalState
from remit.errors import ApprovalClosedError, RemitError, StaleDigestError
from remit.governance.delegations import Lending
from tests.projects import (
    OLGA,
    PAUL,
    ROSA,
    Small,
    found,
    only_waiting,
    send,
    standing,
    states,
    waiting,
)
from tests.stories.test_seeded import decided, later
from tests.stories.test_waved_through import wave_through

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
NOTE = 'return (await run.act(note, text="hello")).state'
HOUR = 3600


@pytest.fixture(autouse=True)
def nothing_granted(small: Small) -> None:
    """Everything waits for people."""
    small.granted = ()


async def test_13_a_digest_that_differs_in_one_place_decides_nothing(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        row = only_waiting(remit)
        shown = remit.approval(row.approval_id, person=OLGA).card.digest
        for place in range(len(shown)):
            other = "0" if shown[place] != "0" else "1"
            with pytest.raises(StaleDigestError):
                await remit.decide(
                    row.approval_id, person=OLGA, verdict=testing.Verdict.APPROVE,
                    digest=shown[:place] + other + shown[place + 1 :], channel="test",
                )  # fmt: skip
        assert states(remit, case_id) == [("pay", "held")]
    assert small.performed() == []


async def test_13_a_world_that_changed_after_the_yes_voids_it(small: Small) -> None:
    small.grace = 10
    async with small.open(PAY) as remit:
        await send(remit)
        first = only_waiting(remit).approval_id
        await testing.decide(remit, first, person=OLGA)
        small.order["note"] = "changed by a third party"
        await testing.pass_time(remit, small.clock, 11)
        assert remit.approval(first, person=OLGA).state is ApprovalState.VOID
        assert only_waiting(remit).approval_id != first
    assert small.performed() == []


async def test_14_a_hundred_submits_of_one_person_are_one_effect(small: Small) -> None:
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        await asyncio.gather(*(testing.decide(remit, approval, person=OLGA) for _ in range(100)))
        await testing.pass_time(remit, small.clock, 1)
        assert len(found(remit, case_id, "governance:approval:decided")) == 1
        with pytest.raises(ApprovalClosedError):
            await testing.decide(remit, approval, person=PAUL)
    assert small.performed() == ["note"]


async def test_14_an_approval_is_revocable_until_it_is_used(small: Small) -> None:
    small.grace = 10
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        await testing.decide(remit, approval, person=OLGA)
        await remit.take_back(approval, person=OLGA)
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("note", "withdrawn")]
    assert small.performed() == []


async def test_15_one_person_is_one_person_however_often(small: Small) -> None:
    """Where two payers are asked, the second yes of the first one changes nothing."""
    small.policy = """
@id("two-payers") @says("Two payers agree") @owner("olga") @since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 2 };
"""
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        for _ in range(3):
            await testing.decide(remit, approval, person=OLGA)
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("pay", "held")]
        await testing.decide(remit, approval, person=PAUL)  # no payer: it counts for nothing here
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("pay", "held")]
        assert small.performed() == []
        await testing.decide(remit, approval, person=ROSA)
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("pay", "confirmed")]
    assert small.performed() == ["pay"]


async def test_15_who_lends_and_who_borrows_are_one_person(small: Small) -> None:
    """Where two payers are asked, a delegate and their giver are one of them."""
    small.policy = """
@id("two-payers") @says("Two payers agree") @owner("olga") @since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 2 };
"""
    async with small.open(PAY) as remit:
        until = remit.now() + timedelta(days=7)
        await remit.delegate(Lending(giver=OLGA, to=PAUL, until=until), person=OLGA)
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        await testing.decide(remit, approval, person=PAUL)
        await testing.decide(remit, approval, person=OLGA)
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("pay", "held")]
        assert small.performed() == []
        await testing.decide(remit, approval, person=ROSA)
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("pay", "confirmed")]
    assert small.performed() == ["pay"]


async def test_16_one_right_lost_between_vote_and_effect_voids_the_yes(small: Small) -> None:
    """Roles are read again without a restart, and counted at the second gate."""
    small.grace = 10
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        await testing.decide(remit, approval, person=PAUL)
        settings = small.folder / "project" / "remit.toml"
        before = settings.read_text()
        settings.write_text(before.replace('name = "Paul"', 'name = "Paul"\nactive = false'))
        await testing.pass_time(remit, small.clock, 11)
        assert states(remit, case_id) == [("pay", "held")]
        assert remit.approval(approval, person=OLGA).state is ApprovalState.VOID
    assert small.performed() == []


async def test_16_a_right_that_was_lost_since_the_yes_voids_it(small: Small) -> None:
    """The settings change while it runs: roles are looked up again right before the effect."""
    small.grace = 10
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        first = only_waiting(remit).approval_id
        await testing.decide(remit, first, person=PAUL)
        file = small.folder / "project" / "remit.toml"
        before = 'name = "Paul"\nroles = ["approver"]'
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, 'name = "Paul"\nroles = ["reader"]'))
        await testing.pass_time(remit, small.clock, 60)
        assert states(remit, case_id) == [("pay", "held")]
        assert remit.approval(first, person=OLGA).state is ApprovalState.VOID
    assert small.performed() == []


async def test_17_the_card_shows_what_is_performed_to_the_byte(small: Small) -> None:
    """Text that looks like our own page is shown and sent as the text that it is."""
    text = "Approved by Olga.\u202e <b>digest</b> 0000 </td> Approve"
    async with small.open("return (await run.act(note, text=case.message)).state") as remit:
        await send(remit, message=text)
        row = only_waiting(remit)
        card = remit.approval(row.approval_id, person=OLGA).card
        assert json.loads(card.payload)["arguments"] == {"text": text}
        await testing.decide(remit, row.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 1)
    (effect,) = small.tape.effects()
    assert effect.arguments["text"] == text


async def test_18_a_person_who_approves_planted_errors_is_flagged(small: Small) -> None:
    """Planted ones look like any other; five of five approved is an alarm, and its owner knows."""
    async with small.open(PAY) as remit:
        await decided(remit, cases=14)
        await later(remit, small, days=60)
        assert await wave_through(remit, small) == 5
        assert remit.reviewers(person=OLGA)[0].alarmed == (OLGA,)
        assert [one.kind for one in remit.tasks().rows] == ["reviewer"]


def test_19_a_context_offers_no_way_to_decide() -> None:
    """Workflow code proposes; nothing that it is handed votes, lifts, grants or signs in."""
    offered = {name for name, _ in inspect.getmembers(Context) if not name.startswith("_")}
    assert offered == {
        "act", "ask", "changed", "classify", "derive", "escalate", "gather", "new_id", "now",
        "random", "read", "retrieve", "sleep",
    }  # fmt: skip
    imported = inspect.getsource(context)
    assert "remit.governance" not in imported
    assert "remit.orchestration" not in imported


async def test_20_silence_performs_nothing_and_ends_with_a_person(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        approval = only_waiting(remit).approval_id
        for _ in range(80):
            await testing.pass_time(remit, small.clock, HOUR)
        assert waiting(remit) == ()
        assert states(remit, case_id) == [("pay", "expired")]
        assert standing(remit, case_id)[0] == "escalated"
        with pytest.raises(RemitError):
            await testing.decide(remit, approval, person=OLGA)
        await testing.pass_time(remit, small.clock, HOUR)
    assert small.performed() == []
