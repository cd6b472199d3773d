"""The desk is ready for seeded checks: an approval of what is noted looks like any other.

A seeded check is a proposal that is born `noted`, so that no verdict can clear it. Here the
request for one is written by hand, in a case that goes on; for real ones see
tests/stories/test_seeded.py.
"""

from dataclasses import replace
from typing import Any

import pytest

from remit import testing
from remit.domain.actor import service
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.domain.autonomy import Cell
from remit.domain.desk_event import ApprovalRequested
from remit.domain.entry import Draft
from remit.errors import ApprovalClosedError
from remit.governance.card import ApprovalView
from tests.projects import NAME, OLGA, Small, events, found, send, states, waiting

pytestmark = pytest.mark.anyio

# What the workflow would like to note is recorded and never performed; its payment waits.
BODY = """
noted = await run.act(note, text=case.message)
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
SEEDED = "5" * 32


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=(), grace=10)


async def begun(remit: Any) -> tuple[str, ApprovalView]:
    """Have one case whose note waits for a person, and one whose note is noted and seeded."""
    await testing.grant(remit, NAME, "note", testing.Level.APPROVE_EACH, signer=OLGA)
    real_case = await send(remit, external_id="1", message="hello")
    (real,) = waiting(remit)
    cell = Cell(workflow=NAME, action="note")
    await remit.lower_grant(cell, to=testing.Level.SHADOW, person=OLGA, reason="as it went")
    case_id = await send(remit, external_id="2", message="hello")
    assert states(remit, case_id)[0] == ("note", "noted")
    (asked,) = found(remit, real_case, "governance:approval:requested")
    (proposed, *_) = found(remit, case_id, "orchestration:action:proposed")
    body = dict(asked.body)
    made = ApprovalRequested(
        **{**body, "approval_id": SEEDED, "action_id": proposed.word("action_id")}
    )
    card = dict(asked.payloads["card"])
    await remit.write(
        lambda uow: uow.append(
            Draft(
                event=made,
                case_id=case_id,
                workflow=NAME,
                actor=service("gate"),
                path=proposed.path,
                payloads={"card": {**card, "approval_id": SEEDED}},
            )
        ),
        streams=(case_id,),
    )
    return case_id, remit.approval(real.approval_id, person=OLGA)


def alike(view: ApprovalView) -> ApprovalView:
    """Return a view without what differs between any two approvals."""
    return replace(view, card=replace(view.card, approval_id="", case_id="", digest=""), recent=())


async def test_an_open_one_looks_like_a_real_one(small: Small) -> None:
    async with small.open(BODY) as remit:
        _, real = await begun(remit)
        seeded = remit.approval(SEEDED, person=OLGA)
        assert alike(seeded) == alike(real)
        rows = {one.approval_id: one for one in waiting(remit)}
        assert {SEEDED, real.card.approval_id} <= rows.keys()


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_whatever_is_said_of_it_is_kept_and_nothing_happens(
    small: Small, verdict: Verdict
) -> None:
    async with small.open(BODY) as remit:
        case_id, _ = await begun(remit)
        shown = remit.approval(SEEDED, person=OLGA).card.digest
        more: dict[str, Any] = {}
        if verdict is Verdict.REJECT:
            more = {"reason": RejectReason.FACTS}
        if verdict is Verdict.EDIT:
            more = {"edits": {"text": "bye"}}
        before = events(remit, case_id)
        view = await remit.decide(
            SEEDED, person=OLGA, verdict=verdict, digest=shown, seconds_open=3, **more
        )
        await remit.settled()
        await testing.pass_time(remit, small.clock, 60)
        assert view.verdict == verdict.value
        assert states(remit, case_id)[0] == ("note", "noted")
        said = [one for one in events(remit, case_id)[len(before) :] if ":wait:" not in one]
        assert said == ["governance:approval:decided", "governance:label:given"]
        assert remit.case(case_id).row.status == "parked"  # its payment waits as before
    assert small.performed() == []


async def test_a_yes_is_taken_back(small: Small) -> None:
    async with small.open(BODY) as remit:
        case_id, _ = await begun(remit)
        card = remit.approval(SEEDED, person=OLGA).card
        await remit.decide(SEEDED, person=OLGA, verdict=Verdict.APPROVE, digest=card.digest)
        assert (await remit.take_back(SEEDED, person=OLGA)).state is ApprovalState.REVOKED
        with pytest.raises(ApprovalClosedError):
            await remit.take_back(SEEDED, person=OLGA)
        assert states(remit, case_id)[0] == ("note", "noted")
    assert small.performed() == []


async def test_what_nobody_answers_expires_alone(small: Small) -> None:
    """Its case goes on: nothing of it waited for that answer."""
    async with small.open(BODY) as remit:
        case_id, _ = await begun(remit)
        (noted, *_) = found(remit, case_id, "orchestration:action:proposed")
        expires = remit.approval(SEEDED, person=OLGA).card.expires_at
        await testing.pass_time(remit, small.clock, (expires - small.clock()).total_seconds() + 1)
        assert remit.approval(SEEDED, person=OLGA).state is ApprovalState.EXPIRED
        assert states(remit, case_id)[0] == ("note", "noted")
        expired = [one.word("action_id") for one in found(remit, case_id, "policy:action:expired")]
        assert noted.word("action_id") not in expired
    assert small.performed() == []
