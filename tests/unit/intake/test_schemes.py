"""National numbers: five of every scheme are found, and what only looks like one is not.

The numbers are drawn from a seed at run time; none is written down.
"""

import random
import re
from collections.abc import Iterator

import pytest

from remit.intake.detect import find
from remit.intake.schemes import GENERAL, SCHEMES, Scheme, fits

HITS = 5
TRIES_MAX = 200_000
SEED = 2026


def drawn(pattern: str, rng: random.Random) -> str:
    """Return some text that a simple pattern may match; the caller asks whether it does."""
    return "".join(_drawn(re._parser.parse(pattern), rng))  # type: ignore[attr-defined]


def _drawn(items: object, rng: random.Random) -> Iterator[str]:
    for kind, value in items:  # type: ignore[attr-defined]
        name = str(kind)
        if name == "LITERAL":
            yield chr(value)
        elif name == "IN":
            yield rng.choice(_members(value))
        elif name in ("MAX_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, what = value
            for _ in range(rng.choice((least, most))):
                yield from _drawn(what, rng)
        elif name == "BRANCH":
            yield from _drawn(rng.choice(value[1]), rng)
        elif name == "SUBPATTERN":
            yield from _drawn(value[3], rng)


def _members(value: list[tuple[object, object]]) -> str:
    chars = ""
    for kind, what in value:
        if str(kind) == "LITERAL":
            chars += chr(what)  # type: ignore[arg-type]
        elif str(kind) == "RANGE":
            chars += "".join(map(chr, range(what[0], what[1] + 1)))  # type: ignore[index]
        else:
            chars += "0123456789"
    return chars


def numbers(scheme: Scheme, count: int = HITS) -> list[str]:
    """Return valid numbers of a scheme."""
    rng = random.Random(f"{SEED} {scheme.label}")
    found: list[str] = []
    for _ in range(TRIES_MAX):
        number = drawn(scheme.shape, rng)
        if fits(scheme, number):
            found.append(number)
            if len(found) == count:
                return found
    raise AssertionError(scheme.label)


def labels(text: str, *, label: str = "") -> set[str]:
    return {one.label for one in find(text, label=label)}


EVERY = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda one: one.label)
NAMELESS = [one for one in GENERAL if not one.alone]


def _label(scheme: Scheme) -> str:
    return "NPI" if scheme.label == "US_NPI" else scheme.label


def test_there_are_schemes_of_two_dozen_countries() -> None:
    assert len(SCHEMES) >= 34
    assert len({one.country for one in SCHEMES}) >= 24


@EVERY
def test_a_number_behind_its_name_is_found(scheme: Scheme) -> None:
    for number in numbers(scheme):
        text = f"{scheme.names[0]}: {number}, thanks"

        assert [
            (one.label, text[one.start : one.end])
            for one in find(text)
            if one.end > len(scheme.names[0]) + 2
        ] == [(_label(scheme), number)]


@EVERY
def test_a_number_whose_check_is_wrong_is_found_behind_a_telling_name_only(scheme: Scheme) -> None:
    rng = random.Random(f"{SEED} {scheme.label} wrong")
    wrong: list[str] = []
    for _ in range(2_000):
        number = drawn(scheme.shape, rng)
        if not fits(scheme, number) and re.fullmatch(scheme.shape, number):
            wrong.append(number)
    for number in wrong[:HITS]:
        found = _label(scheme) in labels(f"{scheme.names[0]}: {number}")

        assert found == scheme.telling


@EVERY
def test_a_number_that_goes_on_is_none(scheme: Scheme) -> None:
    for number in numbers(scheme):
        for text in (f"{scheme.names[-1]}: x{number}x", f"{scheme.names[-1]}: {number}{number}"):
            assert _label(scheme) not in labels(text)


@pytest.mark.parametrize("scheme", NAMELESS, ids=lambda one: one.label)
def test_digits_alone_are_nobodys_number(scheme: Scheme) -> None:
    for number in numbers(scheme):
        for text in (f"order number {number}", f"we counted {number} of them", f"ean: {number}"):
            assert "NATID" not in {one.type for one in find(text)}


@pytest.mark.parametrize("scheme", GENERAL, ids=lambda one: one.label)
def test_a_key_that_says_tax_id_is_context_enough(scheme: Scheme) -> None:
    for number in filter(str.isdigit, numbers(scheme)):
        assert "NATID" in {one.type for one in find(number, label="tax_id")}


@pytest.mark.parametrize(
    ("text", "label", "value"),
    [
        ("PESEL 440514\n01458", "PL_PESEL", "440514\n01458"),
        ("PESEL 4 4 0 5 1 4 0 1 4 5 8.", "PL_PESEL", "4 4 0 5 1 4 0 1 4 5 8"),
        ("PESEL 44O514Ol458,", "PL_PESEL", "44O514Ol458"),
        ("123456782 is my TFN", "AU_TFN", "123456782"),
        ("12345678Z", "ES_DNI", "12345678Z"),
        ("131052-308T", "FI_HETU", "131052-308T"),
        ("ssn: 123 45 6789", "US_SSN", "123 45 6789"),
    ],
)
def test_a_number_is_found_broken_over_lines_spaced_or_misread(
    text: str, label: str, value: str
) -> None:
    assert (label, value) in [(one.label, text[one.start : one.end]) for one in find(text)]


def test_a_time_without_marks_is_nobodys_number() -> None:
    times = [f"20261{month}{day:02d}{hour:02d}05" for month in "012" for day in range(1, 29)
             for hour in range(24)]  # fmt: skip

    assert [text for text in times if find(f"at {text} sharp")] == []


def test_a_name_explains_one_number() -> None:
    pesel, other = numbers(SCHEMES[0], 2)
    text = f"PESEL {pesel} paid {other} points"

    assert [(one.start, one.end) for one in find(text)] == [(6, 17)]
