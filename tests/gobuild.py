"""Go programs of the tests, built without a network from the packages that Debian has."""

import os
import select
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MODULES = Path("/usr/share/gocode")
CACHE = Path(tempfile.gettempdir()) / "remit-tests-go"
ANSWER_SECONDS_MAX = 60  # a verifier that hangs ends the test
WANTED = "needs the Debian packages golang-go and golang-golang-x-mod-dev"


def built(source: Path, folder: Path) -> Path:
    """Build one file; skips with the packages' names where Go or x/mod is missing."""
    go = shutil.which("go")
    if go is None or not (MODULES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip(WANTED)
    program = folder / source.stem
    done = subprocess.run(
        [go, "build", "-o", str(program), str(source)],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GO111MODULE": "off",
            "GOPATH": str(MODULES),
            "GOFLAGS": "",
            "GOCACHE": str(CACHE),
        },
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return program


class Batch:
    """A verifier that answers line for line, so that thousands of calls start one process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def code(self, line: str) -> int:
        """Return the exit code that it would have ended with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], ANSWER_SECONDS_MAX)
        assert ready, f"no answer about {line}"
        return int(self._process.stdout.readline().partition(" ")[0])


@contextmanager
def answering(program: Path, *arguments: str) -> Iterator[Batch]:
    """Start a verifier that reads what to judge from standard input."""
    process = subprocess.Popen(
        [str(program), *arguments, "-batch"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Batch(process)
    finally:
        process.kill()
        process.communicate()
