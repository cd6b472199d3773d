"""How near cells are to their next level: in order, with a rate that is only shown."""

import math

import pytest

from remit.domain import clock
from remit.domain.autonomy import Bar
from remit.errors import RequestInvalidError
from remit.evidence import gate, shrunken
from remit.governance import cell_map, cell_words, nearness
from remit.governance.cells import CellView
from tests.browser import sample_remit
from tests.browser.sample_remit import CELLS, DRAFTED, EMPTY, FALLEN, READY, TOP
from tests.browser.samples import NOW


@pytest.fixture(scope="module")
def found() -> tuple[CellView, ...]:
    known = [(cell, *sample_remit._framed(cell)) for cell in CELLS]
    now_us = clock.microseconds(NOW)
    return sample_remit._world(NOW).read(lambda c: cell_map.of(c, known, now_us=now_us))


def named(found: tuple[CellView, ...], cell: object) -> CellView:
    return next(one for one in found if one.cell == getattr(cell, "name", cell))


def test_siblings_are_the_segments_of_one_action(found: tuple[CellView, ...]) -> None:
    ready, empty = named(found, READY), named(found, EMPTY)
    assert ready.evidence is not None
    judged = ready.evidence.wrong - ready.evidence.pending, ready.evidence.rows
    rates = shrunken.rates({"ready": judged, "empty": (0, 0)})
    assert ready.near is not None
    assert empty.near is not None
    assert (ready.near.rate, empty.near.rate) == (rates["ready"], rates["empty"])
    assert ready.near.cells == empty.near.cells == 2
    assert named(found, TOP).near is None  # nothing is above it


def test_what_is_pending_says_nothing_of_the_rate(found: tuple[CellView, ...]) -> None:
    drafted = named(found, DRAFTED)
    assert drafted.evidence is not None
    assert drafted.evidence.pending == 2
    assert drafted.near is not None
    assert drafted.near.rate == (2 + 0.5) / (24 + 1)
    bar = Bar(error_max=0.2, false_grant_max=0.1)
    mean = gate.labels_expected(rate=0.1, bar=bar)
    assert mean is not None
    assert drafted.near.labels == max(math.ceil(mean) - 26, drafted.evidence.missing or 0)
    assert drafted.near.days == math.ceil(drafted.near.labels / drafted.evidence.rows_a_day)


def test_the_nearest_come_first_in_each_workflow_and_the_highest_last(
    found: tuple[CellView, ...],
) -> None:
    ordered = nearness.ordered(found, "nearest")
    desk = [one for one in ordered if one.workflow == "refund-desk"]
    assert ordered == [*desk, named(found, DRAFTED)]
    assert desk[-1].cell == TOP.name
    days = [one.near.days for one in desk if one.near is not None and one.near.days is not None]
    assert days == sorted(days)
    assert desk[0].cell == READY.name  # its labels are enough
    assert nearness.ordered(found, "declared") == list(found)
    with pytest.raises(RequestInvalidError, match="`declared` or `nearest`"):
        nearness.ordered(found, "best")


def test_the_rate_is_said_to_be_shown_only(found: tuple[CellView, ...]) -> None:
    said = {one.cell: cell_words.nearness(one) for one in found}
    assert said[TOP.name] == ""
    assert "display only, it never decides" in said[READY.name]
    assert "Its labels are enough." in said[READY.name]
    assert "drawn towards 2 cells of its action" in said[EMPTY.name]
    assert "at the present pace" in said[DRAFTED.name]
    assert "of its own" in said[FALLEN.name] or said[FALLEN.name] == ""
