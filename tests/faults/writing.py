"""A process that appends until it is killed, and says what was acknowledged: run by `test_writer`.

Arguments: url, folder of the keys, seed, hook point or `-`, how often to pass that point first.
"""

import os
import signal
import sys
from concurrent.futures import Future
from pathlib import Path

from remit.domain.entry import Entry
from remit.errors import StorageError
from remit.store.writer import Receipt
from tests.opened import Opened, appending, opened

CASES = [f"{n:032x}" for n in range(1, 9)]
UNITS_MAX = 20_000


def main(url: str, folder: Path, *, seed: int, point: str, passes: int) -> None:
    """Append to eight cases, two units at a time, and print each receipt once it is there."""
    left = passes

    def kill(passed: str) -> None:
        nonlocal left
        if passed == point:
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with opened(url, folder, seed=seed, hooks=[kill]) as store:
        os.write(1, b"open\n")
        _append(store)


def _append(store: Opened) -> None:
    for n in range(0, UNITS_MAX, 2):
        waiting: list[Future[Receipt[list[Entry]]]] = [
            store.writer.submit(appending(CASES[(n + more) % len(CASES)], 1 + n % 3))
            for more in range(2)
        ]
        for future in waiting:
            try:
                entries = future.result().entries
            except StorageError:
                os.write(1, b"failed\n")
                continue
            for case_id, seq in entries:
                os.write(1, f"{case_id} {seq}\n".encode())


if __name__ == "__main__":
    main(
        sys.argv[1],
        Path(sys.argv[2]),
        seed=int(sys.argv[3]),
        point=sys.argv[4],
        passes=int(sys.argv[5]),
    )
