"""A reviewer who waves everything through is found out, and shows that they look again."""

import textwrap
from dataclasses import replace
from typing import Any

import pytest

from remit.app import Remit
from remit.domain.approval import Verdict
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from remit.errors import NotFoundError
from remit.governance import reviewers, streams
from remit.governance.audit import Finding
from remit.store import checks, evidence
from remit.store.evidence import EvidenceRow
from tests.projects import NAME, OLGA, OTTO, PAUL, Small
from tests.stories import test_earned
from tests.stories.test_seeded import PAY, answer, dealt, decided, later, one_more, truth

pytestmark = pytest.mark.anyio

CELL = Cell(workflow=NAME, action="pay")


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=())


def told(remit: Remit, event: str) -> list[Entry]:
    return [one for one in remit.entries(control_stream(NAME)) if one.event == event]


async def wave_through(remit: Remit, small: Small, *, person: str = OLGA) -> int:
    """Have somebody approve every check until an alarm; return how many bad ones that took."""
    missed = 0
    for _ in range(14):
        row = next((one for one in dealt(remit) if one.closed_us is None), None)
        row = row or await one_more(remit, small)
        missed += truth(remit, row)
        await answer(remit, row, person=person)
        if told(remit, "governance:reviewer:alarmed"):
            return missed
    raise AssertionError("no alarm")


async def look(remit: Remit, small: Small, *, checks_: int, person: str = OLGA) -> None:
    """Have somebody answer so many checks as is right."""
    for _ in range(checks_):
        row = next((one for one in dealt(remit) if one.closed_us is None), None)
        row = row or await one_more(remit, small)
        bad = truth(remit, row)
        await answer(remit, row, Verdict.REJECT if bad else Verdict.APPROVE, person=person)


async def test_who_waves_errors_through_is_found_out_and_their_yes_is_in_doubt(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=14)
        await later(remit, small, days=60)
        assert await wave_through(remit, small) == 5
        (alarm,) = told(remit, "governance:reviewer:alarmed")
        assert (alarm.body["reviewer"], alarm.body["missed"], alarm.body["dealt"]) == (OLGA, 5, 5)
        plan = remit.equipment[NAME].plans["pay"]
        assert remit.database.read(lambda c: reviewers.found(c, plan, since_us=0)) == (0, 0)
        (task,) = [one for one in remit.tasks().rows if one.kind == "reviewer"]
        assert (task.owner, task.code) == ("role:owner", "reviewer.alarm")
        plan = remit.equipment[NAME].plans["pay"]
        rows = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        now_us = rows[-1].at_us + plan.window_us
        stream = remit.database.read(
            lambda c: streams.read(c, plan, CELL, remit.equipment[NAME].fingerprint)
        )
        assert {stream.outcome(one, now_us=now_us) for one in rows} == {Outcome.PENDING}
        # Somebody else judges them again, and then they count.
        waits = remit.audits(person=PAUL, limit=200).rows
        assert len(waits) == len(rows)
        assert remit.audits(person=OLGA, limit=200).rows == ()
        view = remit.audit(waits[0].audit_id, person=PAUL)
        await remit.judge(view.audit_id, person=PAUL, finding=Finding.RIGHT, labels=view.labels)
        again = remit.database.read(lambda c: evidence.find(c, view.audit_id))
        assert again is not None
        assert stream.outcome(again, now_us=now_us) is Outcome.RIGHT


async def test_an_alarm_ends_when_ten_fresh_checks_in_a_row_were_answered_rightly(
    small: Small,
) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=20)
        await later(remit, small, days=80)
        await wave_through(remit, small)
        assert remit.database.read(lambda c: checks.alarmed(c, NAME)) == {OLGA}
        await look(remit, small, checks_=9)
        assert remit.database.read(lambda c: checks.alarmed(c, NAME)) == {OLGA}
        await look(remit, small, checks_=1)
        (cleared,) = told(remit, "governance:reviewer:cleared")
        assert cleared.body["reviewer"] == OLGA
        assert remit.database.read(lambda c: checks.alarmed(c, NAME)) == frozenset()
        assert (
            len(told(remit, "governance:reviewer:alarmed")) == 1
        )  # what is past is not told anew


async def test_a_person_sees_themselves_and_an_owner_sees_all(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=10)
        await later(remit, small, days=40)
        await look(remit, small, checks_=2, person=PAUL)
        await look(remit, small, checks_=1, person=OLGA)
        (whole,) = remit.reviewers(person=OLGA)
        assert whole.whole
        assert [one.reviewer for one in whole.rows] == [OLGA, PAUL]
        assert {one.seconds for one in whole.rows} == {7}
        (pool,) = [one for one in whole.pools if one.risk == "money"]
        assert pool.bad == sum(one.bad for one in whole.rows)
        assert pool.missed == 0
        (own,) = remit.reviewers(person=PAUL)
        assert (own.whole, own.pools) == (False, ())
        assert own.rows == whole.rows[1:]
        (none,) = remit.reviewers(person=OTTO)
        assert none.rows == ()
        with pytest.raises(NotFoundError):
            remit.reviewers(person=OLGA, workflow="elsewhere")


async def test_a_grant_that_rests_on_who_waved_it_through_falls_at_once(small: Small) -> None:
    small.settings = test_earned.ASSUMED
    body = f"""
if case.order_id.startswith("ORD"):
{textwrap.indent(PAY.strip(), "    ")}
return (await run.act(note, text=case.message)).state
"""
    async with small.open(body) as remit:
        await test_earned.earned(remit, small)
        await decided(remit, cases=14)
        await later(remit, small, days=20)
        assert remit.scorecard(test_earned.CELL).level is Level.SAMPLED
        await wave_through(remit, small)
        card = remit.scorecard(test_earned.CELL)
        assert card.level is Level.APPROVE_EACH
        (lowered,) = told(remit, "governance:grant:lowered")
        assert lowered.body["code"] == "unsupported"
        (alarms,) = [one for one in card.conditions if one.name == "alarms"]
        assert (alarms.met, OLGA in alarms.said) == (False, False)


async def test_a_yes_from_before_an_alarm_was_cleared_waits_for_a_second_person(
    small: Small,
) -> None:
    """And the checks that were missed measure nobody whose yes counts."""
    async with small.open(PAY) as remit:
        doubted = {OLGA: 2_000}
        plan = remit.equipment[NAME].plans["pay"]
        row = EvidenceRow(
            action_id="a", case_id="c", workflow=NAME, action="pay", segment="all",
            fingerprint="f", cluster="k", at_us=0, level="approve-each", score=None,
            share_ppm=1_000_000, draw=1, drawn=True, day="2026-11-24", eligible=True,
            alone=False, outcome="right", source="approval", reviewer=OLGA, label_us=1_999,
            settled=True, labels=1,
        )  # fmt: skip
        found = [
            streams.outcome(one, plan, now_us=9_000, doubted=doubted).value
            for one in (
                row, replace(row, label_us=2_001), replace(row, reviewer=PAUL),
                replace(row, source="double"),
            )
        ]  # fmt: skip
        assert found == ["pending", "right", "right", "right"]
