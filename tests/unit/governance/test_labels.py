"""What is said of a proposal: what changes by it, what it cannot change, and what follows."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from remit.errors import IllegalMoveError, StaleScorecardError
from remit.governance import grants, labels, streams
from remit.governance.labels import Said
from remit.store import evidence, plans
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork
from tests.projects import NAME, OLGA, PAUL, Small, send, waiting
from tests.stories.test_earned import TICKS, a_week

pytestmark = pytest.mark.anyio

BODY = "return (await run.act(note, text=case.message)).state"
ASSUMED = """
[workflow.actions.note.autonomy]
reviewers = "assumed"
"""
CELL = Cell(workflow=NAME, action="note")
RIGHT = Said(outcome=Outcome.RIGHT, code="audit", source="audit", reviewer=PAUL)
WRONG = Said(outcome=Outcome.WRONG, code="audit", source="audit", reviewer=PAUL)


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=(), settings=ASSUMED)


def rows(remit: Remit) -> list[EvidenceRow]:
    return remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))


def told(remit: Remit, event: str) -> list[Entry]:
    return [one for one in remit.entries(control_stream(NAME)) if one.event == event]


async def say(remit: Remit, row: EvidenceRow, said: Said) -> bool:
    receipt = await asyncio.to_thread(
        remit.writer.run, lambda uow: labels.give(uow, row.action_id, said), streams=(row.case_id,)
    )
    return receipt.value


async def test_harm_that_the_same_person_adds_later_lowers_the_cell(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        while not any(row.drawn for row in rows(remit)):
            await send(remit, message=str(len(rows(remit))))
        row = next(row for row in rows(remit) if row.drawn)
        assert await say(remit, row, WRONG)
        assert await say(remit, row, replace(WRONG, severity="critical"))
        assert not await say(remit, row, replace(WRONG, severity="critical"))
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["level"], lowered.body["code"]) == ("approve-each", "critical")


async def test_what_was_called_wrong_may_still_be_approved_and_stays_wrong(small: Small) -> None:
    """An auditor may be quicker than the person who decides: neither stands in the other's way."""
    async with small.open(BODY) as remit:
        await send(remit, message="1")
        await send(remit, message="2")
        for row in rows(remit):
            await say(remit, row, WRONG)
        first, second = waiting(remit)
        await testing.decide(remit, first.approval_id, person=OLGA, verdict=Verdict.APPROVE)
        await testing.decide(
            remit, second.approval_id, person=OLGA, verdict=Verdict.REJECT,
            reason=RejectReason.DUPLICATE,
        )  # fmt: skip
        await remit.settled()
        assert [(row.outcome, row.labels) for row in rows(remit)] == [("wrong", 1)] * 2


