"""The fake outside world: it lives in a file, honours keys for some operations, and counts."""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from remit.domain.value import canonical
from remit.integrations.connector import (
    Absent,
    Call,
    Finding,
    Found,
    Health,
    Manifest,
    Operation,
    OperationKind,
    Performed,
    Receipt,
    Record,
)

HONOURS = ("pay", "undo", "note", "write")
IGNORES = ("ring",)  # a second call would be a second effect


def nobody(point: str) -> None:
    """Let every point pass."""
    del point


@dataclass(slots=True, kw_only=True)
class World:
    """One line for each call, written before it is answered; a torn last line never happened."""

    path: Path
    reached: Callable[[str], None] = nobody
    manifest: Manifest = field(init=False)
    _calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what happened in earlier lives."""
        operations = {
            name: Operation(
                name=name, kind=OperationKind.WRITE, keys_honoured=name in HONOURS,
                undo=None if name == "undo" else "undo", timeout_seconds=5.0,
            )
            for name in (*HONOURS, *IGNORES)
        }  # fmt: skip
        self.manifest = Manifest(connector="world", operations=operations)
        self._calls.update(Counter(one["key"] for one in calls(self.path)))

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        """Know nothing that could be read."""
        raise NotImplementedError(call.operation)

    async def perform(
        self, call: Call, *, key: str, credential: str | None, timeout_seconds: float
    ) -> Performed:
        """Do it, count it, and answer."""
        del credential, timeout_seconds
        self.reached("before perform")
        self._calls[key] = self._calls.get(key, 0) + 1
        line = {
            "key": key,
            "operation": call.operation,
            "arguments": canonical(call.arguments).form,
        }
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, json.dumps(line).encode() + b"\n")
        finally:
            os.close(handle)
        self.reached("after perform")
        return Performed(receipt=_receipt(key))

    async def find(self, operation: str, key: str, *, credential: str | None) -> Finding:
        """Say whether there was a call under that key."""
        del operation, credential
        return Found(receipt=_receipt(key)) if key in self._calls else Absent()

    async def health(self) -> Health:
        """Be there."""
        return Health(ok=True, sentence="the world is there")

    async def close(self) -> None:
        """Hold nothing."""


def calls(path: Path) -> list[dict[str, str]]:
    """Return every call that was ever made, in order."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


def _receipt(key: str) -> Receipt:
    return Receipt(reference=f"w-{key[:12]}", body={"id": f"w-{key[:12]}"})
