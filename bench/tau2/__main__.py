"""`python -m bench.tau2`: play the tau2 desks, print what they showed, keep it as JSON."""

import argparse
import asyncio
import json
import sys
import time

from bench.places import HOME
from bench.security import ABSENT
from bench.tau2 import data, report
from bench.tau2.domains import DOMAINS
from bench.tau2.replay import Found, play

SEED = 2026
FAULTS_SHOWN_MAX = 40


def main() -> int:
    """Play the desks that were asked for; anything that must not be ends with 1."""
    parser = argparse.ArgumentParser(description="Play the tau2 desks under their policies.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--share", type=float, default=1.0, help="of tasks and bends")
    parser.add_argument("--domain", choices=DOMAINS, action="append")
    asked = parser.parse_args()
    try:
        data.folder()
    except data.NoDataError as error:
        print(f"not run: {error}")
        return ABSENT
    began, found = time.process_time(), list[Found]()
    for name in asked.domain or DOMAINS:
        print(f"tau2: {name}", file=sys.stderr, flush=True)
        found.append(asyncio.run(play(DOMAINS[name], seed=asked.seed, share=asked.share)))
    kept = report.figures(found, seed=asked.seed, share=asked.share)
    kept["cpu_seconds"] = time.process_time() - began
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "tau2.json").write_text(json.dumps(kept, indent=2) + "\n")
    for table in report.tables(found):
        print(table)
    print(
        f"{kept['version']}, seed {asked.seed}, {kept['cpu_seconds']:.0f} s of CPU; "
        f"kept in `{(HOME / 'tau2.json').relative_to(HOME.parents[1])}`"
    )
    for fault in kept["faults"][:FAULTS_SHOWN_MAX]:
        print(f"fault: {fault}")
    return 1 if kept["faults"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
