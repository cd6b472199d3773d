"""The ladder of character sets: what is declared and holds, and candidates where nothing does."""

import pytest

from remit.intake import charsets
from remit.intake.outcome import Field
from remit.intake.reasons import ReasonCode


def code(field: Field) -> ReasonCode | None:
    return None if field.reason is None else field.reason.code


def grounds(field: Field) -> list[str]:
    return [one.code for one in field.assumptions]


@pytest.mark.parametrize(
    ("data", "declared", "text", "ground"),
    [
        ("Größe".encode(), None, "Größe", None),
        ("Größe".encode(), "utf-8", "Größe", None),
        ("Größe".encode("cp1252"), "windows-1252", "Größe", None),
        ("Größe".encode(), "iso-8859-1", "Größe", "utf8_over_declared"),
        ("5 €".encode("cp1252"), "iso-8859-1", "5 €", "charset_superset"),
        ("Größe".encode("utf-16"), "utf-8", "Größe", None),
        ("Größe".encode("utf-8-sig"), None, "Größe", None),
        ("你好".encode("gb18030"), "gb2312", "你好", None),
        (b"+ADw-script+AD4-", "utf-7", "+ADw-script+AD4-", None),
        (b"plain", "no-such-set", "plain", None),
    ],
)
def test_the_ladder_of_character_sets(
    data: bytes, declared: str | None, text: str, ground: str | None
) -> None:
    field = charsets.decode(data, declared)
    assert (field.value, grounds(field)) == (text, [ground] if ground else [])


def test_a_short_text_of_no_certain_set_has_candidates() -> None:
    field = charsets.decode(b"Jos\xe9")
    assert code(field) is ReasonCode.TEXT_CHARSET_UNCLEAR
    assert field.reason is not None
    assert {"José", "Josй"} <= set(field.reason.candidates)
    assert code(charsets.decode("cut é".encode()[:-1])) is ReasonCode.TEXT_CHARSET_UNCLEAR


def test_a_long_text_is_guessed_and_says_so() -> None:
    text = "Прошу вернуть деньги за заказ, куртка мне мала и я её не носила. " * 6
    field = charsets.decode(text.encode("cp1251"))
    assert (field.value, grounds(field)) == (text, ["charset_guessed"])
