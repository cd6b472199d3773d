"""What commands write: text from outside made harmless, wrapped lines, values as JSON."""

import shutil
import textwrap

import click
from pydantic_core import to_json

from remit.console.hostile import pieces

WIDTH_MAX = 100
LINES_MAX = 400  # of one text; a message can be a megabyte


def safe(text: object) -> str:
    """Return text whose hidden and control characters are named, so that it moves no cursor."""
    return "".join(
        f"[{piece.text}]" if piece.kind == "mark" else piece.whole or piece.text
        for piece in pieces(str(text).replace("\r\n", "\n").replace("\r", "\n"))
    )


def wrapped(text: object, *, first: str = "", rest: str | None = None) -> str:
    """Return text in lines of the terminal's width, each under its prefix."""
    indent = " " * len(first) if rest is None else rest
    lines: list[str] = []
    for part in safe(text).split("\n")[:LINES_MAX]:
        lines += textwrap.wrap(
            part,
            width=width(),
            initial_indent=indent if lines else first,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [indent.rstrip() if lines else first.rstrip()]
    return "\n".join(lines[:LINES_MAX])


def shortened(text: str) -> str:
    """Return one line of text, cut at the terminal's width."""
    return text if len(text) <= width() else f"{text[: width() - 1]}…"


def width() -> int:
    """Return how many columns to fill."""
    return min(shutil.get_terminal_size((WIDTH_MAX, 40)).columns, WIDTH_MAX)


def echo_json(value: object) -> None:
    """Print a value, dataclasses included, as JSON."""
    click.echo(to_json(value, indent=2).decode())


def pairs(given: tuple[str, ...]) -> dict[str, str]:
    """Read `--set field=value` options; raises `click.BadParameter`."""
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"`{one}` is not field=value", param_hint="--set")
        found[name.strip()] = value
    return found
