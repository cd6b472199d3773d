"""`remit new`: a project that runs at once, to be changed into your own."""

import re
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from remit.errors import SettingsError

SUFFIX = ".txt"  # so that no tool takes a template for what it is a template of
NAME_LETTERS_MAX = 40
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_RENAMED = {"gitignore": ".gitignore"}


@click.command(epilog="Example: `remit new help-desk`")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to make; without it a folder of that name here.",
)
def new(name: str, *, into: Path | None) -> None:
    """Start a project that runs at once.

    It holds a workflow with one action, a prompt, a policy with examples, an article, labelled
    messages and five cases. It needs no key, no network and no extra: a script stands in for the
    model and a file for the mail system. Change it piece by piece into your own.
    """
    folder = into if into is not None else Path(name)
    made = scaffold(name, folder, today=datetime.now(UTC).date().isoformat())
    click.echo(f"made `{folder}` with {len(made)} files; the next three commands:")
    click.echo("")
    for command in commands(name, folder):
        click.echo(f"  {command}")


def scaffold(name: str, folder: Path, *, today: str) -> list[Path]:
    """Write the files of a new project and return them.

    Raises `SettingsError` for a name that is none and for a folder that holds something.
    """
    if not _NAME.fullmatch(name) or len(name) > NAME_LETTERS_MAX:
        raise SettingsError(
            f"`{name}` is no name for a workflow; use small letters and digits, words joined by "
            f"`-`, at most {NAME_LETTERS_MAX} letters, such as `help-desk`"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(
            f"`{folder}` is there already and holds something; choose another name, "
            "or another folder with `--into DIR`"
        )
    made = []
    for path, template in sorted(_templates(resources.files("remit.cli") / "scaffold", Path())):
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        text = template.replace("{{name}}", name).replace("{{today}}", today)
        target.write_text(text, encoding="utf-8")
        made.append(target)
    return made


def commands(name: str, folder: Path) -> tuple[str, ...]:
    """Return the three commands that come next."""
    return (
        f"cd {folder}",
        f"remit run {name} --input cases.jsonl",
        "remit serve",
    )


def _templates(place: Traversable, path: Path) -> list[tuple[Path, str]]:
    found: list[tuple[Path, str]] = []
    for one in place.iterdir():
        if one.is_dir():
            found += _templates(one, path / one.name)
        elif one.name.endswith(SUFFIX):
            name = one.name.removesuffix(SUFFIX)
            found.append((path / _RENAMED.get(name, name), one.read_text(encoding="utf-8")))
    return found
