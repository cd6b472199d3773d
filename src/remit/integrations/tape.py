"""What a recorder was told to do, in order: in memory, or in a file that outlives the process."""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

from remit.domain.value import Json
from remit.errors import ResultInvalidError
from remit.integrations.connector import Refused

TAPE_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One effect on the tape."""

    key: str
    operation: str
    arguments: Json
    reference: str


# Given what is on the tape, says what it becomes: a new effect, one that is there already, or no.
Step: TypeAlias = Callable[[list[Taken]], Taken | Refused]


class Tape(Protocol):
    """An append-only list of effects, written by one step at a time."""

    def once(self, step: Step) -> Taken | Refused: ...

    def all(self) -> list[Taken]: ...


@dataclass(slots=True, kw_only=True)
class MemoryTape:
    """Gone with the process."""

    effects: list[Taken] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def once(self, step: Step) -> Taken | Refused:
        """Append what `step` gives, unless it is one that is there already."""
        with self.lock:
            made = step(self.effects)
            if isinstance(made, Taken) and made not in self.effects:
                self.effects.append(made)
            return made

    def all(self) -> list[Taken]:
        """Return what is on the tape."""
        with self.lock:
            return list(self.effects)


class FileTape:
    """One synced JSON line for each effect; survives any death of the process.

    Several processes may write to the same file. A torn last line never happened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def once(self, step: Step) -> Taken | Refused:
        """Append what `step` gives, unless it is one that is there already."""
        with self._locked() as file:
            effects, whole = _read(file)
            made = step(effects)
            if isinstance(made, Taken) and made not in effects:
                file.truncate(whole)
                file.write(json.dumps(asdict(made), ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            return made

    def all(self) -> list[Taken]:
        """Return what is on the tape."""
        with self._locked() as file:
            return _read(file)[0]

    @contextmanager
    def _locked(self) -> Iterator[BinaryIO]:
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _read(file: BinaryIO) -> tuple[list[Taken], int]:
    """Return the effects, and where the last whole line ends."""
    file.seek(0)
    content = file.read(TAPE_BYTES_MAX + 1)
    if len(content) > TAPE_BYTES_MAX:
        raise ResultInvalidError(f"the tape is larger than {TAPE_BYTES_MAX} bytes; begin another")
    whole = content.rfind(b"\n") + 1
    return [Taken(**json.loads(line)) for line in content[:whole].split(b"\n")[:-1]], whole
