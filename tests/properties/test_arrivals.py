"""Labels in the order in which they came: a plain model beside the cell, step by step.

What a correction mends or a withdrawal leaves out depends on when it came. So the model has the
same order, and nothing else of the product: it knows a detector's bets and when a level falls.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remit import testing
from remit.app import Remit
from remit.domain.autonomy import Cell, Level, Outcome
from remit.domain.ids import control_stream
from remit.evidence import detector
from remit.governance import audits, labels, recompute
from remit.governance.labels import Said
from remit.store import evidence, plans
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork
from tests import postgres
from tests.faults.lengths import times
from tests.projects import NAME, OLGA, PAUL, ROSA, Small, send

BODY = "return (await run.act(note, text=case.message)).state"
SETTINGS = """
[workflow.actions.note.autonomy]
reviewers = "assumed"
cluster = "case"
sampled_share = 1.0
"""
CELL = Cell(workflow=NAME, action="note")
ERROR_MAX, RUN, WARN_RUN = 0.1, 10_000, 3_000  # at sampled, where each is drawn
WARN = 0.8 * ERROR_MAX  # a grant of the test kit has seen nothing: the highest that is watched

STEP = st.one_of(
    st.tuples(st.just("case"), st.just(0)),
    st.tuples(st.sampled_from(["wrong", "wrong", "right", "void"]), st.integers(0, 99)),
    st.tuples(st.sampled_from(["correct", "look", "tick", "reopen"]), st.integers(0, 99)),
)  # fmt: skip


@dataclass(kw_only=True)
class Model:
    """A cell at sampled: what is known of each row, in decision order, and what fell."""

    outcomes: list[str] = field(default_factory=list)
    alone: bool = True
    breaches: int = 0
    warned: set[int] = field(default_factory=set)

    def say(self, place: int, outcome: str) -> None:
        """Take a label, and see whether the level falls."""
        turns = {"wrong", "void"}
        changed = {self.outcomes[place], outcome} & turns
        self.outcomes[place] = outcome
        if not self.alone or not changed:
            return
        self.warned |= set(self.fired(WARN, WARN_RUN))
        if self.fired(ERROR_MAX, RUN) and outcome in turns:
            self.alone = False
            self.breaches += 1

    def fired(self, rate: float, run: int) -> list[int]:
        """Return the places at which a detector fires that begins anew each time."""
        found, state = [], detector.start(rate_max=rate, run_min=run)
        for place, outcome in enumerate(self.outcomes):
            if outcome == "void":
                continue
            state = detector.step(state, wrong=outcome == "wrong")
            if state.fires:
                found.append(place)
                state = detector.start(rate_max=rate, run_min=run)
        return found


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_the_cell_does_step_by_step_what_a_plain_model_does(
    store: str, request: pytest.FixtureRequest
) -> None:
    server: postgres.Server | None = None
    if store == "postgresql":
        request.getfixturevalue("postgres_url")  # skips, and says why, where there is none
        server = request.getfixturevalue("postgres_server")

    @settings(
        max_examples=times(8, long=200), deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(steps=st.lists(STEP, min_size=40, max_size=80))
    def lived(steps: list[tuple[str, int]]) -> None:
        with _desk(server) as small:
            asyncio.run(_live(small, steps))

    lived()


@contextmanager
def _desk(server: postgres.Server | None) -> Iterator[Small]:
    with TemporaryDirectory() as folder:
        url = None if server is None else server.create()
        yield Small(folder=Path(folder), database=url, granted=(), settings=SETTINGS)
        if server is not None and url is not None:
            server.drop(url)


async def _live(small: Small, steps: list[tuple[str, int]]) -> None:
    model, left, begun = Model(), list(steps), False
    while left:
        async with small.open(BODY, replays=False) as remit:
            if not begun:
                await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
                for _ in range(12):
                    await _case(remit, small, model)
                begun = True
            while left:
                what, number = left.pop(0)
                if what == "reopen":
                    break
                await _step(remit, small, model, what, number)
                _compare(remit, model)
    async with small.open(BODY, replays=False) as remit:
        _compare(remit, model)
        assert recompute.verify(remit.database).differences == ()


def _governed(connection: Connection) -> list[tuple[object, ...]]:
    """Return what governs the workflow, without what a process says of itself meanwhile."""
    asked = "select event, count(*) from entries where event like 'governance:%' group by event"
    return sorted(connection.rows(asked))


async def _case(remit: Remit, small: Small, model: Model) -> None:
    if model.alone:  # afterwards its rows are held, and another detector's
        assert remit.keeper.drain()  # labels of the step before, too
        await send(remit, message=f"case {len(model.outcomes)}")
        assert remit.keeper.drain()  # what has no place in the log yet must not look old
        small.clock.advance(3_000)  # over two days: marks are kept, and no audit is late
        await remit.heart.tick()
        model.outcomes.append("")


async def _step(remit: Remit, small: Small, model: Model, what: str, number: int) -> None:
    rows = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
    place = number % len(rows)
    row = rows[place]
    match what:
        case "case":
            await _case(remit, small, model)
        case "look":
            await remit.settled()
            before = remit.database.read(_governed)
            remit.scorecards()
            remit.cell_whole(CELL)
            assert remit.database.read(_governed) == before
        case "tick":
            await testing.pass_time(remit, small.clock, 61)
        case "correct":
            wrong = [one for one in rows if one.outcome == "wrong"]
            if wrong:
                row = wrong[number % len(wrong)]
                await _write(remit, row, lambda uow: audits.contest(
                    uow, row.action_id, person=ROSA, reason="it was as asked"
                ))  # fmt: skip
                said = _said(Outcome.RIGHT, source="correction", settled=True)
                await _write(remit, row, lambda uow: labels.give(uow, row.action_id, said))
                model.say(rows.index(row), "right")
        case _:
            if row.outcome not in {what, "wrong"}:  # what is wrong is mended by correction only
                said = _said(Outcome(what), settled=what == "void")
                await _write(remit, row, lambda uow: labels.give(uow, row.action_id, said))
                model.say(place, what)


def _said(outcome: Outcome, *, source: str = "audit", settled: bool = False) -> Said:
    return Said(outcome=outcome, code="test", source=source, reviewer=PAUL, settled=settled)


async def _write(remit: Remit, row: EvidenceRow, work: Callable[[UnitOfWork], object]) -> None:
    await remit.write(work, streams=(row.case_id,))


def _compare(remit: Remit, model: Model) -> None:
    rows = remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
    assert [row.outcome for row in rows] == model.outcomes
    entries = remit.entries(control_stream(NAME))
    lowered = [one.body["code"] for one in entries if one.event == "governance:grant:lowered"]
    assert lowered == ["breach"] * model.breaches
    card = remit.scorecard(CELL)
    assert card.level is (Level.SAMPLED if model.alone else Level.APPROVE_EACH)
    assert card.attempt == model.breaches
    alarms = remit.database.read(lambda c: plans.alarms(c, CELL))
    places = {row.action_id: place for place, row in enumerate(rows)}
    assert {places[one.row] for one in alarms if one.detector == "warn"} == model.warned
