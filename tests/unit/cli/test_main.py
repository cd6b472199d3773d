"""The command itself: help without imports, projects found upwards, errors as sentences."""

import errno
import subprocess
import sys
from pathlib import Path

import click
import pytest

from remit.cli import main as cli
from remit.cli.options import home
from remit.errors import DatabaseInUseError, InputFileError


def test_help_lists_every_command_with_one_line_and_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for name, line in cli.COMMANDS.items():
        assert name in shown
        assert line in shown
    assert "Example:" in shown


def test_help_imports_no_workflow_machinery() -> None:
    code = (
        "import sys; from remit.cli.main import main; main(['--help']);"
        "print([n for n in ('rich', 'sqlite3', 'starlette', 'sklearn', 'remit.app') "
        "if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("remit 0.")


def test_an_unknown_command_is_a_sentence_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dance"]) == 2
    assert "No such command 'dance'" in capsys.readouterr().err


def test_the_project_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "remit.toml").write_text("")
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert home(deep) == tmp_path
    assert home(tmp_path) == tmp_path


def test_a_folder_without_a_project_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--project", str(tmp_path), "check"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: there is no `remit.toml` in")
    assert "remit new NAME" in said


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (InputFileError("`x` is empty"), 2, "`x` is empty"),
        (DatabaseInUseError("another process has it"), 69, "another process has it"),
        (OSError(errno.EADDRINUSE, "Address already in use"), 69, "--port"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "make room"),
        (OSError(errno.EACCES, "Permission denied", "f.db"), 1, "`f.db`: permission denied"),
        (ZeroDivisionError("secret text"), 70, "--debug"),
        (KeyboardInterrupt(), 130, "the same command goes on"),
    ],
)
def test_errors_are_one_sentence_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    words: str,
) -> None:
    @click.command()
    def boom() -> None:
        raise error

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: boom)
    assert cli.main(["check"]) == code
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said
    assert "secret text" not in said
    assert len(said.strip().splitlines()) == 1


def test_debug_shows_the_traceback_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def boom() -> None:
        raise ZeroDivisionError("anna.lindqvist@example.org")

    monkeypatch.setattr(cli.Commands, "get_command", lambda *_: boom)
    assert cli.main(["--debug", "check"]) == 70
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ZeroDivisionError: [EMAIL]" in said
    assert "anna" not in said
