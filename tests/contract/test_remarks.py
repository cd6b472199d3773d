"""What people do about an approval without deciding it, on both databases."""

from datetime import timedelta
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import ApprovalState, Verdict
from remit.errors import (
    ApprovalClaimedError,
    ApprovalClosedError,
    NotEntitledError,
    NotFoundError,
    RequestInvalidError,
)
from remit.governance.access import ASKING
from remit.governance.card import ApprovalRow
from remit.ledger import read as record
from tests.projects import OLGA, PAUL, ROSA, Small

pytestmark = pytest.mark.anyio

BODY = "await run.act(note, text=case.message)"
BOTH = """
@id("both") @says("Two agree") @owner("olga") @since("2026-11-01")
@obligation("approve(n=2, role=approver)")
forbid (principal, action == Action::"small-desk.note", resource)
unless { context.facts.approvals >= 2 };
"""
MAIL = "anna.lindqvist@example.org"


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=database, granted=())


async def _held(remit: Remit, number: int = 1) -> list[ApprovalRow]:
    for n in range(number):
        await remit.receive("small-desk", {"order_id": str(n), "message": "hello"}, channel="test")
    await remit.settled()
    return list(remit.inbox(person=OLGA).rows)


async def test_a_claim_shows_and_keeps_nobody_from_deciding(small: Small) -> None:
    async with small.open(BODY) as remit:
        (row,) = await _held(remit)
        view = await remit.claim(row.approval_id, person=PAUL)
        assert (view.claimed_by, view.claimed_until) == (PAUL, small.clock() + _minutes(30))
        assert remit.inbox(person=OLGA).rows[0].claimed_by == PAUL
        with pytest.raises(ApprovalClaimedError, match="decide it all the same"):
            await remit.claim(row.approval_id, person=OLGA)
        with pytest.raises(NotEntitledError, match="only they let it go"):
            await remit.let_go(row.approval_id, person=OLGA)
        decided = await testing.decide(remit, row.approval_id, person=OLGA)
        assert decided.decided_by == OLGA
        assert decided.claimed_by == ""
        with pytest.raises(ApprovalClosedError):
            await remit.claim(row.approval_id, person=PAUL)


async def test_a_claim_ends_by_itself_or_when_it_is_let_go(small: Small) -> None:
    async with small.open(BODY) as remit:
        (row,) = await _held(remit)
        await remit.claim(row.approval_id, person=PAUL, minutes=5)
        await testing.pass_time(remit, small.clock, 301)
        assert remit.approval(row.approval_id, person=OLGA).claimed_by == ""
        assert (await remit.claim(row.approval_id, person=OLGA)).claimed_by == OLGA
        assert (await remit.let_go(row.approval_id, person=OLGA)).claimed_by == ""
        with pytest.raises(RequestInvalidError):
            await remit.claim(row.approval_id, person=OLGA, minutes=0)


