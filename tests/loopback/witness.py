"""A real `remit witness` as a process of its own, to be killed and started again."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NAME = "audit.example/w1"


@dataclass(slots=True, kw_only=True)
class Running:
    """A witness that answers."""

    url: str
    key: str
    process: subprocess.Popen[str]

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(
    state: Path, origins: Sequence[str], *, name: str | None = NAME, port: int = 0
) -> Iterator[Running]:
    """Run a witness on a port of 127.0.0.1, a free one unless one is named."""
    command = [sys.executable, "-m", "remit.cli.main", "witness", "--state", str(state)]
    command += ["--listen", f"127.0.0.1:{port}"]
    command += ["--name", name] if name else []
    for origin in origins:
        command += ["--origin", origin]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(line.split())
            if "Ctrl-C" in line:
                break
        else:
            raise AssertionError(process.communicate()[1])
        said = {words[0]: words[1] for words in lines}
        yield Running(url=said["witness"], key=said["key"], process=process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)