async def test_wrong_turns_right_by_a_correction_only_and_each_label_is_a_new_entry(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        await send(remit, message="1")
        (row,) = rows(remit)
        await say(remit, row, RIGHT)
        await say(remit, row, WRONG)
        for outcome in (Outcome.RIGHT, Outcome.PENDING, Outcome.VOID):
            with pytest.raises(IllegalMoveError, match="correction"):
                await say(remit, row, replace(WRONG, outcome=outcome, reviewer=OLGA))
        entries = remit.entries(row.case_id)
        given = [one for one in entries if one.event == "governance:label:given"]
        said = [(one.body["number"], one.body["outcome"]) for one in given]
        assert said == [(1, "right"), (2, "wrong")]


async def test_nobody_labels_what_was_never_decided(small: Small) -> None:
    async with small.open(BODY) as remit:
        await send(remit, message="1")
        (row,) = rows(remit)
        assert not await say(remit, replace(row, action_id="f" * 64), WRONG)
        assert told(remit, "governance:grant:lowered") == []


async def test_a_cell_lowered_by_hand_to_sampled_is_watched_from_the_first_row(
    small: Small,
) -> None:
    """Its evidence begins after the cooldown; what goes wrong meanwhile counts at once."""
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        await remit.lower_grant(CELL, to=Level.SAMPLED, person=OLGA, reason="new supplier")
        small.clock.advance(1)
        for number in range(60):
            await send(remit, message=str(number))
        drawn = [row for row in rows(remit) if row.drawn]
        for row in drawn[:8]:
            await say(remit, row, WRONG)
        codes = [one.body["code"] for one in told(remit, "governance:grant:lowered")]
        assert codes == ["by_hand", "breach"]
        assert remit.scorecard(CELL).level is Level.APPROVE_EACH


async def test_a_grant_does_not_rest_on_the_rows_of_another_behaviour(small: Small) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        for number in range(30):
            await send(remit, message=str(number))
        for row in rows(remit):
            await say(remit, row, WRONG)
        plan = remit.equipment[NAME].plans["note"]

        def lapsed(connection: Any, fingerprint: str) -> bool:
            grant = grants.of_cell(connection, CELL)
            assert grant is not None
            stream = streams.read(connection, plan, CELL, rows(remit)[0].fingerprint)
            resting = replace(
                grant, fingerprint=fingerprint, attempt=stream.attempt,
                evidence_last=rows(remit)[-1].action_id,
            )  # fmt: skip
            return grants.lapsed(connection, stream, resting, now_us=0)

        own = rows(remit)[0].fingerprint
        assert remit.database.read(lambda c: lapsed(c, own))
        assert not remit.database.read(lambda c: lapsed(c, "another"))


async def test_a_changed_plan_is_another_claim_and_what_acts_alone_waits_again(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        await send(remit, message="1")
    small.settings = f"{ASSUMED}error_max = 0.02\n"
    async with small.open(BODY) as remit:
        await send(remit, message="2")
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["level"], lowered.body["code"]) == ("approve-each", "plan")
        third = await send(remit, message="3")
        assert [row.alone for row in rows(remit) if row.case_id == third] == [False]


async def test_a_day_whose_key_was_told_is_tossed_under_no_more(small: Small) -> None:
    """A clock that steps back over midnight does not make coins that anybody can foretell."""
    async with small.open(BODY) as remit:
        await send(remit, message="1")
        small.clock.advance(2 * 86_400)
        remit.timekeeper.watch.confirm()
        await send(remit, message="2")
        small.clock.advance(-2 * 86_400)
        remit.timekeeper.watch.confirm()
        await send(remit, message="3")
        days = {row.case_id: row.day for row in rows(remit)}
        day = list(days.values())[-1]
        last = remit.database.read(lambda c: plans.day_key(c, day))
        assert last is not None
        assert last.revealed == ""


async def test_a_clock_that_steps_back_makes_no_row_older_than_the_one_before(
    small: Small,
) -> None:
    """Rows are folded by the time of their decision, which is the ledger's: it never runs back."""
    async with small.open(BODY) as remit:
        for number in range(4):
            await send(remit, message=str(number))
            small.clock.advance(-900)
        cases = [row.case_id for row in rows(remit)]
        assert [row.at_us for row in rows(remit)] == sorted(row.at_us for row in rows(remit))
        decided = [
            next(one.at_us for one in remit.entries(case) if one.event == "policy:action:decided")
            for case in cases
        ]
        assert decided == [row.at_us for row in rows(remit)]


async def test_a_cell_without_labels_stands_where_its_plan_has_it_begin(small: Small) -> None:
    async with small.open(BODY) as remit:
        card = remit.scorecard(CELL)
        assert (card.level, card.met) == (Level.APPROVE_EACH, False)
        assert card.counted is not None
        assert (card.counted.rows, card.counted.missing) == (0, 29)
        with pytest.raises(StaleScorecardError):
            await remit.sign_grant(CELL, to=Level.SAMPLED, digest="0" * 64, person=OLGA)


async def test_a_case_of_two_behaviours_has_no_fingerprint_and_counts_for_none(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        await send(remit, message="1")
        (row,) = rows(remit)
        plan = remit.equipment[NAME].plans["note"]
        mixed = replace(row, fingerprint="")

        def work(uow: UnitOfWork) -> None:
            uow.connection.execute("update evidence set fingerprint = ''")
            assert evidence.find(uow.connection, row.action_id) == mixed
            for fingerprint in (row.fingerprint, "another"):
                assert streams.read(uow.connection, plan, CELL, fingerprint).rows == ()
            uow.connection.execute("update evidence set fingerprint = ?", (row.fingerprint,))

        remit.writer.run(work)
        assert remit.scorecard(CELL).counted is not None


async def test_what_was_shown_under_one_plan_is_not_signed_under_another(small: Small) -> None:
    """Until something is proposed under it the new plan is not in the record."""
    async with small.open(BODY) as remit:
        for _ in range(3):
            await a_week(remit, small)
        assert remit.scorecard(CELL).met
    small.settings = f"{ASSUMED}sampled_share = 0.5\n"
    async with small.open(BODY) as remit:
        card = remit.scorecard(CELL)
        assert card.met
        with pytest.raises(StaleScorecardError, match="has changed"):
            await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=TICKS
            )
