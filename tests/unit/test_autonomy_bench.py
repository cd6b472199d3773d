"""A seeded tenth of every simulated figure of earned autonomy comes out as expected."""

from pathlib import Path

import pytest

from bench.autonomy.__main__ import main
from bench.autonomy.part import MissingDataError, Row, table
from bench.autonomy.parts import PARTS

SIMULATED = [name for name, part in PARTS.items() if part.runs]


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATED)
def test_a_tenth_of_a_simulated_part_comes_out_as_expected(name: str) -> None:
    try:
        rows = PARTS[name].run(tenth=True)
    except MissingDataError as error:
        pytest.skip(str(error))
    assert rows
    assert [f"{row.what}, {row.at}: {row}" for row in rows if not row.is_near] == []


def test_a_figure_that_is_off_or_misses_its_goal_says_so() -> None:
    exact = Row(what="a", at="x", found=0.0502, expected=0.05, slack=0.0005, at_most=0.05)
    assert str(exact) == "0.050 (0.050) MISSED"
    off = Row(what="a", at="y", found=0.12, expected=0.10, error=0.006)
    assert str(off) == "0.120 (0.100) ≠"
    near = Row(what="b", at="y", found=0.12, expected=0.10, error=0.007, at_least=0.1)
    assert str(near) == "0.120 (0.100)"
    assert str(table("t", [exact, off, near])).splitlines()[4:] == [
        "| a | 0.050 (0.050) MISSED | 0.120 (0.100) ≠ |",
        "| b |                      |   0.120 (0.100) |",
    ]


def test_the_command_prints_one_part(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.autonomy.__main__.HOME", tmp_path)
    assert main(["--only", "stamps"]) == 0
    assert "| finds 70% | 0.9047 (0.9050) |     183 (183) |" in capsys.readouterr().out
