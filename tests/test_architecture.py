"""The import contracts of `pyproject.toml` hold, and name every layer there is."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_import_contract_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()",
         "--no-logo", "--no-cache"],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_layers_are_those_that_the_architecture_page_draws() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = config["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = " > ".join(layer.replace("(", "").replace(")", "") for layer in layers)
    page = " ".join((ROOT / "ARCHITECTURE.md").read_text().split())
    assert drawn in page
