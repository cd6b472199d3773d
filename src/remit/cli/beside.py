"""Asking the `remit serve` that runs beside a command, as whoever holds the same keys."""

import json
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPException

from remit.cli.opening import Record
from remit.governance import proof
from remit.settings import Project

ANSWER_SECONDS_MAX = 3.0
ANSWER_BYTES_MAX = 1024 * 1024


def asked(
    record: Record, url: str | None, path: str, *, seconds: float = ANSWER_SECONDS_MAX
) -> Mapping[str, object] | None:
    """Return what the running process answers, or None where nobody does."""
    place = (url or f"http://{_host(record.project)}").rstrip("/")
    request = urllib.request.Request(  # noqa: S310 - the scheme is what the person gave
        f"{place}{path}",
        method="POST",
        headers={proof.HEADER: proof.made(record.keys.keyed, datetime.now(UTC)), "origin": place},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as answer:
            said = json.loads(answer.read(ANSWER_BYTES_MAX))
    except (OSError, ValueError, HTTPException):
        return None  # nobody, or somebody who is not this installation
    return said if isinstance(said, dict) else None


def _host(project: Project) -> str:
    host = project.settings.host
    return f"{f'[{host}]' if ':' in host else host}:{project.settings.port}"
