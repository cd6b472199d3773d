"""`make torture`: every test of faults and every law, in its long form, with a table at the end.

Words that follow are passed on to pytest. Scratch files lie on a file system in memory where one
has room: processes are killed here, not disks.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 * 1024**3
WHAT = (
    "tests/faults", "tests/properties",
    "tests/stories/test_canaries.py", "tests/stories/test_canaries_live.py",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run it all; return how it ended."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    with tempfile.TemporaryDirectory(prefix="remit-t-", dir=MEMORY if roomy else None) as scratch:
        Path(scratch).chmod(0o755)  # PostgreSQL runs as another user where we are root
        given = [] if any(one.startswith("tests") for one in arguments) else WHAT
        command = [
            sys.executable, "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", "-m", "",
            "--capture=sys", "-p", "tests.faults.table", *given, *arguments,
        ]  # fmt: skip
        environment = {**os.environ, "REMIT_PROFILE": "torture", "TMPDIR": scratch}
        environment.setdefault("PYTHONUNBUFFERED", "1")
        return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
