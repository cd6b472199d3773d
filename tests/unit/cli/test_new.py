"""`remit new`: a project that runs at once."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from remit.cli import main as cli
from remit.cli.new import commands, scaffold
from remit.errors import SettingsError
from remit.models import local, nearest


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE", "KEYS", "TRAINED", "PROJECT"):
        monkeypatch.delenv(f"REMIT_{name}", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_scaffold_runs_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["new", "help-desk"]) == 0
    said = capsys.readouterr().out
    assert [line.strip() for line in said.splitlines()[-3:]] == list(
        commands("help-desk", Path("help-desk"))
    )
    monkeypatch.chdir(tmp_path / "help-desk")
    assert cli.main(["run", "help-desk", "--input", "cases.jsonl"]) == 0
    shown = capsys.readouterr().out
    assert "closed 0 + open 4 + quarantined 1 = 5 of 5 received: holds" in shown
    assert "(held 2, escalated 2, other 0)" in shown


@pytest.mark.parametrize("kind", [local, nearest])
def test_either_classifier_learns_enough_from_the_scaffold(
    tmp_path: Path, kind: ModuleType
) -> None:

    scaffold("x", tmp_path / "x", today="2026-11-24")
    lines = (tmp_path / "x" / "training.jsonl").read_text("utf-8").splitlines()
    made = kind.train([(row["text"], row["label"]) for row in map(json.loads, lines)], seed=7)
    sure = made.choose("When are you open on Saturday?")
    assert sure.choice == "question"
    assert sure.confidence is not None
    assert sure.confidence.ppm > 500_000


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    assert cli.main(["new", "help-desk", "--into", str(tmp_path)]) == 2
    assert "holds something" in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    made = scaffold("help-desk", tmp_path, today="2026-11-24")
    assert tmp_path / "remit.toml" in made
    assert "{{" not in "".join(one.read_text("utf-8") for one in made)


@pytest.mark.parametrize("name", ["Help", "1st", "a b", "a--b", "-a", "", "x" * 41, "../x"])
def test_a_bad_name_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="no name for a workflow"):
        scaffold(name, tmp_path / "p", today="2026-11-24")
    assert not (tmp_path / "p").exists()
