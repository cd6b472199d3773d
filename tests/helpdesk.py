"""A scaffolded project that has run once: two held, two escalated, one set aside."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from remit.cli import main as cli
from remit.cli.new import scaffold


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scaffold a project and run its messages, once for all tests."""
    folder = tmp_path_factory.mktemp("ran") / "help-desk"
    scaffold("help-desk", folder, today="2026-11-24")
    settings = folder / "remit.toml"
    top = 'anchor = ".remit/anchor"\n[workflow.desk]\ngrace_seconds = 0\n'
    first, rest = settings.read_text("utf-8").split("\n[people.me]", 1)
    anchor, desk = top.split("\n", 1)
    people = '\n[people.other]\nname = "Other"\nroles = ["approver"]\n'
    settings.write_text(f"{first}\n{anchor}\n[people.me]{rest}\n{desk}{people}", "utf-8")
    run = ["run", "help-desk", "--input", str(folder / "cases.jsonl")]
    assert cli.main(["--project", str(folder), *run]) == 0
    return folder


@pytest.fixture
def folder(ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hand out a copy of that project, to change at will."""
    for name in ("DATABASE", "KEYS", "TRAINED", "PROJECT"):
        monkeypatch.delenv(f"REMIT_{name}", raising=False)
    return Path(shutil.copytree(ran, tmp_path / "help-desk"))


class Cli:
    """The command line on one project."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._folder = folder
        self._capsys = capsys
        self.out = ""
        self.err = ""

    def __call__(self, *arguments: str) -> int:
        """Run a command and keep what it wrote."""
        self._capsys.readouterr()
        code = cli.main(["--project", str(self._folder), *arguments])
        self.out, self.err = self._capsys.readouterr()
        return code

    def json(self, *arguments: str) -> Any:
        """Run a command with `--json` and read what it wrote."""
        self(*arguments, "--json")
        return json.loads(self.out)


@pytest.fixture
def remit(folder: Path, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Hand out the command line on a copy of the project."""
    return Cli(folder, capsys)
