"""Rules that allow less carry what a cell has earned: right rows go that they hold, wrong stay."""

import asyncio
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.entry import Entry
from remit.domain.ids import control_stream
from remit.domain.limit import Limit, Measure, Per
from remit.governance import cell_words, labels, proven, streams
from remit.governance.checklist import ATTESTED
from remit.governance.labels import Said
from remit.governance.promoting import Unmet
from remit.ledger import projections
from remit.store import authority, carries, evidence
from remit.store.carries import CarryRow
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork
from tests.projects import NAME, OLGA, PAUL, Small, send, states, waiting
from tests.sounding import reverified

pytestmark = pytest.mark.anyio

GIVE = """
@desk.action(risk="low", undo=take_back, says="Give {amount}", on=get_order, times_max=2)
async def give(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
) -> Done:
    return Done.model_validate(await tape.perform("note", text=order_id))
"""
BODY = """
order = await run.read(get_order, order_id=case.order_id)
return (await run.act(give, order_id=order.id, amount=order.total)).state
"""
SETTINGS = """
[people.pia]
name = "Pia"
roles = ["owner"]

[workflow.actions.give.autonomy]
reviewers = "assumed"
"""
PIA = "pia"
ABOVE = """
@id("not-above-{most}")
@says("Nothing above {most}")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=1, role=approver)")
forbid (principal, action == Action::"small-desk.give", resource)
when {{ context.args.amount > {minor} }}
unless {{ context.facts.approvals >= 1 }};
"""
CELL = Cell(workflow=NAME, action="give")
LOWER = Limit(
    name="each", action="small-desk.give", group="", measure=Measure.MONEY, currency="EUR",
    per=Per.CASE, window_us=1, max=1, counts_all=False, escalates=False, owner=OLGA,
)  # fmt: skip
DAY = 86_400
ORDERS = count(1)  # each is given once, or the later one would be held
CARRIED = "governance:evidence:carried"


def above(most: int) -> str:
    return ABOVE.format(most=most, minor=most * 100)


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Any) -> Small:
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return made(tmp_path, database)


async def gives(remit: Remit, small: Small, *amounts: int, wrong: int = 0) -> None:
    """Have a case come in for each amount, and a person decide it where it is held."""
    for number, amount in enumerate(amounts):
        small.order["total"] = {"amount": f"{amount}.00", "currency": "EUR"}
        await send(remit, order_id=f"{next(ORDERS)}", message="please")
        for row in waiting(remit):
            bad = number < wrong
            await testing.decide(
                remit, row.approval_id, person=OLGA,
                verdict=Verdict.REJECT if bad else Verdict.APPROVE,
                reason=RejectReason.FACTS if bad else None,
            )  # fmt: skip
        await remit.settled()


async def a_day(remit: Remit, small: Small, *amounts: int, wrong: int = 0) -> None:
    await gives(remit, small, *amounts, wrong=wrong)
    assert remit.keeper.drain()
    small.clock.advance(DAY)
    remit.timekeeper.watch.confirm()
    await testing.pass_time(remit, small.clock, 1)


async def earned(remit: Remit, small: Small, *amounts: int) -> None:
    """Have the cell earn `sampled` over three weeks of such days, and its owner sign it."""
    for day in range(21):
        await a_day(remit, small, *amounts, wrong=day == 1)
    card = remit.scorecard(CELL)
    assert card.met, card.conditions
    signed = await remit.sign_grant(
        CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=("ledger", *ATTESTED)
    )
    assert not isinstance(signed, Unmet)


async def signed(remit: Remit, small: Small, policy: str) -> str:
    """Propose other rules, and have a second person sign what waits; return what became of it."""
    small.policy = policy
    small.write(BODY, more=GIVE)
    found = await remit.propose_rules(NAME, person=OLGA)
    if found.outcome == "waits":
        assert await remit.sign_rules(NAME, found.change, person=PIA) == 0
    return found.outcome


def told(remit: Remit, event: str) -> list[Entry]:
    return [one for one in remit.entries(control_stream(NAME)) if one.event == event]


def rows(remit: Remit) -> list[EvidenceRow]:
    return remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))


def chain(remit: Remit) -> list[CarryRow]:
    fingerprint = remit.equipment[NAME].fingerprint
    return remit.database.read(lambda c: carries.chain(c, CELL, fingerprint))


def surge(remit: Remit) -> authority.SurgeRow | None:
    return remit.database.read(lambda c: authority.surge(c, workflow=NAME, action="give"))


