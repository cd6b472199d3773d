"""Recognisers of others: they add values, take none away, and close masking where they fail."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remit.errors import MaskingFailedError, SettingsError
from remit.intake.detect import find
from remit.intake.mask import Masker
from remit.intake.plugins import PLUGINS
from remit.intake.vault import ScopeVault

ROOT = Path(__file__).parents[3]
MODULE = """
def greedy(text):
    at = text.find("Zebra")
    if at >= 0:
        yield at, at + 5, "PERSON", 1.0
    yield 0, len(text), "TEXT", 1.0

def only_zebra(text):
    at = text.find("Zebra")
    if at >= 0:
        yield at, at + 5, "PERSON", 1.0

def broken(text):
    raise RuntimeError("no model")

def odd(text):
    yield 5, 2, "PERSON", 1.0
"""
POINTS = """
[remit.recognisers]
only_zebra = offered_for_tests:only_zebra
greedy = offered_for_tests:greedy
broken = offered_for_tests:broken
odd = offered_for_tests:odd
missing = offered_for_tests:nothing
"""


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A package that offers recognisers, installed for one test."""
    about = tmp_path / "offered_for_tests-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: offered-for-tests\nVersion: 1\n")
    (about / "entry_points.txt").write_text(POINTS)
    (tmp_path / "offered_for_tests.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda name: PLUGINS.use([name])
    PLUGINS.use([])
    sys.modules.pop("offered_for_tests", None)


def masker() -> Masker:
    return Masker(
        ScopeVault(
            "case", root_key=b"k" * 32, check_key=b"k" * 32, rows=(), random_bytes=os.urandom
        )
    )


def test_what_it_finds_is_masked(offered: Callable[[str], None]) -> None:
    offered("only_zebra")

    assert [one.type for one in find("ask Zebra or anna@example.org")] == ["PERSON", "EMAIL"]


def test_it_takes_nothing_away(offered: Callable[[str], None]) -> None:
    before = find("write to anna@example.org")
    offered("greedy")
    after = find("write to anna@example.org")

    assert (after[0].start, after[-1].end) == (0, 25)
    assert before[0].end <= after[0].end


def test_where_it_fails_nothing_is_masked_by_halves(offered: Callable[[str], None]) -> None:
    for name in ("broken", "odd"):
        offered(name)
        with pytest.raises(MaskingFailedError):
            masker().mask_text("write to anna@example.org")


@pytest.mark.parametrize("name", ["missing", "unheard_of"])
def test_one_that_is_not_there_stops_the_start(offered: Callable[[str], None], name: str) -> None:
    with pytest.raises(SettingsError):
        offered(name)


def test_names_are_found_where_they_are_switched_on() -> None:
    pytest.importorskip("wordfreq")
    pytest.importorskip("faker")
    assert find("we met Jennifer Lawson at noon") == ()
    PLUGINS.use(["names"])
    try:
        assert [one.type for one in find("we met Jennifer Lawson at noon")] == ["PERSON"]
    finally:
        PLUGINS.use([])


PRESIDIO = ROOT / "var" / "bench" / "presidio" / "lib"
RECIPE = """
import sys
sys.path += [{presidio!r}, {systems!r}]
import logging; logging.disable(50)
import presidio_finder
from remit.intake.plugins import PLUGINS
from remit.intake.detect import find
analyzer = presidio_finder.engine(countries=True)

def presidio(text):
    kinds = {{"IN_PAN": "NATID", "US_DRIVER_LICENSE": "NATID", "UK_POSTCODE": "ADDRESS"}}
    for one in analyzer.analyze(text=text, language="en", entities=list(kinds)):
        yield one.start, one.end, kinds[one.entity_type], one.score

PLUGINS._loaded = (("presidio", presidio),)
print([(one.type, one.start, one.end) for one in find("post code SW1A 1AA, mail a@example.org")])
"""


@pytest.mark.skipif(
    not PRESIDIO.is_dir(),
    reason="not shipped: Presidio; `python -m bench --only masking` makes its environment",
)
def test_presidio_itself_runs_as_one() -> None:
    code = RECIPE.format(
        presidio=str(next(PRESIDIO.glob("python*")) / "site-packages"),
        systems=str(ROOT / "bench" / "masking" / "systems"),
    )
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr[-800:]
    assert ended.stdout.strip() == "[('ADDRESS', 10, 18), ('EMAIL', 25, 38)]"
