"""What is shown of a cell: the table it stands on, what would lower it, and how much is read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.domain import clock
from remit.domain.autonomy import Bar
from remit.domain.plan import DAY_US
from remit.evidence import detector
from remit.governance import cell_rows, cell_whole, cells, counterfactual
from remit.governance.evidence_path import POINTS_MAX, ROWS_MAX
from remit.store import projections
from remit.store.database import Database, open_database
from tests.browser import sample_remit
from tests.browser.samples import NOW

NORMAL = Bar(error_max=0.05, false_grant_max=0.05)
MANY = ROWS_MAX + 500


def test_the_table_is_shown_from_none_wrong_to_where_the_cell_stands() -> None:
    rows = cells.table(NORMAL, wrong=1)
    assert [one.labels for one in rows] == [74, 131, 174, 213, 249, 284]
    assert [one.here for one in rows] == [False, True, False, False, False, False]
    far = cells.table(NORMAL, wrong=20)
    assert [one.wrong for one in far] == [0, 1, 2, 3, 4, 5, 19, 20, 21, 22]
    assert next(one.labels for one in far if one.here) == 727


@pytest.mark.parametrize(("run", "wrong"), [(10_000, 4), (1_000, 3)])
def test_so_many_wrong_in_a_row_fire_a_detector_at_rest(run: int, wrong: int) -> None:
    assert cells.streak(detector.start(rate_max=0.05, run_min=run)) == wrong


def test_all_attempts_of_one_behaviour_spend_at_most_twice_the_chance() -> None:
    assert cells.spent(NORMAL, attempts=0) == 0
    assert cells.spent(NORMAL, attempts=1) == 0.05
    assert cells.spent(NORMAL, attempts=2) == pytest.approx(0.0804, abs=1e-4)
    assert 0.0999 < cells.spent(NORMAL, attempts=1_000) < 0.1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 seconds"), (1, "1 second"), (60, "1 minute"), (100, "100 seconds"),
     (3_600, "1 hour"), (7 * 3_600, "7 hours"), (52 * 86_400, "52 days")],
)  # fmt: skip
def test_a_span_of_time_is_said_in_the_unit_that_fits_it(seconds: int, said: str) -> None:
    assert counterfactual.span(seconds) == said


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A cell with more rows than are read for its chart."""
    folder: Path = tmp_path_factory.mktemp("many")
    opened = open_database(f"sqlite:///{folder / 'cells.db'}", schema=projections.SCHEMA)
    connection = opened.writer()
    connection.begin(write=True)
    begun = clock.microseconds(NOW) - 80 * DAY_US
    sample_remit._rows(
        connection, sample_remit.FALLEN, since_us=begun, every_us=79 * DAY_US // MANY, count=MANY,
        wrong=set(range(0, MANY, 50)),
    )  # fmt: skip
    connection.commit()
    connection.close()
    yield opened
    opened.close()


def test_a_chart_reads_the_newest_rows_and_says_so(many: Database) -> None:
    plan, frame = sample_remit._framed(sample_remit.FALLEN)
    now_us = clock.microseconds(NOW)
    found = many.read(lambda c: cell_whole.of(c, plan, sample_remit.FALLEN, frame, now_us=now_us))
    path, told = found.path, found.counterfactual
    assert (path.rows, path.cut) == (ROWS_MAX, True)
    assert len(path.buckets) <= POINTS_MAX
    assert sum(one.right + one.wrong for one in path.buckets) == ROWS_MAX
    assert {one.last - one.first + 1 for one in path.buckets[:-1]} == {path.step}
    assert all(len(one.steps) <= POINTS_MAX + one.rows // 50 for one in path.watches)
    assert found.cell.evidence is not None
    assert found.cell.evidence.rows == MANY  # the scorecard counts them all
    assert told is not None
    assert (told.looked, told.cut) == (counterfactual.LOOKED_MAX, True)
    page = many.read(
        lambda c: cell_rows.page(
            c, plan, sample_remit.FALLEN, fingerprint=frame.fingerprint, after=None, limit=9_999,
            now_us=now_us,
        )
    )  # fmt: skip
    assert len(page.rows) == cell_rows.ROWS_MAX
