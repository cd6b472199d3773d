"""A signer that tests kill: each life is a process of its own, forked from one that is warm.

`python -m tests.faults.signer_program FOLDER`. On standard input `POINT N` begins a life
that kills itself with -9 when it comes to the point for the Nth time (`never 0`: never). The
answer is its process id, or 0 when it could not begin. `end` ends.
"""

import os
import secrets
import signal
import sys
from pathlib import Path

from remit.cli.signer import serving
from remit.ledger.signer import SignerMemory


def live(folder: Path, point: str, number: int, ready: int) -> None:
    """Serve until killed."""
    memory = SignerMemory(folder, origin=None, random_bytes=secrets.token_bytes)
    left = [number]

    def reached(name: str) -> None:
        left[0] -= name == point
        if name == point and left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    memory.points.append(reached)
    with serving(memory, folder / "socket", {os.getuid()}) as server:
        os.write(ready, b"1")
        os.close(ready)
        server.serve_forever(poll_interval=0.05)


def main() -> None:
    """Begin lives until told to end."""
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if line.strip() == "end":
            return
        point, number = line.split()
        reading, ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            sys.stdin.close()
            try:
                live(folder, point, int(number), ready)
            finally:
                os._exit(1)
        os.close(ready)
        begun = os.read(reading, 1)
        os.close(reading)
        print(pid if begun else 0, flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
