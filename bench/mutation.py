"""Change the gate a little, in every place, and say which changes no test notices.

`python -m bench.mutation` makes each change that mutmut knows in the modules that decide, one at a
time, and runs the tests that reach it. A change that every test passes with is a survivor: either
a test is missing, or the code says something twice. Ends with 1 when the gate itself has one.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from pathlib import Path

from bench.places import HOME, ROOT, environment
from bench.table import Table

POLICY = "src/remit/policy"
GATE = "gate"
MODULES = (
    GATE, "rules", "call", "trust", "lift", "stop", "limits", "sources", "claims", "outcome",
    "reads",
)  # fmt: skip
TESTS = (
    "tests/unit/policy", "tests/golden/test_decision_matrix.py",
    "tests/golden/test_gate_sentences.py", "tests/properties/test_gate.py",
    "tests/properties/test_sources.py",
)  # fmt: skip
SETTINGS = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = [{modules}]
also_copy = ["tests", "examples", "docs", "bench"]
pytest_add_cli_args = ["-p", "no:xdist"]
pytest_add_cli_args_test_selection = [{tests}]
"""
NOTICED = ("killed", "timeout", "segfault", "caught by type check")


def main() -> int:
    """Make the mutants, run the tests on each, and print what was noticed."""
    parser = argparse.ArgumentParser(
        description="Print how many changes of the gate go unnoticed."
    )
    parser.add_argument("--module", choices=MODULES, action="append", help="only this; repeatable")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    modules = tuple(asked.module or MODULES)
    python, folder = _prepared(modules)
    run = [str(python), "-m", "mutmut", "run", "--max-children", str(asked.at_once)]
    done = subprocess.run(run, cwd=folder, stdout=sys.stderr, check=False)
    found = _results(python, folder)
    if done.returncode and not found:
        print("the tests do not pass as they are, or mutmut could not begin; see above")
        return 2
    print(_table(modules, found))
    survivors = sorted(name for name, state in found.items() if state not in NOTICED)
    for name in survivors:
        print(f"{found[name]}: {name}")
    return int(any(_module(name) == GATE for name in survivors))


def _prepared(modules: tuple[str, ...]) -> tuple[Path, Path]:
    """Return mutmut's Python, and a copy of the project in which it may change what it likes."""
    python = environment("mutation", "bench-mutation.txt")
    site = Path(sysconfig.get_path("purelib", vars={"base": str(python.parents[1])}))
    ours = [path for path in sys.path if path.endswith("site-packages")]
    (site / "ours.pth").write_text("\n".join(ours) + "\n")
    folder = HOME / "mutants"
    shutil.rmtree(folder, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place)
    said = SETTINGS.format(
        modules=", ".join(f'"{POLICY}/{name}.py"' for name in modules),
        tests=", ".join(f'"{name}"' for name in TESTS),
    )
    with (folder / "pyproject.toml").open("a") as settings:
        settings.write(said)
    return python, folder


def _results(python: Path, folder: Path) -> dict[str, str]:
    """Return what became of each mutant."""
    run = [str(python), "-m", "mutmut", "results", "--all", "true"]
    told = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False).stdout
    lines = (line.strip().rpartition(": ") for line in told.splitlines())
    return {name: state for name, colon, state in lines if colon}


def _module(mutant: str) -> str:
    return mutant.split(".")[2]


def _table(modules: tuple[str, ...], found: dict[str, str]) -> Table:
    made = Counter(map(_module, found))
    noticed = Counter(_module(name) for name, state in found.items() if state in NOTICED)
    rows = [
        (f"policy/{name}.py", str(made[name]), str(noticed[name]), str(made[name] - noticed[name]))
        for name in modules
    ]
    rows.append(
        ("all", str(made.total()), str(noticed.total()), str(made.total() - noticed.total()))
    )
    return Table(
        title="Changes of the code that decides, one at a time",
        head=("module", "made", "noticed by a test", "not noticed"),
        rows=rows,
    )


if __name__ == "__main__":
    raise SystemExit(main())
