"""Make every figure in one run, print them as tables and keep them in `var/bench/latest.json`."""

import argparse
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from bench import desk, install, intake, ledger, peers, scale, start
from bench.dress import Dress, dresses
from bench.masking import figures
from bench.normalising import figures as readings
from bench.places import HOME
from bench.table import Table

SECONDS = 1.2
ROUNDS = 2
FSYNC_US = 1000
PARTS = (
    "engines",
    "ledger",
    "scale",
    "masking",
    "normalising",
    "intake",
    "desk",
    "install",
    "start",
)


def main() -> int:
    """Make the figures that were asked for."""
    parser = argparse.ArgumentParser(description="Print figures, measured side by side.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each configuration")
    parser.add_argument(
        "--fsync-us", type=int, default=FSYNC_US,
        help="microseconds added to each durable write in the second dress; 0 leaves it out",
    )  # fmt: skip
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="may be given several times"
    )
    asked = parser.parse_args()
    parts = asked.only or PARTS
    HOME.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    made: dict[str, Any] = {"machine": machine()}
    tables: list[Table] = []
    with dresses(asked.fsync_us) as worn:
        if "engines" in parts:
            tables += part(made, "engines", partial(engines, asked.rounds, asked.seconds, worn))
        if "ledger" in parts:
            tables += part(made, "ledger", partial(logs, worn))
        if "scale" in parts:
            tables += part(made, "scale", partial(several, asked.seconds, worn))
    if "masking" in parts:
        tables += part(made, "masking", partial(figures.measure, say))
    if "normalising" in parts:
        tables += part(made, "normalising", partial(readings.measure, say))
    if "intake" in parts:
        tables += part(made, "intake", partial(intake.measure, say))
    if {"desk", "install", "start"} & set(parts):
        tables += part(made, "whole", partial(whole, parts))
    made["load"] = os.getloadavg()
    made["took_s"] = time.monotonic() - began
    (HOME / "latest.json").write_text(json.dumps(made, indent=2) + "\n")
    say("")
    for table in tables:
        print(table)
    print(
        f"{made['machine']}; load {made['load'][0]:.1f} at the end; {asked.rounds} rounds of "
        f"{asked.seconds:g} s; {made['took_s'] / 60:.1f} minutes"
    )
    return 0


Made = tuple[Any, list[Table]]


def part(made: dict[str, Any], name: str, work: Callable[[], Made]) -> list[Table]:
    """Make one part; what goes wrong in it is a row, and the other parts are made all the same."""
    try:
        made[name], tables = work()
    except Exception as error:  # noqa: BLE001 - whatever it was: the figures made so far are kept
        made[name] = traceback.format_exc()
        told = f"not run: {type(error).__name__}: {peers.problem(str(error))}"
        return [Table(title=name, head=("figure", "Remit"), rows=[(told,)])]
    return tables


def engines(rounds: int, seconds: float, worn: tuple[Dress, ...]) -> Made:
    """Run the case of seven steps in every engine."""
    found = peers.measure(rounds, seconds, worn, say)
    return found, list(peers.tables(found, worn))


def logs(worn: tuple[Dress, ...]) -> Made:
    """Measure the ledger beside other logs."""
    found = ledger.measure(worn, say)
    return found, ledger.tables(found)


def several(seconds: float, worn: tuple[Dress, ...]) -> Made:
    """Measure several processes on one database."""
    found = scale.measure(worn, seconds, say)
    return found, scale.tables(found)


def whole(parts: tuple[str, ...]) -> Made:
    """Measure what has no peer: the desk, the weight, the start."""
    made: dict[str, Any] = {}
    rows: list[tuple[str, ...]] = []
    if "desk" in parts:
        say("the desk end to end")
        made["desk"] = desk.measure()
        rows += desk_rows(made["desk"])
    if "install" in parts:
        say("install size and import time")
        made["install"] = install.measure()
        rows += install_rows(made["install"])
    if "start" in parts:
        say("from command to first page")
        made["start"] = start.measure()
        rows.append(("`remit serve` to the first page, s", f"{made['start']['first_page_s']:.2f}"))
    title = "The desk, the weight, the start"
    return made, [Table(title=title, head=("figure", "Remit"), rows=rows)]


def desk_rows(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the desk end to end."""
    return [
        (f"desk, {figures['cases']} messages: cases/s", f"{figures['cases_per_second']:.0f}"),
        ("desk: CPU ms a case", f"{figures['cpu_ms']:.2f}"),
        *(
            (f"desk: CPU ms a case, {name}", f"{value:.2f}")
            for name, value in figures["layers_ms"].items()
        ),
    ]


def install_rows(figures: dict[str, float]) -> list[tuple[str, ...]]:
    """Return what the core weighs."""
    return [
        (f"core: {figures['packages']:.0f} packages, MB", f"{figures['packages_mb']:.1f}"),
        ("core: Remit itself, MB", f"{figures['remit_mb']:.1f}"),
        ("`import remit`, ms", f"{figures['import_ms']:.0f}"),
        ("`remit --help`, ms", f"{figures['help_ms']:.0f}"),
        ("bare Python start in both, ms", f"{figures['python_ms']:.0f}"),
    ]


def machine() -> str:
    """Return what the figures depend on."""
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {system}, Python {platform.python_version()}"


def say(text: str) -> None:
    """Tell progress beside the tables."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
