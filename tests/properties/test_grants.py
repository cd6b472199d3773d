"""No sequence of looks, orders of arrival, restarts or writers side by side changes a grant.

One history of proposals, and what is said of each, is lived through twice on either database: once
as Hypothesis draws it, with labels in any order and several at one time, looks, ticks of the clock
and restarts in between, and once in a plain model that folds the whole in decision order.
"""

import asyncio
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remit import testing
from remit.app import Remit
from remit.domain.autonomy import Bar, Cell, Level, Outcome
from remit.domain.ids import control_stream
from remit.evidence import detector, gate
from remit.governance import alarm, labels
from remit.governance.labels import Said
from remit.governance.scorecard import Scorecard
from remit.store import evidence, plans
from remit.store.evidence import EvidenceRow
from tests import postgres
from tests.faults.lengths import times
from tests.projects import NAME, OLGA, PAUL, Small, send

BODY = "return (await run.act(note, text=case.message)).state"
ASSUMED = """
[workflow.actions.note.autonomy]
reviewers = "assumed"
cluster = "case"
"""
CELL = Cell(workflow=NAME, action="note")
ROWS_MAX = 36
RUN, BOUND = 10_000, 0.1  # of the breach detector where each case is approved


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Outcomes in decision order, none where nobody ever says; and how they are lived through."""

    outcomes: tuple[Outcome | None, ...]
    arrival: tuple[int, ...]  # in which order the labels come, by the place of their row
    together: int  # how many come at one time
    between: tuple[str, ...]  # what happens between them, in turn


@st.composite
def histories(draw: st.DrawFn) -> History:
    bad = draw(st.sampled_from([1, 6]))  # how often it is wrong: a cell that stays, or falls
    kind = st.sampled_from([Outcome.RIGHT] * 5 + [Outcome.WRONG] * bad + [Outcome.PENDING, None])
    outcomes = tuple(draw(st.lists(kind, min_size=12, max_size=ROWS_MAX)))
    spoken = [place for place, one in enumerate(outcomes) if one is not None]
    return History(
        outcomes=outcomes,
        arrival=tuple(draw(st.permutations(spoken))),
        together=draw(st.integers(1, 5)),
        between=tuple(
            draw(st.lists(st.sampled_from(["look", "tick", "again", "reopen"]), max_size=4))
        ),
    )


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_a_history_comes_to_the_same_however_it_is_lived_through(
    store: str, request: pytest.FixtureRequest
) -> None:
    server: postgres.Server | None = None
    if store == "postgresql":
        request.getfixturevalue("postgres_url")  # skips, and says why, where there is none
        server = request.getfixturevalue("postgres_server")

    @settings(
        max_examples=times(10, long=300), deadline=None,
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.target),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(history=histories())
    def lived(history: History) -> None:
        with _desk(server) as small:
            asyncio.run(_live(small, history))

    lived()


@contextmanager
def _desk(server: postgres.Server | None) -> Iterator[Small]:
    with TemporaryDirectory() as folder:
        url = None if server is None else server.create()
        yield Small(folder=Path(folder), database=url, granted=(), settings=ASSUMED)
        if server is not None and url is not None:
            server.drop(url)


async def _live(small: Small, history: History) -> None:
    """Live through a history as it was drawn, and compare what it came to with the model."""
    waiting = list(history.arrival)
    step = 0
    async with small.open(BODY, replays=False) as remit:
        for number in range(len(history.outcomes)):
            await send(remit, message=f"case {number}")
            small.clock.advance(1)
        places = [row.action_id for row in _rows(remit)]
        assert len(places) == len(history.outcomes)
    while waiting:
        async with small.open(replays=False) as remit:
            while waiting:
                batch, waiting = waiting[: history.together], waiting[history.together :]
                await _say(remit, history, places, batch)
                what = history.between[step % len(history.between)] if history.between else ""
                step += 1
                if what == "look":
                    remit.scorecards()
                elif what == "tick":
                    await testing.pass_time(remit, small.clock, 61)
                elif what == "again":
                    await _say(remit, history, places, batch)  # the same is said once more
                elif what == "reopen":
                    break
    async with small.open(replays=False) as remit:
        _compare(remit, history, places)


async def _say(remit: Remit, history: History, places: list[str], batch: list[int]) -> None:
    """Say what is said of these rows, all at one time."""
    said = {
        place: Said(
            outcome=outcome, code="test", source="audit", reviewer=OLGA if place % 2 else PAUL
        )
        for place in batch
        if (outcome := history.outcomes[place]) is not None
    }
    cases = {row.action_id: row.case_id for row in _rows(remit)}
    await asyncio.gather(
        *(
            remit.write(
                lambda uow, at=place, one=one: labels.give(uow, places[at], one),
                streams=(cases[places[place]],),
            )
            for place, one in said.items()
        )
    )


def _compare(remit: Remit, history: History, places: list[str]) -> None:
    """Compare levels, alarms and counts with a fold of the whole in decision order."""
    outcomes = [one or Outcome.PENDING for one in history.outcomes]
    card = remit.scorecard(CELL)
    fired = _fired(outcomes)
    alarms = remit.database.read(lambda c: plans.alarms(c, CELL))
    breaches = [one for one in alarms if one.detector == alarm.BREACH]
    lowered = [
        one for one in remit.entries(control_stream(NAME))
        if one.event == "governance:grant:lowered"
    ]  # fmt: skip
    assert len(lowered) == len(breaches) == (fired is not None)
    if fired is None:
        assert (card.level, card.attempt) == (Level.APPROVE_EACH, 0)
        _counted(card, outcomes, places)
    else:  # what was counted is over; the next attempt begins after its cooldown
        assert (card.level, card.attempt) == (Level.DRAFT, 1)
        assert card.counted is not None
        assert card.counted.rows == 0
        at = places.index(breaches[0].row)
        assert at >= fired  # with less known of the rows before it fires at the same row or later
    assert remit.scorecard(CELL) == card


def _fired(outcomes: list[Outcome]) -> int | None:
    state = detector.start(rate_max=BOUND, run_min=RUN)
    for place, outcome in enumerate(outcomes):
        state = detector.step(state, wrong=outcome is Outcome.WRONG)
        if state.fires:
            return place
    return None


def _counted(card: Scorecard, outcomes: list[Outcome], places: list[str]) -> None:
    counted = card.counted
    assert counted is not None
    right = outcomes.count(Outcome.RIGHT)
    wrong = len(outcomes) - right
    bar = Bar(error_max=0.1, false_grant_max=0.1)  # of risk low
    assert (counted.rows, counted.wrong, counted.last) == (len(outcomes), wrong, places[-1])
    expected = gate.log_evidence(wrong=wrong, right=right, error_max=bar.error_max)
    assert math.isclose(counted.log_evidence, expected, rel_tol=1e-9, abs_tol=1e-9)
    assert counted.missing == gate.labels_missing(wrong=wrong, right=right, bar=bar)


def _rows(remit: Remit) -> list[EvidenceRow]:
    return remit.database.read(lambda c: list(evidence.of_cell(c, CELL)))
