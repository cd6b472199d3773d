"""The example shop as its own process, for as long as a block lasts."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.places import ROOT

KEY = "bench-shop-key"


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Run the shop on a free port; yield the environment in which Remit finds it."""
    process = subprocess.Popen(
        [
            sys.executable, str(ROOT / "examples/shop/shop.py"), "--port", "0", "--seed", "7",
            "--database", str(folder / "shop.db"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "SHOP_KEY": KEY},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield {"SHOP_URL": told.get("url") or told["address"], "SHOP_KEY": KEY}
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
