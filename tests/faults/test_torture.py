"""Killed with -9 at every point of every story, then at random: no promise breaks.

The short forms run always; the long ones, ten thousand kills and more, with `make torture`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 3_600
KILLS = int(os.environ.get("REMIT_TORTURE_KILLS", "10000"))


def tortured(folder: Path, how: str, database: str, *options: str) -> dict[str, int]:
    """Run the torture in a process of its own; return its counts."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.torture", how, str(folder / how),
         "--database", database, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("REMIT_PROFILE") == "torture" else subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
    )  # fmt: skip
    assert ran.returncode == 0, (ran.stderr or "")[-3000:]
    found: dict[str, int] = json.loads(ran.stdout)
    return found


@pytest.fixture
def durable_url() -> Iterator[str]:
    """A database on a server that keeps every fsync."""
    if not postgres.available():
        postgres.url_for_tests(None)
    with postgres.server(durable=True) as server:
        yield server.create()


def test_every_story_survives_kills_along_its_way(tmp_path: Path) -> None:
    found = tortured(tmp_path, "points", "sqlite", "--step", "9")
    assert found["kills"] >= 15
    assert found["closed"] + found.get("left to a person", 0) == found["scenarios"]


def test_cases_of_all_stories_survive_sixty_kills_at_random(tmp_path: Path) -> None:
    found = tortured(tmp_path, "random", "sqlite", "--kills", "60", "--seed", "7")
    assert found["kills"] >= 60
    assert found["acknowledged"] >= 500


@pytest.mark.slow
def test_the_same_with_a_server_that_goes_on_without_its_client(
    tmp_path: Path, durable_url: str
) -> None:
    found = tortured(tmp_path, "random", durable_url, "--kills", "25", "--seed", "8")
    assert found["kills"] >= 25


@pytest.mark.torture
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_story_survives_a_kill_at_each_point(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = database if database == "sqlite" else request.getfixturevalue("durable_url")
    found = tortured(tmp_path, "points", url)
    assert found["kills"] >= 100
    report(f"each point, {database}", found)


@pytest.mark.torture
@pytest.mark.parametrize(("database", "share"), [("sqlite", 0.7), ("postgresql", 0.3)])
def test_ten_thousand_kills_at_random_break_no_promise(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, share: float
) -> None:
    url = database if database == "sqlite" else request.getfixturevalue("durable_url")
    kills = int(KILLS * share)
    found = tortured(tmp_path, "random", url, "--kills", str(kills), "--seed", "2026")
    assert found["kills"] >= kills
    report(f"at random, {database}", found)


def report(what: str, found: dict[str, int]) -> None:
    """Show the figures of a long run, for whoever quotes them."""
    print(f"\ntorture: {what}: {json.dumps(found)}", file=sys.__stderr__, flush=True)
