"""Checks of reviewers: put among what waits unseen, answered like the rest, and nothing else."""

from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell
from remit.domain.plan import PPM
from remit.evidence import audit
from remit.governance import day_keys, recompute
from remit.governance import decided as decisions
from remit.governance.decided import Decided
from remit.orchestration.answerable import _look
from remit.orchestration.seeding import stream_of
from remit.store import checks, evidence, kpi_days, prunes
from remit.store.checks import CheckRow
from tests.projects import (
    NAME,
    OLGA,
    PAUL,
    Small,
    events,
    found,
    send,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(pay, order_id=order.id, amount=order.total)).state
"""
DAY = 86_400
WEEK = 7 * DAY


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=())


async def decided(remit: Remit, *, cases: int, wrong: int = 0) -> None:
    """Have so many cases come in, and a person decide each."""
    for number in range(cases):
        await send(remit, order_id=f"ORD{number}", message=f"case {number} of maria.k@example.com")
        for row in waiting(remit):
            bad = number < wrong
            await testing.decide(
                remit,
                row.approval_id,
                person=OLGA,
                verdict=Verdict.REJECT if bad else Verdict.APPROVE,
                reason=RejectReason.AMOUNT if bad else None,
            )
        await remit.settled()  # fmt: skip


async def later(remit: Remit, small: Small, *, days: int = 8) -> None:
    """Have time pass, so that what was decided is of the past and a check is dealt."""
    small.clock.advance(days * DAY)
    remit.timekeeper.watch.confirm()
    await testing.pass_time(remit, small.clock, 1)


def dealt(remit: Remit) -> list[CheckRow]:
    rows = remit.database.read(
        lambda c: c.rows(f"select {checks.COLUMNS} from checks order by dealt_us")
    )
    return [checks.row_of(row) for row in rows]


async def one_more(remit: Remit, small: Small) -> CheckRow:
    """Have another hour pass until one more check waits, and return it."""
    before = len(dealt(remit))
    for _ in range(3):
        if len(dealt(remit)) > before:
            break
        await testing.pass_time(remit, small.clock, 3_601)
    (*_, last) = dealt(remit)
    assert len(dealt(remit)) == before + 1
    return last


def truth(remit: Remit, row: CheckRow) -> bool:
    (entry,) = [
        one
        for one in remit.entries(stream_of(NAME))
        if one.event == "governance:check:dealt" and one.body["check_id"] == row.check_id
    ]
    told = entry.payloads["truth"]
    assert isinstance(told, dict)
    return told["bad"] is True


async def answer(
    remit: Remit, row: CheckRow, verdict: Verdict = Verdict.APPROVE, *, person: str = OLGA
) -> CheckRow:
    shown = remit.approval(row.approval_id, person=person).card.digest
    await remit.decide(
        row.approval_id, person=person, verdict=verdict, digest=shown, seconds_open=7,
        reason=RejectReason.AMOUNT if verdict is Verdict.REJECT else None,
        edits={"amount": "1.00 EUR"} if verdict is Verdict.EDIT else None,
    )  # fmt: skip
    await remit.settled()
    found = remit.database.read(lambda c: checks.by_approval(c, row.approval_id))
    assert found is not None
    return found


def figures(remit: Remit) -> dict[str, Any]:
    """Return everything that counts work, evidence and what is allowed."""

    def work(connection: Any) -> dict[str, Any]:
        return {
            "days": kpi_days.sums(connection),
            "rows": list(evidence.of_cell(connection, Cell(workflow=NAME, action="pay"))),
            "cases": connection.rows("select workflow, status, sum(n) from case_counts"
                                     " group by 1, 2 having sum(n) <> 0 order by 1, 2"),
            "limits": connection.rows("select count(*) from bounds"),
            "decided": len(list(decisions.every(connection, remit.keys))),
        }  # fmt: skip

    counted = dict(remit.counts())
    assert counted.pop("balance") == 0
    return {
        **remit.database.read(work),
        "received": counted["received"],
        "proposals": remit.proposals(),
        "codes": remit.held_codes(),
        "results": remit.results(),
    }


async def test_a_check_is_dealt_to_a_desk_that_works(small: Small) -> None:
    async with small.open(PAY) as remit:
        await testing.pass_time(remit, small.clock, 3_601)
        assert dealt(remit) == []
        await decided(remit, cases=4)
        await testing.pass_time(remit, small.clock, 3_601)
        assert dealt(remit) == []  # what was decided just now is remembered
        before = figures(remit)
        await later(remit, small)
        (row,) = dealt(remit)
        assert figures(remit) == before
        (shown,) = waiting(remit)
        assert shown.approval_id == row.approval_id
        assert row.reviewer == ""


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_an_answer_measures_who_gave_it_and_does_nothing(
    small: Small, verdict: Verdict
) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=6)
        before, performed = figures(remit), len(small.performed())
        await later(remit, small)
        row = await one_more(remit, small) if not dealt(remit) else dealt(remit)[0]
        bad = truth(remit, row)
        told = await answer(remit, row, verdict)
        assert (told.reviewer, told.verdict, told.seconds_open) == (OLGA, verdict.value, 7)
        assert (told.bad, told.caught) == (bad, (verdict is Verdict.APPROVE) != bad)
        assert figures(remit) == before
        await testing.pass_time(remit, small.clock, 60)
        assert len(small.performed()) == performed
        assert states(remit, row.case_id) == [("pay", "held")]
        assert remit.case(row.case_id).row.status == "closed"
        assert "governance:label:given" not in events(remit, row.case_id)
        view = remit.approval(row.approval_id, person=OLGA)
        known = ("caught" if bad else "right") if told.caught else ("missed" if bad else "refused")
        assert view.check == known
        assert remit.approval(row.approval_id, person=PAUL).check == "check"


async def test_a_perturbed_one_says_another_amount_everywhere(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=8)
        await later(remit, small)
        for _ in range(8):
            row = dealt(remit)[-1]
            if row.origin == "perturbed":
                break
            await answer(remit, row)
            await one_more(remit, small)
        assert row.origin == "perturbed"
        assert truth(remit, row)
        card = remit.approval(row.approval_id, person=OLGA).card
        amount = str(card.money)
        assert amount != "50.00 EUR"
        assert card.sentence.startswith(f"Pay {amount} on ORD")
        assert {one.name: one.after for one in card.changes}["amount"] == amount
        assert amount.split(maxsplit=1)[0] in card.payload
        assert amount.split(maxsplit=1)[0] in remit.case(row.case_id).effects[0].sentence


async def test_no_member_of_its_decision_tells_a_check_from_a_real_case(small: Small) -> None:
    """Its coin is tossed again like any other, and nothing of it is of the past."""
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        rows = figures(remit)["rows"]
        await later(remit, small)
        (row,) = dealt(remit)
        (told,) = found(remit, row.case_id, "policy:action:decided")
        real = {one.action_id: found(remit, one.case_id, told.event)[0] for one in rows}
        day = day_keys.day_of(small.clock())
        coin = audit.coin(
            day_keys.key_of(remit.keys, day), told.word("action_id"),
            share=(told.number("share_ppm") or 0) / PPM,
        )  # fmt: skip
        assert told.word("day") == day
        assert (told.number("draw"), told.body["drawn"]) == (coin.draw * 2**53, coin.drawn)
        assert told.word("action_id") not in real
        for name in ("day", "draw", "cluster", "digest"):
            assert told.body[name] not in {one.body[name] for one in real.values()}
        assert len(told.word("cluster")) == len(rows[0].cluster)
        assert told.word("behaviour") == remit.equipment[NAME].fingerprint
        decision = decisions.decided(told)
        assert isinstance(decision, Decided)
        assert decision.facts.now is not None
        assert decision.facts.now.date() == small.clock().date()
        assert decision.facts.case_id == row.case_id
        small.clock.advance(2 * DAY)
        remit.timekeeper.watch.confirm()
        await decided(remit, cases=1)  # the key of that day is told
        report = recompute.verify(remit.database)
        assert report.lines[-1] == "0 grants: all as entries say"
        assert report.told["coins"] == len(figures(remit)["rows"]) + len(dealt(remit))
        assert report.told["coins under a key that is still secret"] == 1


async def test_nothing_is_put_before_people_twice(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=2)
        await later(remit, small, days=30)
        for _ in range(12):
            for row in dealt(remit):
                if row.closed_us is None:
                    await answer(remit, row)
            await testing.pass_time(remit, small.clock, 3_601)
        rows = dealt(remit)
        assert len({row.item for row in rows}) == len(rows) == 4
        said = [one.event for one in remit.entries(stream_of(NAME))]
        assert said.count("governance:checks:exhausted") == 1


async def test_what_nobody_answers_measures_nobody(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        before = figures(remit)
        await later(remit, small)
        (row,) = dealt(remit)
        expires = remit.approval(row.approval_id, person=OLGA).card.expires_at
        await testing.pass_time(remit, small.clock, (expires - small.clock()).total_seconds() + 1)
        found = remit.database.read(lambda c: checks.by_approval(c, row.approval_id))
        assert found is not None
        assert (found.reviewer, found.verdict, found.bad) == ("", "expired", None)
        assert remit.case(row.case_id).row.status == "closed"
        assert figures(remit) == before


async def test_a_check_that_somebody_cancels_ends_like_a_case(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        before = figures(remit)
        await later(remit, small)
        (row,) = dealt(remit)
        assert await remit.cancel(row.case_id, person=OLGA, reason="not needed")
        assert remit.case(row.case_id).row.reason == "cancelled"
        assert waiting(remit) == ()
        assert figures(remit) == before


async def test_a_check_may_be_answered_in_a_batch(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        await later(remit, small)
        (row,) = dealt(remit)
        await send(remit, order_id="ORD98", message="case 8 of maria.k@example.com")
        ids = [one.approval_id for one in waiting(remit)]
        assert len(ids) == 2
        batch = remit.batch(ids, person=OLGA)
        members = {one.approval_id: one.digest for one in batch.members}
        assert set(members) == set(ids)
        done = await remit.decide_batch(
            members, batch=batch.digest, read=ids, person=OLGA, verdict=Verdict.REJECT,
            reason=RejectReason.AMOUNT,
        )  # fmt: skip
        assert set(done.decided) == set(ids)
        found = remit.database.read(lambda c: checks.by_approval(c, row.approval_id))
        assert found is not None
        assert (found.reviewer, found.caught) == (OLGA, truth(remit, row))


async def test_a_word_for_a_value_of_a_check_holds_nowhere(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        before = figures(remit)
        await later(remit, small)
        (row,) = dealt(remit)
        given = await remit.endorse(
            row.approval_id, person=OLGA, parameters=["amount"], sentence="I know it"
        )
        assert given == ()
        assert remit.endorsements(person=OLGA) == ()
        assert remit.case(row.case_id).row.status == "closed"
        assert figures(remit) == before


async def test_no_sweep_and_no_change_of_roles_wakes_a_check(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        await later(remit, small)
        (row,) = dealt(remit)
        await remit.timekeeper.sweep()
        await remit.timekeeper.sweep()
        await remit.write(
            lambda uow: _look(uow, approval_id=row.approval_id), streams=(row.case_id,)
        )
        await remit.settled()
        assert remit.case(row.case_id).row.status == "parked"
        assert states(remit, row.case_id) == [("pay", "held")]
        assert (await answer(remit, row)).reviewer == OLGA


async def test_a_check_that_is_pruned_is_taken_from_no_figure(small: Small) -> None:
    async with small.open(PAY, attacked=True) as remit:  # rows alone are pruned here
        await decided(remit, cases=4)
        await later(remit, small)
        (row,) = dealt(remit)
        await answer(remit, row)
        before = figures(remit)
        await remit.write(lambda uow: prunes.forget(uow.connection, [(row.case_id, NAME)]))
        assert figures(remit) == before
        assert len(dealt(remit)) == 1


async def test_it_is_as_it_was_after_a_restart(small: Small) -> None:
    async with small.open(PAY) as remit:
        await decided(remit, cases=4)
        await later(remit, small)
        (row,) = dealt(remit)
        shown = remit.approval(row.approval_id, person=OLGA)
    async with small.open() as remit:
        remit.timekeeper.watch.confirm()
        assert dealt(remit) == [row]
        assert remit.approval(row.approval_id, person=OLGA) == shown
        await answer(remit, row, Verdict.REJECT)
        assert remit.case(row.case_id).row.status == "closed"
