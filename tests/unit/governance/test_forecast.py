"""What a grant is likely to do each week: figures from what was measured, and none made up."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from remit.domain import clock
from remit.domain.autonomy import Level
from remit.domain.plan import DAY_US
from remit.governance import cell_whole, forecast
from remit.governance.forecast import NOT_MEASURED, Forecast
from remit.store import projections
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from tests.browser import sample_remit
from tests.browser.sample_remit import FALLEN, READY
from tests.browser.samples import NOW

NOW_US = clock.microseconds(NOW)
PLAN, FRAME = sample_remit._framed(FALLEN)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path / 'cells.db'}", schema=projections.SCHEMA)
    yield made
    made.close()


def filled(opened: Database, *, count: int, scored: bool = False, open_seconds: list[int]) -> None:
    """Have so many proposals come in, four a day up to now, some of them said yes to."""
    connection = opened.writer()
    connection.begin(write=True)
    sample_remit._rows(
        connection, FALLEN, since_us=NOW_US - count * DAY_US // 4, every_us=DAY_US // 4,
        count=count, wrong={3}, scored=scored,
    )  # fmt: skip
    connection.execute("update evidence set eligible = 0 where action_id like '%5'")
    asked = [
        {"approval_id": f"{n:032x}", "action_id": sample_remit.action_id(FALLEN, n)}
        for n in range(count)
    ]
    sample_remit._put(connection, "approvals", asked)
    votes = [
        {"approval_id": f"{count - 1 - n:032x}", "person": "l.costa", "role": "r",
         "seconds_open": seconds}
        for n, seconds in enumerate(open_seconds)
    ]  # fmt: skip
    sample_remit._put(connection, "votes", votes)
    connection.commit()
    connection.close()


def told(
    opened: Database, *, to: Level = Level.SAMPLED, threshold: int | None = None,
    scored: bool = False, rate_max: float | None = 0.03,
) -> Forecast | None:  # fmt: skip
    def work(connection: Connection) -> Forecast | None:
        return forecast.of(
            connection, PLAN, FALLEN, fingerprint=FRAME.fingerprint, to=to, threshold=threshold,
            scored=scored, rate_max=rate_max, now_us=NOW_US,
        )  # fmt: skip

    return opened.read(work)


def test_each_figure_is_what_came_in_lately_a_week(opened: Database) -> None:
    seconds = [30, 40, 80, 20, 600]
    filled(opened, count=112, open_seconds=seconds)
    found = told(opened)
    assert found is not None
    held = sum(f"{n:x}".endswith("5") for n in range(112))
    assert (found.proposals, found.days) == (112, 28)
    assert found.eligible_a_week == pytest.approx((112 - held) / 4)
    assert (found.share_enough, found.alone_a_week) == (1.0, found.eligible_a_week)
    assert found.held_a_week == pytest.approx(held / 4)
    assert found.audits_a_week == pytest.approx(0.25 * (112 - held) / 4)
    assert found.wrong_a_week_max == pytest.approx(0.03 * (112 - held) / 4)
    assert found.review_seconds == median(seconds) == 40
    assert found.minutes_saved_a_week == pytest.approx(0.75 * (112 - held) / 4 * 40 / 60)


def test_what_is_older_than_four_weeks_says_nothing(opened: Database) -> None:
    filled(opened, count=400, open_seconds=[])
    found = told(opened)
    assert found is not None
    assert found.proposals == 112


def test_what_was_not_measured_is_not_made_up(opened: Database) -> None:
    found = told(opened, rate_max=None)
    assert found is not None
    assert "Nothing came in lately" in found.said
    assert found.alone_a_week is None
    said = dict(found.figures)
    assert said.pop("Eligible cases a week") == "0"
    assert said.pop("Cost of models a case").startswith("not measured: ")
    assert set(said.values()) == {NOT_MEASURED}
    filled(opened, count=40, open_seconds=[])
    found = told(opened)
    assert found is not None
    assert (found.review_seconds, found.minutes_saved_a_week) == (None, None)
    assert found.alone_a_week is not None


def test_only_confidence_that_is_enough_runs_alone(opened: Database) -> None:
    filled(opened, count=112, scored=True, open_seconds=[])
    assert told(opened, to=Level.APPROVE_EACH) is None  # nothing runs alone there
    uncertified = told(opened, scored=True)
    assert uncertified is not None
    assert (uncertified.share_enough, uncertified.alone_a_week) == (None, None)
    scores = opened.read(
        lambda c: [int(r[0]) for r in c.rows("select score from evidence where eligible = 1")]
    )
    bound = sorted(scores)[len(scores) // 3]
    found = told(opened, scored=True, threshold=bound)
    assert found is not None
    assert found.share_enough == pytest.approx(sum(s >= bound for s in scores) / len(scores))
    assert found.alone_a_week == pytest.approx(found.share_enough * found.eligible_a_week)


def test_a_cell_shows_the_forecast_of_the_grant_beside_what_it_would_have_done() -> None:
    plan, frame = sample_remit._framed(READY)
    found = sample_remit._world(NOW).read(
        lambda c: cell_whole.of(c, plan, READY, frame, now_us=NOW_US)
    )
    assert found.forecast is not None
    assert found.counterfactual is not None
    assert found.counterfactual.rate is not None
    assert found.forecast.rate_max == found.counterfactual.rate[1]
    assert found.forecast.review_seconds == 40