async def test_it_is_assigned_to_somebody_who_may_decide_it_and_to_nobody_else(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        (row,) = await _held(remit)
        able = remit.approval(row.approval_id, person=OLGA).eligible
        assert PAUL in able
        assert ROSA not in able
        with pytest.raises(NotEntitledError, match="pass it to"):
            await remit.assign(row.approval_id, person=OLGA, to=ROSA)
        view = await remit.assign(row.approval_id, person=OLGA, to=PAUL)
        assert view.held_by == f"person:{PAUL}"
        assert [(one.kind, one.person, one.other) for one in view.remarks] == [
            ("assigned", OLGA, PAUL)
        ]
        assert (await testing.decide(remit, row.approval_id, person=OLGA)).decided_by == OLGA


async def test_a_question_waits_for_its_answer_and_decides_nothing(small: Small) -> None:
    async with small.open(BODY) as remit:
        (row,) = await _held(remit)
        view = await remit.comment(
            row.approval_id, person=OLGA, text=f"did {MAIL} write again?", ask=PAUL
        )
        assert (view.state, view.asked_of, view.card.digest) == (
            ApprovalState.OPEN, PAUL, remit.approval(row.approval_id, person=PAUL).card.digest,
        )  # fmt: skip
        (asked,) = view.remarks
        assert asked.text is not None
        assert MAIL not in asked.text
        assert asked.text.startswith("did EMAIL_")
        listed = remit.inbox(person=PAUL).rows[0]
        assert (listed.asked_of, listed.comments) == (PAUL, 1)
        answered = await remit.comment(row.approval_id, person=PAUL, text="no")
        assert answered.asked_of == ""
        assert [one.text for one in answered.remarks][1:] == ["no"]
        entries = remit.database.read(lambda c: record.stream(c, remit.keys, row.case_id))
        assert [e.payloads for e in entries if e.event.endswith("commented")][1] == {
            "comment": "no"
        }
        for text in ("", " ", "x" * 4_001):
            with pytest.raises(RequestInvalidError):
                await remit.comment(row.approval_id, person=PAUL, text=text)
        with pytest.raises(NotEntitledError):
            await remit.comment(row.approval_id, person=PAUL, text="x", ask="nobody")


async def test_a_snooze_is_ones_own_and_ends_before_the_due_time(small: Small) -> None:
    async with small.open(BODY) as remit:
        first, second = await _held(remit, 2)
        await remit.snooze(first.approval_id, person=OLGA, minutes=10)

        def seen(person: str, tab: str = "team") -> list[str]:
            return [one.approval_id for one in remit.inbox(person=person, tab=tab).rows]

        assert seen(OLGA) == seen(OLGA, "mine") == [second.approval_id]
        assert seen(OLGA, "snoozed") == [first.approval_id]
        assert seen(PAUL) == [first.approval_id, second.approval_id]
        assert remit.inbox(person=OLGA).waiting == 2
        await remit.snooze(first.approval_id, person=OLGA, minutes=0)
        assert len(seen(OLGA)) == 2
        view = await remit.snooze(first.approval_id, person=OLGA)
        assert view.snoozed_until == view.card.due_at == first.due_at
        left = int((first.due_at - small.clock()).total_seconds())
        with pytest.raises(RequestInvalidError, match="ends before that"):
            await remit.snooze(first.approval_id, person=OLGA, minutes=left // 60 + 1)
        await testing.pass_time(remit, small.clock, left + 1)
        assert first.approval_id in seen(OLGA)
        assert first.approval_id in seen(OLGA, "overdue")
        with pytest.raises(RequestInvalidError):
            await remit.snooze(first.approval_id, person=OLGA)


async def test_how_one_answered_is_hidden_from_the_other_until_both_have(small: Small) -> None:
    small.policy = BOTH
    async with small.open(BODY) as remit:
        (row,) = await _held(remit)
        mine = await testing.decide(remit, row.approval_id, person=PAUL)
        assert ([one.person for one in mine.votes], mine.answered) == ([PAUL], 1)
        theirs = remit.approval(row.approval_id, person=OLGA)
        assert (theirs.votes, theirs.answered) == ((), 1)
        assert len(theirs.recent) == 5
        assert all("vote" not in one.kind and PAUL not in one.text for one in theirs.recent)
        for asking, seen in ((OLGA, False), (PAUL, True)):
            assert (PAUL in await _told(remit, row.case_id, asking)) == seen
        done = await testing.decide(remit, row.approval_id, person=OLGA)
        assert {one.person for one in done.votes} == {PAUL, OLGA}
        assert PAUL in await _told(remit, row.case_id, OLGA)


async def test_what_was_said_outlives_the_verdict_and_other_desks_see_nothing(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        (row,) = await _held(remit)
        await remit.comment(row.approval_id, person=OLGA, text="look at this")
        await testing.decide(remit, row.approval_id, person=PAUL, verdict=Verdict.REJECT)
        view = remit.approval(row.approval_id, person=OLGA)
        assert [one.text for one in view.remarks] == ["look at this"]
        told = " ".join(step.text for step in remit.case(row.case_id).timeline.lines)
        assert "said a word about it" in told
        for act in (remit.claim, remit.let_go, remit.snooze):
            with pytest.raises(NotFoundError):
                await act("f" * 32, person=OLGA)


async def _told(remit: Remit, case_id: str, asking: str) -> str:
    """Return all that the pages of a case say to somebody, timeline and entries."""
    token = ASKING.set(asking)
    try:
        lines = " ".join(
            f"{line.text} {line.detail}" for line in remit.case(case_id).timeline.lines
        )
        return f"{lines} {[(one.body, one.actor) for one in remit.entries(case_id)]}"
    finally:
        ASKING.reset(token)


def _minutes(number: int) -> timedelta:
    return timedelta(minutes=number)
