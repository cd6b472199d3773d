"""Text from outside becomes pieces that hide nothing."""

from hypothesis import given
from hypothesis import strategies as st

from remit.console.hostile import QUOTE_CHARACTERS_MAX, is_hidden, pieces, quoted


def test_a_token_reads_as_its_type_and_four_characters() -> None:
    found = pieces("to PERSON_7K3QX4M2, please")
    assert [(one.kind, one.text, one.whole) for one in found] == [
        ("text", "to ", ""),
        ("token", "person 7K3Q", "PERSON_7K3QX4M2"),
        ("text", ", please", ""),
    ]


def test_hidden_characters_of_a_value_are_named_where_they_stand() -> None:
    found = pieces("a\u202eb\u200bc\U000e0041d\x07")
    assert [one.text for one in found] == [
        "a",
        "U+202E right-to-left override",
        "b",
        "U+200B zero width space",
        "c",
        "U+E0041 tag latin capital letter a",
        "d",
        "U+0007 control character",
    ]


def test_a_quote_is_cut_with_a_way_to_the_whole() -> None:
    found = quoted("x" * 10_240)
    assert sum(len(one.text) for one in found.shown) == QUOTE_CHARACTERS_MAX
    assert sum(len(one.text) for one in found.shown + found.rest) == 10_240
    assert found.characters == 10_240


def test_a_quote_names_each_kind_of_hidden_character_once() -> None:
    assert quoted("a\u200bb\u200bc").hidden == ("U+200B zero width space",)


def test_a_stack_of_combining_marks_does_not_leave_its_line() -> None:
    assert len(pieces("e" + "\u0301" * 400)[0].text) == 5


@given(st.text())
def test_no_shown_piece_holds_a_hidden_character(text: str) -> None:
    shown = [*pieces(text), *quoted(text).shown, *quoted(text).rest]
    assert not [one for one in shown if any(is_hidden(letter) for letter in one.text)]


@given(st.text(alphabet="abc `<>&_0123456789ABCDEF"))
def test_plain_text_comes_through_whole(text: str) -> None:
    assert "".join(one.whole or one.text for one in pieces(text)) == text
