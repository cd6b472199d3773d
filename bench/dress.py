"""What a durable write costs in a run: as the disk has it, or a millisecond more."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.places import HOME, ROOT

MEMORY = Path("/dev/shm")
COUNTER_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Dress:
    """Where data is, and what is added to every fsync and fdatasync."""

    name: str
    folder: Path
    delay_us: int
    preload: Path | None

    def settings(self) -> dict[str, str]:
        """Return what a process needs to be in this dress."""
        found = {"REMIT_BENCH_FOLDER": str(self.folder)}
        if self.preload is not None:
            found |= {
                "LD_PRELOAD": str(self.preload),
                "REMIT_BENCH_FSYNC_US": str(self.delay_us),
                "REMIT_BENCH_FSYNC_COUNT": str(self.preload.with_name("counted")),
            }
        return found

    def environment(self) -> Mapping[str, str]:
        """Return the environment of a process in this dress."""
        return {**os.environ, **self.settings()}


@contextmanager
def dresses(delay_us: int) -> Iterator[tuple[Dress, ...]]:
    """Return the dresses that this machine has; without a C compiler it is the disk alone."""
    HOME.mkdir(parents=True, exist_ok=True)
    shelf = MEMORY / f"remit-bench-{os.getpid()}"
    try:
        shelf.mkdir(mode=0o755)
        preload = _compiled(shelf)
        slow = Dress(
            name=f"{delay_us / 1000:g} ms more", folder=shelf, delay_us=delay_us, preload=preload
        )
        disk = Dress(name="disk", folder=HOME, delay_us=0, preload=preload)
        yield (disk, slow) if preload is not None and delay_us else (disk,)
    finally:
        shutil.rmtree(shelf, ignore_errors=True)


def _compiled(shelf: Path) -> Path | None:
    """Compile the preload beside the file of its counter, where every user may read it."""
    target = shelf / "durable.so"
    try:
        subprocess.run(
            ["gcc", "-O2", "-shared", "-fPIC", "-o", str(target),
             str(ROOT / "bench" / "durable.c"), "-ldl"],
            check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    counter = shelf / "counted"
    counter.write_bytes(bytes(COUNTER_BYTES))
    counter.chmod(0o666)
    return target
