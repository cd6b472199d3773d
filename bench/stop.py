"""How fast a stop bites, and whether anything is intended after it: under load, in workers.

Cases arrive and act while stops are drilled; each drill counts what was intended after its commit,
by the order of the log, and measures until all that had begun has ended. Only the first is a
promise; the second depends on how long the other system takes to answer.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.places import HOME
from bench.table import Table, number
from remit.app import Remit
from remit.orchestration.stopping import Drill
from tests import postgres
from tests.faults.several import DESK, Desk, allow, desk, working

ABSENT = 3
WORKERS = (1, 2)
DRILLS = 5
OPEN = 48  # cases that are under way or wait for their turn
CALL_SECONDS = 0.3  # as long as the other system takes to answer
PERSON = "olga"


def main(given: Sequence[str] | None = None) -> int:
    """Drill stops in one and in several workers; 1 where anything was intended after one."""
    parser = argparse.ArgumentParser(description="Drill stops under load.")
    parser.add_argument("--workers", type=int, action="append", help="may be given several times")
    parser.add_argument("--drills", type=int, default=DRILLS)
    parser.add_argument("--call-seconds", type=float, default=CALL_SECONDS)
    asked, _ = parser.parse_known_args(given)
    if not postgres.available():
        print("not run: the wheel with PostgreSQL does not fit this machine")
        return ABSENT
    rows, found = [], {}
    for workers in asked.workers or WORKERS:
        drills = measured(workers, drills=asked.drills, call_seconds=asked.call_seconds)
        found[str(workers)] = [asdict(one) for one in drills]
        rows.append(row(workers, drills))
    HOME.mkdir(parents=True, exist_ok=True)
    (HOME / "stop.json").write_text(json.dumps(found, indent=2) + "\n")
    print(
        Table(
            title=f"Stops under load, PostgreSQL, the other system answers in "
            f"{asked.call_seconds:g} s",
            head=(
                "workers", "drills", "under way", "intended after", "without an outcome",
                "ms to stop, median", "most",
            ),
            rows=rows,
        )
    )  # fmt: skip
    return int(any(one["intended_after"] for drills in found.values() for one in drills))


def measured(workers: int, *, drills: int, call_seconds: float) -> list[Drill]:
    """Return what drills show while so many workers are busy."""
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres.server(durable=True) as server,
        desk(Path(folder), server.create()) as busy,
    ):
        return asyncio.run(_drilled(busy, workers, drills=drills, call_seconds=call_seconds))


async def _drilled(busy: Desk, workers: int, *, drills: int, call_seconds: float) -> list[Drill]:
    async with busy.opened() as remit:
        await allow(remit, "note", "strike")
        await working(busy, workers, call_seconds=str(call_seconds), look_seconds="0.01")
        loading = asyncio.create_task(_load(remit))
        found = []
        try:
            for _ in range(drills):
                await asyncio.sleep(2 * call_seconds + 0.5)
                found.append(await remit.drill_stop(f"workflow:{DESK}", person=PERSON))
                print(f"{workers} workers: {found[-1]}", file=sys.stderr, flush=True)
        finally:
            loading.cancel()
            await asyncio.gather(loading, return_exceptions=True)
        return found


async def _load(remit: Remit) -> None:
    """Keep so many cases open until cancelled."""
    sent = 0
    while True:
        counts = remit.counts()
        for _ in range(max(0, OPEN - counts["ready"] - counts["parked"])):
            await remit.receive(
                DESK, {"order_id": f"A-{sent}"}, channel="bench", external_id=f"b{sent}"
            )
            sent += 1
        await asyncio.sleep(0.05)


def row(workers: int, drills: list[Drill]) -> tuple[str, ...]:
    """Return the figures of so many workers."""
    stops = [one.stop_ms for one in drills]
    return (
        str(workers),
        str(len(drills)),
        number(sum(one.under_way for one in drills), 0),
        number(sum(one.intended_after for one in drills), 0),
        number(sum(one.unfinished for one in drills), 0),
        number(statistics.median(stops), 0),
        number(max(stops), 0),
    )


if __name__ == "__main__":
    raise SystemExit(main())
