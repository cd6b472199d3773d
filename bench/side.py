"""One system of a comparison, run in a process and an environment of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.places import ROOT, NotHereError, environment

REPORT = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One system in one configuration."""

    label: str
    script: str
    options: tuple[str, ...] = ()
    lock: str = ""  # of its own environment; empty for ours

    def run(
        self, folder: Path, source: Path, output: Path, *, seconds: float, seconds_max: float
    ) -> dict[str, Any] | str:
        """Return what its program of that folder writes, or in one line why there is nothing.

        `seconds` are what it may be timed for, of each input; `seconds_max` all it may take.
        """
        try:
            python = (
                environment(self.lock, f"bench-{self.lock}.txt")
                if self.lock
                else Path(sys.executable)
            )
            ended = subprocess.run(
                [str(python), str(folder / self.script), str(source), str(output),
                 "--seconds", str(seconds), *self.options],
                cwd=ROOT, capture_output=True, text=True, timeout=seconds_max, check=False,
            )  # fmt: skip
        except (NotHereError, subprocess.SubprocessError, OSError) as error:
            return str(error)[:REPORT]
        if ended.returncode:
            return (ended.stderr.strip().splitlines() or ["no reason given"])[-1][:REPORT]
        found: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
        return found
