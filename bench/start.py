"""From the command to the first page: `remit serve` on an empty database."""

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from http import HTTPStatus
from pathlib import Path

from bench import shop
from bench.places import HOME, ROOT

STARTS = 5
SECONDS_MAX = 60


def measure() -> dict[str, float]:
    """Return the median of several starts, in seconds; the classifiers are trained before."""
    with tempfile.TemporaryDirectory(dir=HOME) as name:
        folder = Path(name)
        with shop.running(folder) as found:
            once(folder / "warm", found)
            taken = [once(folder / str(number), found) for number in range(STARTS)]
    return {
        "address_s": statistics.median(one[0] for one in taken),
        "first_page_s": statistics.median(one[1] for one in taken),
    }


def once(folder: Path, found: dict[str, str]) -> tuple[float, float]:
    """Return seconds to the printed address and to the whole first page."""
    folder.mkdir()
    environment = {
        **os.environ, **found, "PYTHONPATH": str(ROOT / "src"),
        "REMIT_DATABASE": f"sqlite:///{folder}/remit.db", "REMIT_KEYS": str(folder / "keys"),
        "REMIT_TRAINED": str(HOME / "trained"), "XDG_STATE_HOME": str(folder / "state"),
    }  # fmt: skip
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "remit.cli.main", "serve", "--port", "0", "--log", "error"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = ""
        while not address and time.perf_counter() - started < SECONDS_MAX:
            said = re.search(r"Remit at (http://\S+?)[;\s]", process.stdout.readline())
            address = said.group(1) if said else ""
        told = time.perf_counter() - started
        with urllib.request.urlopen(address + "/", timeout=SECONDS_MAX) as answer:
            page = answer.read()
        assert answer.status == HTTPStatus.OK
        assert b"</html>" in page
        return told, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


if __name__ == "__main__":
    print(measure())