async def test_a_narrower_rule_keeps_the_level_with_a_surge(small: Small) -> None:
    async with small.open(BODY, more=GIVE) as remit:
        await earned(remit, small, 10, 20, 30, 40, 50, 20, 10, 30)
        before = remit.equipment[NAME].fingerprint
        counted = remit.scorecard(CELL)
        assert await signed(remit, small, above(60) + above(45)) == "in force"
        after = remit.equipment[NAME].fingerprint
        assert after != before

        (entry,) = told(remit, CARRIED)
        assert (entry.body["before"], entry.body["after"]) == (before, after)
        assert (entry.body["proof"], entry.actor.ref) == ("analysis", OLGA)
        assert (entry.body["rows"], entry.body["dropped"], entry.body["stayed"]) == (168, 21, 0)
        assert [one.before for one in chain(remit)] == [before]

        card = remit.scorecard(CELL)
        assert (card.level, card.attempt) == (Level.SAMPLED, counted.attempt)
        assert card.grant is not None
        assert card.grant.fingerprint == after
        found = surge(remit)
        assert found is not None
        assert (found.cases, found.code) == (150, "carried")
        small.order["total"] = {"amount": "20.00", "currency": "EUR"}
        held = await send(remit, order_id=f"{next(ORDERS)}", message="surge")
        assert states(remit, held)[0][1] == "held"
        assert projections.check(remit.database).result == "equal"
        report = reverified(remit)
        assert report.told["carried evidence"] == 1
        await behind(remit, before)
        assert "carries whose rules cannot be asked again here" not in report.told


async def test_a_grant_of_an_attempt_that_is_over_is_not_carried(alone: Small) -> None:
    """After a starvation, say: nothing that counts now says what is left of its evidence."""
    async with alone.open(BODY, more=GIVE) as remit:
        await earned(remit, alone, 10, 20, 30, 40, 50, 20, 10, 30)
        grant = remit.scorecard(CELL).grant
        assert grant is not None

        def over(uow: UnitOfWork) -> None:
            streams.hold(uow, CELL)
            uow.lock(control_stream(NAME))
            streams.close(uow, CELL, grant.fingerprint, code="demoted.starved")

        await asyncio.to_thread(remit.writer.run, over)
        assert await signed(remit, alone, above(60) + above(45)) == "in force"
        assert told(remit, CARRIED) == []
        alone.order["total"] = {"amount": "20.00", "currency": "EUR"}
        held = await send(remit, order_id=f"{next(ORDERS)}", message="after")
        assert states(remit, held)[0][1] == "held"
        await testing.pass_time(remit, alone.clock, 120)
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.word("code"), lowered.word("level")) == ("fingerprint", "approve-each")


async def behind(remit: Remit, before: str) -> None:
    """What a process that has not seen the change yet thinks of the cell changes nothing."""
    made, read = remit.equipment[NAME], remit._rules[NAME]
    remit.equipment[NAME] = replace(made, fingerprint=before, book=None)
    remit.shelf._seen[NAME] = 0  # as if it had seen another book last
    await asyncio.to_thread(remit.writer.run, lambda uow: remit._tick(CELL, uow))
    assert remit.equipment[NAME].fingerprint == made.fingerprint
    remit.equipment[NAME] = replace(made, fingerprint=before)
    remit._rules[NAME] = replace(read, limits=(LOWER,))  # as if others had read other limits
    await asyncio.to_thread(remit.writer.run, lambda uow: remit._tick(CELL, uow))
    remit.equipment[NAME], remit._rules[NAME] = made, read
    assert told(remit, "governance:grant:lowered") == []


@pytest.fixture
def alone(tmp_path: Any) -> Small:
    return made(tmp_path)


def made(folder: Any, database: str | None = None) -> Small:
    return Small(
        folder=folder, database=database, granted=(), settings=SETTINGS, signers=1,
        permitted=("pay", "note", "take_back", "give"), policy=above(60),
    )  # fmt: skip


async def say(remit: Remit, row: EvidenceRow, outcome: Outcome) -> None:
    said = Said(outcome=outcome, code="audit", source="audit", reviewer=PAUL)
    await asyncio.to_thread(
        remit.writer.run, lambda uow: labels.give(uow, row.action_id, said), streams=(row.case_id,)
    )


