"""Many cells on one board: only what stands out among all of them is offered for a raise."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from remit.domain.autonomy import Cell, Level
from remit.errors import StaleScorecardError
from remit.governance import board, recompute
from remit.governance.board import Board
from remit.governance.condition import Condition
from remit.governance.promoting import Unmet
from remit.governance.scorecard import Scorecard
from remit.store import evidence
from tests.projects import NAME, OLGA, Small, send
from tests.stories import test_earned as earned

pytestmark = pytest.mark.anyio

CELL = Cell(workflow=NAME, action="note")
BODY = """
if case.message == "pay":
    order = await run.read(get_order, order_id=case.order_id)
    return (await run.act(pay, order_id=order.id, amount=order.total)).state
return (await run.act(note, text=case.message)).state
"""
POOLED = """
[workflow.autonomy]
many_cells = "fdr"
false_share_max = {share}
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Any) -> Small:
    database = None if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    settings = POOLED.format(share=0.0001) + earned.ASSUMED
    return Small(folder=tmp_path, database=database, granted=(), settings=settings)


def boarded(card: Scorecard) -> Condition:
    return next(one for one in card.conditions if one.name == board.NAME)


async def test_a_cell_rises_when_it_stands_out_among_all_of_its_workflow(small: Small) -> None:
    async with small.open(BODY) as remit:
        await send(remit, message="pay")  # from its first proposal on a cell is on the board
        await earned.a_week(remit, small)
        early = remit.scorecard(CELL)
        unmet = await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=early.digest, person=OLGA, attested=earned.TICKS
        )
        assert isinstance(unmet, Unmet)
        assert {one.name for one in unmet.conditions} == {"cycles", board.NAME}
        said = boarded(early).said
        assert said.startswith("number 1 of 2 cells of the workflow by evidence, with 4.91")
        assert "that place asks for 9.90" in said  # log(2 / (0.0001 * 1))
        for _ in range(2):
            await earned.a_week(remit, small)
        card = remit.scorecard(CELL)
        assert card.met, card.conditions
        assert "the strongest 1 are offered" in boarded(card).said
        (plan,) = [
            one
            for one in earned.told(remit, "governance:plan:set")
            if one.body["action"] == "note"
        ]
        assert (plan.body["many_cells"], plan.body["false_share_max_ppm"]) == ("fdr", 100)
        await remit.sign_grant(
            CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=earned.TICKS
        )
        assert remit.scorecard(CELL).level is Level.SAMPLED
        assert recompute.verify(remit.database).result == "equal"


@contextmanager
def lenient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the board offer everything, as one who meddles with it would."""
    condition = Board.condition
    with monkeypatch.context() as patched:
        patched.setattr(
            Board, "condition", lambda self, cell: replace(condition(self, cell), met=True)
        )
        yield


async def test_a_grant_to_a_cell_that_the_board_did_not_offer_is_found_out(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = POOLED.format(share=0.000001) + earned.ASSUMED
    small = Small(folder=tmp_path, granted=(), settings=settings)
    async with small.open(earned.BODY, attacked=True) as remit:
        for _ in range(2):
            await earned.a_week(remit, small, cases=63)
        await earned.a_week(remit, small, cases=7)
        card = remit.scorecard(CELL)
        assert [one.name for one in card.conditions if not one.met] == [board.NAME]
        with lenient(monkeypatch):
            card = remit.scorecard(CELL)
            found = await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=earned.TICKS
            )
            assert not isinstance(found, Unmet)
            assert recompute.verify(remit.database).result == "equal"
        report = recompute.verify(remit.database)
        assert [one.what for one in report.differences] == [f"the condition `{board.NAME}`"]


async def test_the_board_is_taken_again_as_the_owner_signs(tmp_path: Any) -> None:
    """Labels that turn wrong leave the bar of the cell met and put it off the board."""
    settings = POOLED.format(share=0.0001) + earned.ASSUMED
    small = Small(folder=tmp_path, granted=(), settings=settings)
    async with small.open(earned.BODY) as remit:
        for _ in range(3):
            await earned.a_week(remit, small)
        card = remit.scorecard(CELL)
        assert card.met
        rows = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
        for row in rows[:3]:
            await earned.said_wrong(remit, row)
        now = remit.scorecard(CELL)
        assert now.counted is not None
        assert now.counted.accepted
        assert boarded(now).met is False
        with pytest.raises(StaleScorecardError):
            await remit.sign_grant(
                CELL, to=Level.SAMPLED, digest=card.digest, person=OLGA, attested=earned.TICKS
            )


async def test_each_cell_stands_by_itself_where_nothing_else_is_said(tmp_path: Any) -> None:
    small = Small(folder=tmp_path, granted=(), settings=earned.ASSUMED)
    async with small.open(earned.BODY) as remit:
        await earned.worked(remit, small, cases=1)
        assert board.NAME not in {one.name for one in remit.scorecard(CELL).conditions}
        (plan,) = earned.told(remit, "governance:plan:set")
        assert "many_cells" not in plan.body


def test_which_cells_are_offered_depends_on_all_of_them() -> None:
    evidence_of = {"a": 5.0, "b": 3.2, "c": 3.1, "d": 0.0}
    found = Board(evidence=evidence_of, false_share_max=0.1)
    assert found.offered == {"a", "b", "c"}  # the third asks for log(4 / 0.3) = 2.59
    alone = Board(evidence={**evidence_of, "a": 0.0, "c": 0.0}, false_share_max=0.1)
    assert alone.offered == frozenset()  # the first asks for log(40) = 3.69
