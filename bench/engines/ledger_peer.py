"""What else keeps a log that cannot be changed unseen: 2 KiB entries, one durable write each.

`chain` is a plain hash chain in SQLite: no seal, no signature, no tree, no proof.
"""

import argparse
import hashlib
import json
import random
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from load import durable_writes, folder, tell

CONTENT_BYTES = 2048
WARM_SECONDS = 0.3


closing: list[Callable[[], object]] = []  # before the files are weighed


def main() -> None:
    """Append with one writer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=("chain", "pymerkle", "witness"), required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    content = "".join(random.Random(1).choices("abcdefgh ", k=CONTENT_BYTES))
    with folder() as home:
        append = {"chain": chain, "pymerkle": pymerkle, "witness": witness}[asked.kind](Path(home))
        begin = time.perf_counter() + WARM_SECONDS
        number = 0
        latencies: list[float] = []
        marks: list[tuple[float, float, int]] = []
        while (started := time.perf_counter()) < begin + asked.seconds:
            if started >= begin and not marks:
                marks.append((started, time.process_time(), durable_writes()))
            number += 1
            append({"case": f"{number:032d}", "number": number, "content": content})
            if started >= begin:
                latencies.append(time.perf_counter() - started)
        wall = time.perf_counter() - marks[0][0]
        cpu, durable = time.process_time() - marks[0][1], durable_writes() - marks[0][2]
        for close in closing:
            close()
        latencies.sort()
        done = len(latencies)
        began = time.process_time()
        judged = {"chain": chained, "witness": resumed}.get(asked.kind, unknown)(Path(home))
        spent = time.process_time() - began
        weight = sum(
            file.stat().st_size
            for file in Path(home).rglob("*")
            if file.is_file() and not file.name.endswith(("-wal", "-shm"))  # moved, or to be moved
        )
        tell(
            {
                "entries_per_second": done / wall,
                "p50_ms": latencies[done // 2] * 1000,
                "p99_ms": latencies[min(done - 1, done * 99 // 100)] * 1000,
                "cpu_ms": cpu * 1000 / done,
                "durable_writes": durable / done,
                "bytes_per_entry": weight / number,
                "tree_per_second": judged / spent if judged else 0,
            }
        )


Entry = dict[str, str | int]


def chain(home: Path) -> Callable[[Entry], None]:
    """Return what appends to a hash chain in SQLite, one commit an entry."""
    connection = sqlite3.connect(home / "chain.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table entries (n integer primary key, body blob, hash blob)")
    closing.append(connection.close)
    last = [b""]

    def append(entry: Entry) -> None:
        body = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
        last[0] = hashlib.sha256(last[0] + body).digest()
        connection.execute("insert into entries (body, hash) values (?, ?)", (body, last[0]))

    return append


def pymerkle(home: Path) -> Callable[[Entry], None]:
    """Return what appends to a Merkle tree on SQLite, as shipped."""
    from pymerkle import SqliteTree

    tree = SqliteTree(str(home / "tree.db"))

    def append(entry: Entry) -> None:
        tree.append_entry(json.dumps(entry, sort_keys=True, separators=(",", ":")).encode())

    return append


def witness(home: Path) -> Callable[[Entry], None]:
    """Return what appends to a journaled log, synced after each entry."""
    import witness_log

    log = witness_log.open(str(home / "log.journal"), store_payloads=True)
    closing.append(log.close)

    def append(entry: Entry) -> None:
        log.append_memory(json.dumps(entry).encode())
        log.sync()

    return append


def chained(home: Path) -> int:
    """Hash the chain anew; return how many entries fit."""
    last, count = b"", 0
    with sqlite3.connect(home / "chain.db") as connection:
        for body, digest in connection.execute("select body, hash from entries order by n"):
            last = hashlib.sha256(last + body).digest()
            assert last == digest
            count += 1
    connection.close()
    return count


def resumed(home: Path) -> int:
    """Open the journal again, which checks it; return its size."""
    import witness_log

    log = witness_log.open(str(home / "log.journal"), store_payloads=True)
    size = int(log.tree_size())
    log.close()
    return size


def unknown(home: Path) -> int:
    """Return 0: this log has no check of all it holds."""
    del home
    return 0


if __name__ == "__main__":
    main()
