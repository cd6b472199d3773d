"""Connectors, from settings."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from remit.errors import SettingsError
from remit.integrations.address import host_of
from remit.integrations.connector import Connector, Operation, OperationKind
from remit.integrations.http import HttpClient
from remit.integrations.openapi import OpenApiConnector
from remit.integrations.recorder import FileRecorder
from remit.settings import (
    OpenApiSettings,
    Project,
    WorkflowSettings,
    secret,
)

K = TypeVar("K")
V = TypeVar("V")


def connectors_of(
    project: Project,
    settings: WorkflowSettings,
    *,
    random: Callable[[], float],
    connect: bool,
) -> tuple[dict[str, Connector], dict[str, str | None], dict[str, str]]:
    """Return connectors, the references of their secrets, and what each of them is."""
    connectors: dict[str, Connector] = {}
    credentials: dict[str, str | None] = {}
    seen: dict[str, str] = {}
    for name, one in settings.connectors.items():
        if isinstance(one, OpenApiSettings):
            url = (secret(one.url) if connect else None) or "http://127.0.0.1:1"
            loopback = url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
            made = OpenApiConnector(
                name=name,
                document=_bytes(project.path(one.document)),
                url=url,
                key=one.key,
                settings={
                    operation: given.model_dump(exclude_unset=True)
                    for operation, given in one.operations.items()
                },
                client=HttpClient(hosts=[host_of(url, loopback=loopback)], randomness=random),
            )
            connectors[name], seen[name] = made, made.digest
            credentials[name] = secret(one.key) if connect else None
        else:
            tape = project.path(secret(one.file) or one.file)
            tape.parent.mkdir(parents=True, exist_ok=True)
            connectors[name] = FileRecorder(tape, _operations(one.operations), name=name)
            credentials[name] = None
            seen[name] = json.dumps(sorted(one.operations))
    return connectors, credentials, seen


def _operations(names: Sequence[str]) -> dict[str, Operation]:
    """Return the operations of a recorder: `get…`, `find…`, `list…` read, all else writes."""
    return {
        name: Operation(
            name=name,
            kind=OperationKind.READ
            if name.startswith(("get", "find", "list"))
            else OperationKind.WRITE,
            keys_honoured=True,
        )
        for name in names
    }


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"`{path}` cannot be read") from error


def joined(parts: Iterable[Mapping[K, V]]) -> dict[K, V]:
    """Return what several workflows bring as one; no two use a name for different things."""
    return {key: value for part in parts for key, value in part.items()}
