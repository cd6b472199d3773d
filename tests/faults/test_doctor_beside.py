"""`remit doctor` beside real workers on PostgreSQL: both there, one killed, all gone."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.faults.several import (
    ROOT,
    Desk,
    all_closed,
    allow,
    desk,
    receive,
    working,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def busy(tmp_path: Path, durable_url: str) -> Iterator[Desk]:
    with desk(tmp_path, durable_url) as made:
        yield made


async def doctor(busy: Desk) -> tuple[int, dict[str, Any]]:
    """Run the command as a process of its own; return its exit code and what it says, by name."""
    words = ["--project", str(busy.folder), "doctor", "--json", "--url", "http://127.0.0.1:9"]
    ran = await anyio.run_process(
        [sys.executable, "-m", "remit.cli.main", *words],
        cwd=ROOT, check=False, env={**os.environ, "REMIT_DATABASE": busy.url},
    )  # fmt: skip
    found = json.loads(ran.stdout)
    assert found["case_balance"] == 0
    return ran.returncode, {one["name"]: one for one in found["findings"]} | {"whole": found}


async def seen(busy: Desk, said: str) -> dict[str, Any]:
    """Ask until that many work: who is gone is noticed by the others."""
    for _ in range(20):
        _, found = await doctor(busy)
        if found["workers"]["said"] == said:
            return found
        await anyio.sleep(0.5)
    raise AssertionError(found["workers"])


async def test_the_doctor_sees_who_works_and_who_is_gone(busy: Desk) -> None:
    async with busy.opened() as remit:
        await allow(remit, "note")
        workers = await working(busy, 2)
        cases = await receive(remit, 6)
        await all_closed(remit, cases, desk=busy)

        found = await seen(busy, "2 at work")
        assert found["workers"]["verdict"] == "good"
        assert found["busy-desk"]["said"].endswith("6 closed")
        assert found["whole"]["sessions"]["processes"] == 3, "two workers and this one"
        assert found["whole"]["owner"] == "3 processes"
        assert found["in memory"]["said"] == "not running", "none of them serves"
        alarms = [one for one in found.values() if one.get("alarm")]
        assert {one["verdict"] for one in alarms} == {"good"}

        workers[0].send(signal.SIGKILL)
        found = await seen(busy, "1 at work")
        assert found["workers"]["verdict"] == "good"
        assert workers[1].end() == 0
        waiting = await receive(remit, 1, first=10)
    code, found = await doctor(busy)
    assert (code, found["workers"]["said"], len(waiting)) == (1, "not running", 1)
    assert "1 cases are open and nobody works on them" in found["workers"]["then"]