async def test_a_wrong_row_stays_and_one_that_turns_wrong_comes_back(alone: Small) -> None:
    async with alone.open(BODY, more=GIVE) as remit:
        await gives(remit, alone, 50, 50, 20, 30, wrong=1)
        assert await signed(remit, alone, above(60) + above(45)) == "in force"
        (entry,) = told(remit, CARRIED)
        assert (entry.body["rows"], entry.body["dropped"], entry.body["stayed"]) == (4, 1, 1)
        gone = [row for row in rows(remit) if row.gone]
        assert sorted(row.outcome for row in gone) == ["right", "wrong"]
        counted = remit.scorecard(CELL).counted
        assert counted is not None
        assert (counted.rows, counted.wrong) == (3, 1)
        whole, page = remit.cell_whole(CELL), remit.cell_rows(CELL)
        (view,) = whole.cell.carried
        assert cell_words.carried_said(view, "Olga") == (
            f"Carried from {entry.word('before')[:12]} on 2026-11-24 by Olga: a solver proved "
            "that the rules allow no more of it; 1 right row dropped, 1 that was not right kept."
        )
        assert whole.path.rows == 3
        assert sorted((row.gone, row.outcome, row.current) for row in page.rows) == [
            (False, "right", True), (False, "right", True), (True, "right", True),
            (True, "wrong", True),
        ]  # fmt: skip
        assert surge(remit) is None, "all of its cases are looked at anyway"
        await say(remit, next(row for row in gone if row.outcome == "right"), Outcome.WRONG)
        counted = remit.scorecard(CELL).counted
        assert counted is not None
        assert (counted.rows, counted.wrong) == (4, 2)
        assert projections.check(remit.database).result == "equal"


async def test_wider_rules_begin_anew(alone: Small) -> None:
    async with alone.open(BODY, more=GIVE) as remit:
        await earned(remit, alone, 10, 20, 30, 40, 50, 20, 10, 30)
        assert await signed(remit, alone, above(80)) == "waits"
        assert told(remit, CARRIED) == []
        card = remit.scorecard(CELL)
        assert card.counted is not None
        assert (card.counted.rows, chain(remit), surge(remit)) == (0, [], None)
        await a_day(remit, alone)
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["level"], lowered.body["code"]) == ("approve-each", "fingerprint")


async def test_rules_that_hold_most_of_what_was_earned_on_take_the_level(alone: Small) -> None:
    async with alone.open(BODY, more=GIVE) as remit:
        await earned(remit, alone, 50, 50, 50, 50, 50, 50, 50, 30)
        assert await signed(remit, alone, above(60) + above(45)) == "in force"
        (entry,) = told(remit, CARRIED)
        assert (entry.body["dropped"], entry.body["rows"]) == (146, 168)
        (lowered,) = told(remit, "governance:grant:lowered")
        assert (lowered.body["code"], lowered.at_us) == ("unsupported", entry.at_us)
        card = remit.scorecard(CELL)
        assert card.counted is not None
        assert (card.level, card.counted.rows, card.attempt) == (Level.APPROVE_EACH, 22, 0)
        assert surge(remit) is None


async def test_two_narrower_rules_make_a_chain_and_going_back_begins_anew(alone: Small) -> None:
    async with alone.open(BODY, more=GIVE) as remit:
        first = remit.equipment[NAME].fingerprint
        await gives(remit, alone, 50, 40, 20, 30)
        await signed(remit, alone, above(60) + above(45))
        await gives(remit, alone, 30)
        await signed(remit, alone, above(60) + above(45) + above(35))
        assert [one.before for one in chain(remit)][-1] == first
        assert [(one.rows, one.dropped) for one in chain(remit)] == [(5, 1), (4, 1)]
        counted = remit.scorecard(CELL).counted
        assert counted is not None
        assert counted.rows == 3
        assert await signed(remit, alone, above(60)) == "waits"
        card = remit.scorecard(CELL)
        assert card.counted is not None
        assert remit.equipment[NAME].fingerprint == first
        assert (card.counted.rows, card.attempt) == (0, 1), "the claim of before is over"


async def test_rules_of_another_action_carry_all_of_it(alone: Small) -> None:
    """What says the same of an action is the same to its cells, whoever else was let do more."""
    async with alone.open(BODY, more=GIVE) as remit:
        alone.policy = above(60) + above(50).replace(".give", ".note").replace(
            "context.args.amount > 5000", "context.facts.approvals < 9"
        ).replace('"not-above-50"', '"note-with-one"')
        alone.write(BODY, more=GIVE)
        await remit.propose_rules(NAME, person=OLGA)
        await gives(remit, alone, 50, 40)
        assert await signed(remit, alone, above(60)) == "waits"
        (entry,) = told(remit, CARRIED)
        assert (entry.body["proof"], entry.body["rows"], entry.words("gone")) == ("same", 2, ())
        assert entry.actor.ref == PIA


async def test_without_a_solver_90_days_of_decisions_are_made_again(
    alone: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = proven.compared
    monkeypatch.setattr(
        proven, "compared",
        lambda *args: replace(made := compared(*args), weighed=replace(made.weighed, proved=())),
    )  # fmt: skip
    async with alone.open(BODY, more=GIVE) as remit:
        await gives(remit, alone, 50, 20)
        await signed(remit, alone, above(60) + above(45))
        (entry,) = told(remit, CARRIED)
        assert (entry.body["proof"], entry.body["dropped"]) == ("backtest", 1)
        assert entry.number("decisions") == 4  # each at the proposal, and before its effect
