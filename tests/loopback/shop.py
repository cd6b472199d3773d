"""The example shop as a real process on a free port of loopback.

A test file takes the fixture by importing it: `from tests.loopback.shop import shop_process`.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "shop" / "shop.py"
KEY = "loopback-shop-key"
END_SECONDS_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A running shop, and how a test asks it what really happened."""

    url: str
    key: str
    database: Path
    process: subprocess.Popen[str]

    def counts(self) -> dict[str, int]:
        """Return how many writes of each kind the shop has done since its file exists."""
        return dict(self.ask("GET", "/effects"))

    def order(self, order_id: str) -> dict[str, Any]:
        """Return an order as the shop has it."""
        return dict(self.ask("GET", f"/orders/{order_id}"))

    def fault(
        self, name: str, *, path: str = "/", method: str | None = None, times: int = 1
    ) -> None:
        """Let the next `times` requests to `path...` meet a fault of `examples/shop/faults.py`."""
        self.ask(
            "POST", "/faults", {"fault": name, "path": path, "method": method, "times": times}
        )

    def mend(self) -> None:
        """Forget all planned faults."""
        self.ask("POST", "/faults", {"fault": None})

    def kill(self) -> None:
        """End the shop with -9."""
        self.process.kill()
        self.process.wait(END_SECONDS_MAX)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Send one request, past everything that is under test."""
        request = urllib.request.Request(
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=END_SECONDS_MAX) as answer:
            return json.loads(answer.read())


@contextmanager
def running(
    *, database: Path | None = None, orders: int = 60, port: int = 0, seed: int = 7
) -> Iterator[Shop]:
    """Run a shop until the block ends; a second one on the same `database` goes on where it was.

    It also ends when this process dies in any way.
    """
    with tempfile.TemporaryDirectory(prefix="remit-shop-") as folder:
        path = database or Path(folder) / "shop.db"
        process = subprocess.Popen(
            [
                sys.executable, str(SCRIPT), "--port", str(port), "--database", str(path),
                "--orders", str(orders), "--seed", str(seed), "--faults", "--with-parent",
            ],
            env={**os.environ, "SHOP_KEY": KEY},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        with process:
            try:
                assert process.stdout is not None
                said = process.stdout.readline()
                assert said, f"the shop ended with {process.wait(END_SECONDS_MAX)}"
                url = json.loads(said)["address"]
                yield Shop(url=url, key=KEY, database=path, process=process)
            finally:
                process.kill()


@pytest.fixture(scope="module")
def shop_process() -> Iterator[Shop]:
    """One shop for each test file, with the sixty orders written by hand."""
    with running() as shop:
        yield shop


@pytest.fixture
def shop(shop_process: Shop) -> Iterator[Shop]:
    """The file's shop, without faults left over from another test."""
    shop_process.mend()
    yield shop_process
    shop_process.mend()
