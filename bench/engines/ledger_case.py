"""The ledger alone: full sealed entries at several writers, and what a large log costs.

Writers are coroutines of one loop, as the engine's are, and cases have ids by time, as all have.
"""

import argparse
import asyncio
import os
import random
import resource
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parents[2])]

from load import durable_writes, folder, tell  # noqa: E402 - found beside this file

from remit.domain.ids import uuid7  # noqa: E402
from remit.ledger.proof import prove  # noqa: E402
from remit.ledger.verify import verify  # noqa: E402
from remit.orchestration import awaited  # noqa: E402
from tests.opened import Opened, appending, opened  # noqa: E402

CONTENT_BYTES = 2048
WARM_SECONDS = 0.5
UNIT = 1_000  # entries in a unit of the large log
PROOFS = 300
QUEUED_MAX = 4  # units that wait while one is written
CASES = 997  # streams that a large log is spread over
ENTRIES_OF_CASE = 12  # about what a case of seven steps has


def main() -> None:
    """Append, or build a large log."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--writers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--large", type=int, help="build a log of so many entries instead")
    parser.add_argument("--large-seconds-max", type=float, default=100.0)
    parser.add_argument("--url")
    asked = parser.parse_args()
    with folder() as home:
        url = asked.url or f"sqlite:///{home}/remit.db"
        with opened(url, Path(home)) as store:
            if asked.large is None:
                tell(append(store, asked, Path(home)))
                return
            figures = build(store, asked.large, asked.large_seconds_max)
        began = time.perf_counter()
        with opened(url, Path(home), seed=2) as store:
            figures["start_s"] = time.perf_counter() - began
            tell(figures | proofs(store, int(figures["entries"])))


def append(store: Opened, asked: argparse.Namespace, home: Path) -> dict[str, float]:
    """Append entries one by one from so many coroutines, each waiting for its signed place."""
    content = "".join(random.Random(1).choices("abcdefgh ", k=CONTENT_BYTES))
    store.writer.on_commit = lambda _: store.keeper.nudge()  # as the app does; it keeps nothing
    begun = time.perf_counter() + WARM_SECONDS
    until = begun + asked.seconds
    latencies: list[float] = []
    marks: list[tuple[float, int]] = []

    async def work() -> None:
        turn = 0
        while (started := time.perf_counter()) < until:
            if turn % ENTRIES_OF_CASE == 0:
                case = uuid7(milliseconds=time.time_ns() // 1_000_000, random_bytes=os.urandom(10))
            turn += 1
            receipt = await awaited.submit(store.writer, appending(case, content=content))
            if receipt.place is None:
                await asyncio.wrap_future(receipt.sequenced())
            if started >= begun:
                latencies.append(time.perf_counter() - started)
            elif not marks and time.perf_counter() >= begun:
                marks.append((time.process_time(), durable_writes()))

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(asked.writers)))

    asyncio.run(all_of_them())
    cpu, durable = time.process_time() - marks[0][0], durable_writes() - marks[0][1]
    latencies.sort()
    done = len(latencies)
    store.settle()
    began = time.process_time()
    report = verify(store.database, store.journal.vkey)
    judged = time.process_time() - began
    assert report.result == "intact", report
    began = time.process_time()
    hashed = verify(store.database, store.journal.vkey, form=False)
    tree = time.process_time() - began
    assert not hashed.checks, hashed
    entries = store.database.read(lambda c: c.value("select count(*) from entries"))
    return {
        "entries_per_second": done / asked.seconds,
        "p50_ms": latencies[done // 2] * 1000,
        "p99_ms": latencies[min(done - 1, done * 99 // 100)] * 1000,
        "cpu_ms": cpu * 1000 / done,
        "durable_writes": durable / done,
        "verified_per_second": entries / judged,
        "tree_per_second": entries / tree,
        "bytes_per_entry": weight(home) / entries if asked.url is None else 0.0,
    }


def weight(home: Path) -> int:
    """Return the bytes of the database's file; its log is still to be moved into it."""
    import sqlite3

    with sqlite3.connect(home / "remit.db") as connection:
        connection.execute("pragma wal_checkpoint(passive)")
    connection.close()
    return (home / "remit.db").stat().st_size


def build(store: Opened, entries: int, seconds_max: float) -> dict[str, float]:
    """Append a large log in large units; return its size, time and memory."""
    store.writer.on_commit = lambda _: None  # the test's own list would hold every entry
    before = memory()
    began = time.perf_counter()
    made = 0
    waiting = []
    while made < entries and time.perf_counter() - began < seconds_max:
        stream = f"{made // UNIT % CASES:032d}"
        waiting.append(store.writer.submit(appending(stream, UNIT, content="x")))
        made += UNIT
        if len(waiting) >= QUEUED_MAX:
            waiting.pop(0).result()
    for one in waiting:
        one.result()
    store.settle()
    return {
        "entries": made,
        "build_s": time.perf_counter() - began,
        "build_memory_mb": memory() - before,
    }


def proofs(store: Opened, entries: int) -> dict[str, float]:
    """Prove entries at random places, and read a checkpoint's tree."""
    chance = random.Random(7)
    places = [chance.randrange(entries) for _ in range(PROOFS)]
    began = time.process_time()
    for place in places:
        store.database.read(lambda c, p=place: prove(c, p, vkey=store.journal.vkey))
    return {"proof_ms": (time.process_time() - began) * 1000 / PROOFS, "memory_mb": memory()}


def memory() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
