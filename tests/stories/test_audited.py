"""What ran alone is judged afterwards by somebody who is not told that it ran."""

import json
from typing import Any

import pytest

from remit import testing
from remit.api.body import as_json
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell
from remit.domain.ids import control_stream
from remit.errors import (
    IllegalMoveError,
    NotEntitledError,
    NotFoundError,
    OwnRequestError,
    RequestInvalidError,
)
from remit.governance.audit import Finding, How
from remit.store import evidence
from remit.store.evidence import EvidenceRow
from tests.projects import NAME, OLGA, OTTO, PAUL, ROSA, Small, found, send, states, waiting

pytestmark = pytest.mark.anyio

NOTE = "return (await run.act(note, text=case.message)).state"
PAY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
# Everything that runs alone is drawn.
ALL = """
[workflow.actions.note.autonomy]
reviewers = "assumed"
autonomous_share = 1.0

[workflow.actions.pay.autonomy]
autonomous_share = 1.0
"""
SHADOW = """
[workflow.actions.pay.autonomy]
starts = "shadow"
"""


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, settings=ALL)


@pytest.fixture
def shadow(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=(), settings=SHADOW)


def row_of(remit: Remit, action: str = "note") -> EvidenceRow:
    (row,) = remit.database.read(
        lambda c: list(evidence.of_cell(c, Cell(workflow=NAME, action=action)))
    )
    return row


def queue(remit: Remit, person: str) -> list[str]:
    return [one.audit_id for one in remit.audits(person=person).rows]


async def judge(
    remit: Remit, finding: Finding = Finding.RIGHT, *, person: str = PAUL, **more: Any
) -> str:
    (audit_id,) = queue(remit, person)
    view = remit.audit(audit_id, person=person)
    return await remit.judge(audit_id, person=person, finding=finding, labels=view.labels, **more)


async def test_what_ran_alone_is_shown_without_what_would_sway_who_judges(small: Small) -> None:
    async with small.open(PAY) as remit:
        case_id = await send(remit, message="please pay 50")
        assert states(remit, case_id) == [("pay", "confirmed")]
        (line,) = remit.audits(person=PAUL).rows
        assert (line.action, line.how, line.overdue) == ("pay", How.JUDGE, False)
        view = remit.audit(line.audit_id, person=PAUL)
        assert view.sentence == "Pay 50.00 EUR on 7"
        assert [(one.name, one.source) for one in view.changes] == [
            ("order_id", "get_order.id"),
            ("amount", "get_order.total, at most"),
        ]
        assert view.fields["message"] == "please pay 50"
        assert [one.tool for one in view.read] == ["get_order"]
        shown = json.dumps(as_json(view))
        for told in ("autonomous", "sampled", "confidence", "confirmed", case_id, "fixture"):
            assert told not in shown
        days = (line.due_at - small.clock()).days
        assert days in {2, 3}


async def test_an_answer_is_a_label(small: Small) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        assert await judge(remit, seconds_open=12) == "right"
        row = row_of(remit)
        assert (row.outcome, row.source, row.reviewer, row.blind) == ("right", "audit", PAUL, True)
        assert queue(remit, PAUL) == []


async def test_what_is_wrong_needs_its_cause_and_a_critical_one_lowers_at_once(
    small: Small,
) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        with pytest.raises(RequestInvalidError, match="cause"):
            await judge(remit, Finding.WRONG)
        await judge(remit, Finding.WRONG, cause=RejectReason.FACTS, critical=True, note="no")
        assert row_of(remit).code == "audit.facts"
        case_id = await send(remit, message="after")
        assert states(remit, case_id) == [("note", "held")]


async def test_a_rule_that_what_ran_alone_broke_lowers_at_once_and_is_an_incident(
    small: Small,
) -> None:
    """The gate let it through, a person says that it may not: no count is waited for."""
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        assert await judge(remit, Finding.WRONG, cause=RejectReason.POLICY) == "wrong"
        (lowered,) = [
            one
            for one in remit.entries(control_stream(NAME))
            if one.event == "governance:grant:lowered"
        ]
        assert (lowered.body["code"], lowered.body["level"]) == ("policy", "approve-each")
        (incident,) = remit.incidents().rows
        assert (incident.state, incident.says.endswith("break a rule.")) == ("contained", True)
        assert states(remit, await send(remit, message="after")) == [("note", "held")]


async def test_nobody_judges_what_they_had_a_part_in(small: Small) -> None:
    async with small.open(NOTE) as remit:
        brought = await remit.receive(NAME, {"message": "x"}, channel="test", by=f"person:{PAUL}")
        await remit.settled()
        audit_id = remit.case(brought.case_id).effects[0].action_id
        assert queue(remit, PAUL) == []
        with pytest.raises(OwnRequestError):
            remit.audit(audit_id, person=PAUL)
        with pytest.raises(OwnRequestError):
            await remit.judge(audit_id, person=PAUL, finding=Finding.RIGHT, labels=0)
        assert queue(remit, OLGA) == [audit_id]
        for person in (OTTO, ROSA):  # not of those who decide here
            assert queue(remit, person) == []
            with pytest.raises(NotEntitledError):
                remit.audit(audit_id, person=person)
        with pytest.raises(NotFoundError):
            remit.audit("0" * 32, person=OLGA)


