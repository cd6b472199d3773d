"""A reader who types what a page shows, block after block, into one directory.

`python` is executed, `toml`, `json` and `jsonl` are parsed, `eml` is kept, and `console` is a
session: each `$` line runs, and the lines below it must come, where `...` stands for anything.
Comments above a block steer it: `<!-- file: NAME -->` writes the block to a file,
`<!-- exit: 2 -->` expects that exit code of its last command, `<!-- ID: COMMAND -->` puts what the
command prints in place of ID from there on, `<!-- needs: PATH -->` skips the rest of a page where
something is not installed. A page that says `<!-- uses: postgresql -->` gets a real database in
place of the address it shows.
"""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sybil import Example

from tests import gobuild

COMMAND_SECONDS_MAX = 60
COMMENT = re.compile(r"<!-- ([A-Za-z]+): (.+?) -->\s*")
# What every command that writes says until somebody else keeps anchors; pages say it once.
WARNED = re.compile(
    r"^warning: anchors are kept on .*?`ledger\.anchors`\n", re.DOTALL | re.MULTILINE
)
TARGET = re.compile(r"(?:\w+=\S+ )*make (\w+)")


@dataclass(slots=True, kw_only=True)
class Reader:
    """One page's reader: what came before on the page is still there."""

    project: Path
    directory: Path
    names: dict[str, object] = field(default_factory=lambda: {"__name__": "page"})
    stands_for: dict[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)  # an address on the page -> a real one

    @property
    def reads(self) -> Mapping[str, Callable[[Example], None]]:
        """What this reader does with a block of each language."""
        return {
            "python": self.execute,
            "console": self.converse,
            "toml": self.keep(tomllib.loads),
            "json": self.keep(json.loads),
            "jsonl": self.keep(lambda text: [json.loads(line) for line in text.splitlines()]),
            "cedar": self.keep(str),
            "markdown": self.keep(str),
            "eml": self.keep(str),
        }

    def keep(self, parse: Callable[[str], object]) -> Callable[[Example], None]:
        """Return what parses a block and writes it to the file that its comment names."""

        def read(example: Example) -> None:
            text = str(example.parsed)
            parse(text)
            self._write(example, text)

        return read

    def execute(self, example: Example) -> None:
        """Run a block of Python after those before it, or write it to its file."""
        source = str(example.parsed)
        padded = "\n" * (example.line + example.parsed.line_offset) + source
        code = compile(padded, example.path, "exec", dont_inherit=True)
        if not self._write(example, source):
            exec(code, self.names)

    def converse(self, example: Example) -> None:
        """Run the commands of a session and compare what they print."""
        steer = _comments(example)
        if "needs" in steer and not Path(steer["needs"]).exists():
            pytest.skip(f"{gobuild.WANTED}: there is no {steer['needs']}")
        for name in [name for name in steer if name.isupper()]:
            self.stands_for[name] = self._run(self._filled(steer[name])).stdout.strip()
        text = self._filled(str(example.parsed))
        turns = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n?)*)", text, re.MULTILINE)
        assert turns, f"{example.path}:{example.line}: a session has no line that begins with `$ `"
        for number, (command, expected) in enumerate(turns, 1):
            if target := TARGET.fullmatch(command.partition(" #")[0].strip()):
                assert f"\n{target[1]}:" in (self.project / "Makefile").read_text(), command
                continue
            done = self._run(command)
            code = int(steer.get("exit", "0")) if number == len(turns) else 0
            where = f"{example.path}:{example.line}: `{command}`"
            assert done.returncode == code, f"{where} ended with {done.returncode}: {done.stdout}"
            assert _fits(expected, done.stdout), f"{where} printed:\n{done.stdout}"

    def _filled(self, text: str) -> str:
        for name, value in self.stands_for.items():
            text = re.sub(rf"\b{name}\b", lambda _, value=value: value, text)  # type: ignore[misc]  # bound now
        for shown, real in self.places.items():
            text = text.replace(shown, real)
        return text

    def _write(self, example: Example, text: str) -> bool:
        name = _comments(example).get("file")
        if name:
            target = self.directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return name is not None

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a line in the reader's directory; `cd` holds for the lines after it."""
        python = shlex.quote(sys.executable)
        ours = f'remit() {{ {python} -m remit.cli.main "$@"; }}\npython3() {{ {python} "$@"; }}'
        done = subprocess.run(
            ["/bin/sh", "-c", f"{ours}\n{command}"],
            cwd=self.directory,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.directory),
                "PYTHONPATH": str(self.project / "src"),
                "PYTHONUTF8": "1",
                "COLUMNS": "100",
                "GOCACHE": str(gobuild.CACHE),
            },
            input="y\n",  # a reader who agrees when a command asks
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=COMMAND_SECONDS_MAX,
        )
        if (entered := re.fullmatch(r"cd (\S+)", command)) and done.returncode == 0:
            self.directory = (self.directory / entered[1]).resolve()
        done.stdout = WARNED.sub("", done.stdout)
        return done


def _comments(example: Example) -> dict[str, str]:
    """Return what the comments directly above a block say."""
    above = example.document.text[: example.start].rstrip().rpartition("\n\n")[2]
    return dict(COMMENT.findall(above)) if above.startswith("<!--") else {}


def _fits(expected: str, printed: str) -> bool:
    """Does the output hold the expected lines in order, where `...` stands for anything?"""
    pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*?")
    return re.search(pattern, printed, re.DOTALL) is not None
