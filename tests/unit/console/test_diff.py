"""Long values are compared by word, and both texts can be read from what is shown."""

from hypothesis import given
from hypothesis import strategies as st

from remit.console.diff import WORDS_MAX, by_word

LETTER = "Dear Anna, your parcel is late. We are sorry and send another one at once."


def test_only_the_words_that_differ_are_marked() -> None:
    found = by_word(LETTER, LETTER.replace("late", "lost"))
    assert [(one.kind, one.text) for one in found] == [
        ("same", "Dear Anna, your parcel is "),
        ("gone", "late"),
        ("new", "lost"),
        ("same", ". We are sorry and send another one at once."),
    ]


def test_short_values_and_those_that_are_not_known_stand_side_by_side() -> None:
    assert by_word("19.00 EUR", "20.00 EUR") == ()
    assert by_word(None, LETTER) == by_word("", LETTER) == ()
    assert by_word("a " * WORDS_MAX, LETTER) == ()


@given(st.text(min_size=1), st.text())
def test_both_texts_come_through_whole(now: str, after: str) -> None:
    found = by_word(now, after)
    if found:
        assert "".join(one.text for one in found if one.kind != "new") == now
        assert "".join(one.text for one in found if one.kind != "gone") == after
