"""A case that kills its process is found in three restarts, and its neighbours finish."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.suspect_program import MESSAGES

ROOT = Path(__file__).parents[2]
LIVES_MAX = 8


def live(folder: Path, database: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.suspect_program", str(folder), database],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_case_that_kills_its_process_goes_to_a_person_after_three(
    database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = "sqlite" if database == "sqlite" else request.getfixturevalue("postgres_url")
    ends: list[int] = []
    for _ in range(LIVES_MAX):
        ran = live(tmp_path, url)
        ends.append(ran.returncode)
        if ran.returncode != -signal.SIGKILL:
            break
    assert ran.returncode == 0, ran.stderr[-2_000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])

    deaths = ends.count(-signal.SIGKILL)
    assert 3 <= deaths <= 4, "once more only where it died before its claim was on disk"
    assert (found["balance"], found["verify"]) == (0, "intact")
    assert len(found["cases"]) == MESSAGES
    faulted = [one for one in found["cases"] if one["status"] == "escalated"]
    assert [(one["reason"], one["reassigned"]) for one in faulted] == [("faulted", 3)]
    closed = [one for one in found["cases"] if one["status"] == "closed"]
    assert [one for one in found["cases"] if one not in [*closed, *faulted]] == []
    assert len(closed) == MESSAGES - 1
    for one in closed:
        assert one["effects"] == 1 or one["ambiguous"], "a repeat is known to be one"
    assert all(one["reassigned"] <= 2 for one in closed)