async def test_who_is_quicker_is_heard_and_nobody_twice(small: Small) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        (audit_id,) = queue(remit, PAUL)
        await remit.judge(audit_id, person=PAUL, finding=Finding.UNSURE, labels=0)
        for person in (OLGA, PAUL):
            with pytest.raises(IllegalMoveError, match="meanwhile"):
                await remit.judge(audit_id, person=person, finding=Finding.RIGHT, labels=0)
        with pytest.raises(OwnRequestError):
            await remit.judge(audit_id, person=PAUL, finding=Finding.RIGHT, labels=1)
        assert row_of(remit).outcome == "pending"
        assert queue(remit, PAUL) == []
        await remit.judge(audit_id, person=OLGA, finding=Finding.RIGHT, labels=1)
        assert (row_of(remit).outcome, row_of(remit).source) == ("right", "double")


async def test_what_says_nothing_is_left_out_when_a_second_person_says_so(small: Small) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        await judge(remit, Finding.VOID)
        assert (row_of(remit).outcome, row_of(remit).settled) == ("void", False)
        await judge(remit, Finding.VOID, person=OLGA)
        assert (row_of(remit).outcome, row_of(remit).settled) == ("void", True)
        assert queue(remit, OLGA) == queue(remit, PAUL) == []


async def test_wrong_becomes_right_under_two_names_only(small: Small) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, message="hello")
        await judge(remit, Finding.WRONG, cause=RejectReason.TONE)
        audit_id = row_of(remit).action_id
        await remit.contest(audit_id, person=OLGA, reason="it was as asked")
        with pytest.raises(IllegalMoveError, match="somebody else"):
            await remit.contest(audit_id, person=PAUL, reason="too")
        assert queue(remit, OLGA) == []
        view = remit.audit(audit_id, person=PAUL)
        assert (view.how, view.contested_by, view.said) == (How.CONTESTED, OLGA, "audit.tone")
        assert view.contest == "it was as asked"
        assert row_of(remit).outcome == "wrong"
        await judge(remit, person=PAUL)
        row = row_of(remit)
        assert (row.outcome, row.source, row.code) == ("right", "correction", f"corrected.{OLGA}")


async def test_one_answer_in_twenty_is_given_twice(small: Small) -> None:
    """Which, is drawn under the key of the day; who judges again is not told that it is again."""
    async with small.open(NOTE) as remit:
        drawn = ""
        while not drawn:
            await send(remit, message=f"hello {small.clock()}")
            small.clock.advance(60)
            (audit_id,) = queue(remit, PAUL)
            first = as_json(remit.audit(audit_id, person=OLGA))
            await remit.judge(audit_id, person=PAUL, finding=Finding.RIGHT, labels=0)
            drawn = next(iter(queue(remit, OLGA)), "")
        assert queue(remit, PAUL) == []
        second = remit.audit(drawn, person=OLGA)
        assert as_json(second) == {**first, "labels": 1, "due_at": as_json(second.due_at)}
        await remit.judge(
            drawn, person=OLGA, finding=Finding.WRONG, labels=1, cause=RejectReason.FACTS
        )
        row = remit.database.read(lambda c: evidence.find(c, drawn))
        assert row is not None
        assert (row.outcome, row.source) == ("wrong", "double")


async def test_who_did_it_themselves_says_so_before_they_see_what_was_proposed(
    shadow: Small,
) -> None:
    async with shadow.open(PAY) as remit:
        await send(remit, message="please pay")
        (line,) = remit.audits(person=PAUL).rows
        assert line.how is How.OWN
        view = remit.audit(line.audit_id, person=PAUL)
        assert (view.sentence, view.changes, view.money) == ("", (), None)
        assert [one.name for one in view.own] == ["order_id", "amount"]
        assert {one.value for one in view.own} == {""}
        with pytest.raises(IllegalMoveError, match="say first"):
            await remit.judge(line.audit_id, person=PAUL, finding=Finding.RIGHT, labels=0)
        with pytest.raises(RequestInvalidError, match="amount"):
            await remit.say_own(line.audit_id, person=PAUL, labels=0, done={"order_id": "7"})
        told = await remit.say_own(
            line.audit_id, person=PAUL, labels=0, done={"order_id": "7", "amount": "50.00 EUR"}
        )
        assert (told.outcome, told.differs, told.sentence) == ("right", (), "Pay 50.00 EUR on 7")
        assert row_of(remit, "pay").source == "shadow"
    assert shadow.performed() == []


@pytest.mark.parametrize(
    ("done", "code", "differs"),
    [
        (None, "shadow.nothing", ()),
        (
            {"order_id": "7", "amount": "49.00 EUR"},
            "shadow.differs",
            (("amount", "49.00 EUR", "50.00 EUR"),),
        ),
    ],
)
async def test_what_a_person_did_otherwise_makes_a_proposal_wrong(
    shadow: Small, done: dict[str, str] | None, code: str, differs: tuple[object, ...]
) -> None:
    async with shadow.open(PAY) as remit:
        await send(remit, message="please pay")
        (audit_id,) = queue(remit, PAUL)
        told = await remit.say_own(audit_id, person=PAUL, labels=0, done=done)
        assert (told.outcome, told.differs) == ("wrong", differs)
        assert row_of(remit, "pay").code == code


async def test_what_people_decide_anyway_asks_nobody_else(small: Small) -> None:
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit, message="hello")
        assert queue(remit, PAUL) == []
        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person=OLGA, verdict=Verdict.APPROVE)
        await remit.settled()
        assert states(remit, case_id) == [("note", "confirmed")]
        (label,) = found(remit, case_id, "governance:label:given")
        assert queue(remit, PAUL) == ([row_of(remit).action_id] if label.body.get("again") else [])
        assert queue(remit, OLGA) == []
