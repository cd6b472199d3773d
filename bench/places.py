"""Where the figures are made: folders, and one environment for each engine from a hash lock."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / "var" / "bench"
PIP_SECONDS_MAX = 240


def environment(name: str, lock: str, *, fresh: bool = False) -> Path:
    """Return the Python of an environment that holds exactly what a lock file says."""
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
            str(ROOT / "requirements" / lock),
        ],
        check=True,
        timeout=PIP_SECONDS_MAX,
    )  # fmt: skip
    stamp.write_text(wanted)
    return python
