"""The demo's shop: the example's own process on loopback, and what it says it was told to do."""

import json
import os
import secrets
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from remit.errors import RemitError

SEED = 7
ORDERS = 400
ANSWER_SECONDS_MAX = 10
STOP_SECONDS_MAX = 5
ANSWER_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A running shop."""

    url: str
    key: str

    def effects(self) -> Mapping[str, int]:
        """Ask the shop how often it performed each kind of write."""
        request = urllib.request.Request(  # noqa: S310 - our own process on loopback
            f"{self.url}/effects", headers={"authorization": f"Bearer {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX) as answer:  # noqa: S310
            found = json.loads(answer.read(ANSWER_BYTES_MAX))
        return {str(kind): int(number) for kind, number in found.items()}


@contextmanager
def shop(script: Path, folder: Path) -> Iterator[Shop]:
    """Start the shop with a database in `folder` and a key of this run, and stop it at the end.

    Raises `RemitError` when it does not start.
    """
    key = secrets.token_urlsafe(24)
    log = folder / "shop.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - the example beside this package
            [
                sys.executable, str(script), "--port", "0", "--database", str(folder / "shop.db"),
                "--seed", str(SEED), "--orders", str(ORDERS), "--with-parent",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "SHOP_KEY": key},
            start_new_session=True,  # Ctrl-C is for us: cases finish before the shop goes
        )  # fmt: skip
    try:
        first = process.stdout.readline() if process.stdout is not None else b""
        if not first:
            raise RemitError(f"the example's shop did not start; `{log}` says why")
        yield Shop(url=str(json.loads(first)["address"]), key=key)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
