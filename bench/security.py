"""The figures of security, one after another: attacks, bent calls, what the gate costs."""

import argparse
import importlib.util
import os
import subprocess
import sys

from bench.places import ROOT

PARTS = {
    "agentdojo": ("bench.agentdojo", "attacks of AgentDojo by an obedient model"),
    "tau2": ("bench.tau2", "bent calls of the tau2 desks"),
    "gate": ("bench.gate", "what the gate costs, beside others"),
    "stop": ("bench.stop", "stops under load: what is intended after one, and how fast it bites"),
}
ABSENT = 3  # what a part ends with when its data or a package is not here


def main() -> int:
    """Run the parts that were asked for; the worst of their results is ours."""
    parser = argparse.ArgumentParser(description="Run the benchmarks of security.")
    parser.add_argument("--only", choices=PARTS, action="append")
    asked, more = parser.parse_known_args()
    codes = [run(name, more) for name in asked.only or PARTS]
    return max(codes)


def run(name: str, more: list[str]) -> int:
    """Run one part as a process of its own, so that what one loads does not weigh on another."""
    module, what = PARTS[name]
    print(f"\n== {name}: {what}", flush=True)
    if importlib.util.find_spec(module) is None:
        print(f"not run: there is no `{module}` in this checkout", flush=True)
        return ABSENT
    done = subprocess.run(
        [sys.executable, "-m", module, *more],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        check=False,
    )
    if done.returncode not in {0, ABSENT}:
        print(f"`python -m {module}` ended with {done.returncode}", flush=True)
    return done.returncode


if __name__ == "__main__":
    raise SystemExit(main())
