"""Every requirement is shown by a test with its number, or said to be open in `critiques.md`."""

import re
from pathlib import Path

from tests.security.checklist import CHECKLIST, SECTIONS, numbered

ROOT = Path(__file__).parents[2]
OPEN = re.compile(r"^- \*\*Requirement (\d+)\.\*\* (.+?)$", re.MULTILINE)


def test_there_are_fifty_in_order_and_each_is_in_a_section() -> None:
    assert [one.number for one in CHECKLIST] == list(range(1, 51))
    assert [n for numbers in SECTIONS.values() for n in numbers] == list(range(1, 51))


def test_each_has_a_test_of_its_number_or_is_open() -> None:
    """One that is open has no test, or the page would say two things."""
    shown = numbered()
    assert {number for number in shown if not 1 <= number <= 50} == set()
    for one in CHECKLIST:
        assert bool(shown.get(one.number)) != bool(one.lacks), one.number


def test_what_is_open_stands_in_the_critiques_and_nothing_else_does() -> None:
    said = {int(n): text for n, text in OPEN.findall((ROOT / "docs/critiques.md").read_text())}
    assert said == {
        one.number: one.lacks[:1].upper() + one.lacks[1:] + "." for one in CHECKLIST if one.lacks
    }


def test_what_tests_deeper_is_there() -> None:
    for one in CHECKLIST:
        for name in one.also:
            assert (ROOT / name).is_file(), f"{one.number}: {name}"
