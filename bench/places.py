"""Where the figures are made: folders, and one environment for each engine from a hash lock."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / "var" / "bench"
PIP_SECONDS_MAX = 240
NPM_SECONDS_MAX = 180


class NotHereError(Exception):
    """A peer that this machine cannot run; the text says why."""


def restate_server() -> Path:
    """Return the server that Restate's own npm package holds, installed from our lock file."""
    npm = shutil.which("npm")
    if npm is None:
        raise NotHereError("npm is not installed")
    folder = HOME / "restate-server"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [
        ROOT / "requirements" / "restate-server" / name
        for name in ("package.json", "package-lock.json")
    ]
    stamp = folder / ".lock"
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in wanted)).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        for file in wanted:
            shutil.copy(file, folder)
        subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
            cwd=folder, check=True, timeout=NPM_SECONDS_MAX, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        stamp.write_text(digest)
    found = sorted(folder.glob("node_modules/@restatedev/restate-server-*/bin/restate-server"))
    if not found:
        raise NotHereError("the package holds no server for this machine")
    return found[0]


def environment(name: str, lock: str, *, fresh: bool = False, whole: bool = True) -> Path:
    """Return the Python of an environment that holds exactly what a lock file says.

    Without `whole` the lock file leaves out what its packages ask for and nothing here needs.
    """
    folder = HOME / name
    stamp = folder / ".lock"
    content = (ROOT / "requirements" / lock).read_bytes()
    wanted = hashlib.sha256(content + sys.version.encode()).hexdigest()
    python = folder / "bin" / "python"
    if not fresh and stamp.is_file() and stamp.read_text() == wanted:
        return python
    subprocess.run(
        [sys.executable, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True
    )
    subprocess.run(
        [
            sys.executable, "-m", "pip", "--python", str(python), "install", "-q",
            "--disable-pip-version-check", "--require-hashes", "-r",
            str(ROOT / "requirements" / lock), *([] if whole else ["--no-deps"]),
        ],
        check=True,
        timeout=PIP_SECONDS_MAX,
    )  # fmt: skip
    stamp.write_text(wanted)
    return python
