"""`remit inventory` lists what runs, before the first message and after."""

from pathlib import Path

import pytest

from remit.cli import main as cli
from remit.cli.new import scaffold
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


def test_what_runs_is_listed_with_its_levels(remit: Cli) -> None:  # noqa: F811
    (one,) = remit.json("inventory")
    assert (one["workflow"], one["phase"]) == ("help-desk", "pilot")
    assert one["owners"]["workflow"] == "me"
    assert {action["level"] for action in one["actions"]} == {"approve-each"}
    assert all(action["undo"] or action["is_undo"] for action in one["actions"])
    assert one["rules"]
    assert remit("inventory") == 0
    assert "help-desk  pilot  version " in remit.out


def test_nothing_need_have_been_received(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new project is listed too; nothing is written by that."""
    home = tmp_path / "help-desk"
    scaffold("help-desk", home, today="2026-11-24")
    before = sorted(home.rglob("*.key"))
    assert cli.main(["--project", str(home), "inventory"]) == 0
    assert "action" in capsys.readouterr().out
    assert sorted(home.rglob("*.key")) == before
