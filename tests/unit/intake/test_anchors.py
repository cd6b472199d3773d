"""The scan for anchors: which scanner is in use, and that each is there for the tests."""

import sys
from collections.abc import Iterator

import pytest

from remit.intake import accelerator, anchors


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Forget what was compiled, before and after."""
    for cached in (anchors.scanner, anchors._compiled):
        cached.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for cached in (anchors.scanner, anchors._compiled):
        cached.cache_clear()


def test_every_scanner_is_installed_for_the_tests() -> None:
    raw = b"my ssn: 123-45-6789"
    found = [anchors.anchors(raw, by=name) for name in anchors.SCANNERS]
    assert found == [{anchors.Anchor.NAME: [3], anchors.Anchor.LAYOUT: [8]}] * 3


@pytest.mark.parametrize(
    ("missing", "used"),
    [((), "hyperscan"), (("hyperscan",), "google-re2"), (("hyperscan", "re2"), "re")],
)
def test_the_fastest_one_that_is_installed_is_used(
    fresh: pytest.MonkeyPatch, missing: tuple[str, ...], used: str
) -> None:
    for name in missing:
        fresh.setitem(sys.modules, name, None)
    assert anchors.scanner() == used
    assert anchors.anchors(b"nip 1")[anchors.Anchor.NAME] == [0]


def test_a_processor_that_hyperscan_refuses_is_left_to_the_next(
    fresh: pytest.MonkeyPatch,
) -> None:
    import hyperscan

    class Refusing(hyperscan.Database):
        def compile(self, **_: object) -> None:
            raise hyperscan.error("needs SSE4.2")

    fresh.setattr(hyperscan, "Database", Refusing)
    assert anchors.scanner() == "google-re2"


def test_a_scanner_that_was_asked_for_and_is_not_there_is_no_silent_other_one(
    fresh: pytest.MonkeyPatch,
) -> None:
    fresh.setitem(sys.modules, "re2", None)
    with pytest.raises(ImportError, match="google-re2"):
        anchors.anchors(b"nip 1", by=accelerator.NAMES[1])
