"""Every line and branch of the modules that decide is reached by their own tests."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODULES = ("gate", "call", "rules", "trust", "lift", "stop", "limits")
TESTS = ("tests/unit/policy/test_gate.py", "tests/unit/policy/test_call.py",
         "tests/unit/policy/test_trust.py", "tests/unit/policy/test_limits.py",
         "tests/unit/policy/test_stop.py", "tests/golden/test_gate_sentences.py")  # fmt: skip


def test_no_line_and_no_branch_of_the_gate_is_left_out(tmp_path: Path) -> None:
    """In a process of its own, so that what other tests do counts for nothing."""
    settings = tmp_path / "coverage.ini"
    included = "\n    ".join(f"*/remit/policy/{name}.py" for name in MODULES)
    settings.write_text(
        f"[run]\nbranch = true\ndata_file = {tmp_path / 'data'}\ninclude =\n    {included}\n"
    )
    run = [sys.executable, "-m", "coverage"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    measured = [*run, "run", f"--rcfile={settings}", "-m", "pytest", "-q", "-n", "0", *TESTS]
    done = subprocess.run(measured, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    shown = tmp_path / "shown.json"
    report = [*run, "json", f"--rcfile={settings}", "-o", str(shown), "-q"]
    subprocess.run(report, cwd=ROOT, env=own, check=True)

    files = json.loads(shown.read_text())["files"]
    left_out = {
        Path(name).stem: (one["missing_lines"], one["missing_branches"])
        for name, one in files.items()
    }
    assert left_out == dict.fromkeys(MODULES, ([], []))
