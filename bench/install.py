"""What the core weighs and how long its import takes, with the core lock alone."""

import subprocess
import time
from pathlib import Path

from bench.places import ROOT, environment

COLD_RUNS = 7


def measure() -> dict[str, float]:
    """Return megabytes, number of packages and the shortest of cold starts, in milliseconds."""
    python = environment("core", "core.txt")
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    nothing = best(python, "-c", "pass")
    return {
        "packages": len(list(site.glob("*.dist-info"))),
        "packages_mb": weight(site) / 1e6,
        "remit_mb": weight(ROOT / "src" / "remit") / 1e6,
        "python_ms": nothing,
        "import_ms": best(python, "-c", "import remit"),
        "help_ms": best(python, "-m", "remit.cli.main", "--help"),
    }


def weight(folder: Path) -> int:
    """Return the bytes of all files, compiled ones too."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def best(python: Path, *arguments: str) -> float:
    """Return the shortest of several new processes; the first one warms the disk's cache."""
    taken = []
    for _ in range(COLD_RUNS + 1):
        started = time.perf_counter()
        subprocess.run(
            [str(python), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )
        taken.append((time.perf_counter() - started) * 1000)
    return min(taken[1:])


if __name__ == "__main__":
    print(measure())
