"""`python -m bench.autonomy`: the figures of earned autonomy, seeded, one part after another."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from bench.autonomy.part import SEED, MissingDataError, Part, Row, table
from bench.autonomy.parts import PARTS
from bench.places import HOME

FAILED, ABSENT = 1, 3


def main(given: Sequence[str] | None = None) -> int:
    """Print the tables; 1 where a figure is not as expected, 3 where data is missing."""
    parser = argparse.ArgumentParser(description="Print the figures of earned autonomy.")
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="may be given several times"
    )
    parser.add_argument("--tenth", action="store_true", help="a tenth of the runs")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(given)
    absent, kept = [], {}
    for name in asked.only or PARTS:
        try:
            rows = timed(name, PARTS[name], tenth=asked.tenth, seed=asked.seed)
        except MissingDataError as error:
            absent.append(name)
            print(f"**{PARTS[name].title}**\n\nnot run: {error}\n")
            continue
        kept[name] = rows
        print(table(PARTS[name].title, rows))
    every = [row for rows in kept.values() for row in rows]
    off = sum(not row.is_near for row in every)
    missed = sum(not row.is_good for row in every)
    print(
        f"{len(every)} figures, expected ones in brackets; {off} off, {missed} goals missed; seed "
        f"{asked.seed}{', a tenth of the runs' if asked.tenth else ''}; "
        f"Python {platform.python_version()}"
    )
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "autonomy.json").write_text(
        json.dumps({name: [asdict(row) for row in rows] for name, rows in kept.items()}, indent=2)
    )
    return FAILED if off else ABSENT if absent else 0


def timed(name: str, part: Part, *, tenth: bool, seed: int) -> list[Row]:
    """Run a part, and say on the error stream how long it took."""
    print(f"autonomy: {name} …", end="", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        return part.run(tenth=tenth, seed=seed)
    finally:
        print(f" {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
