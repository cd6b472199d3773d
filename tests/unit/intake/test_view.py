"""The decoded view: what is folded, and that nothing which folds is overlooked."""

import sys

from remit.intake.view import _ALIKE, _FOLD, view_of


def test_every_character_that_folds_is_in_the_ranges_that_are_looked_at() -> None:
    folding = [chr(point) for point in range(sys.maxunicode + 1) if _FOLD[point] != point]

    assert len(folding) > 700
    assert [char for char in folding if not _ALIKE.match(char)] == []


def test_look_alikes_become_plain_one_to_one() -> None:
    assert view_of("４１１１\u00a0１１１１\u2011٣").text == "4111 1111-3"


def test_places_in_the_view_lead_back_to_the_source() -> None:
    view = view_of("a%2540b&#64;c")

    assert view.text == "a@b@c"
    assert view.source(1, 2) == (1, 6)
    assert view.source(3, 4) == (7, 12)
