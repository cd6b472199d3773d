"""Killed with -9 at every point of every story, then at random: no promise breaks.

The short forms run always; the long ones, ten thousand kills and more, with `make torture`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.lengths import LONG, times
from tests.faults.power import library
from tests.faults.torture_life import STORIES

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 3_600
KILLS = int(os.environ.get("REMIT_TORTURE_KILLS", "10000"))
POWER_CUTS = times(20, long=500)
SHARES = 20  # of the kills at random, each with a seed of its own


def tortured(folder: Path, how: str, database: str, *options: str) -> dict[str, int]:
    """Run the torture in a process of its own; return its counts."""
    ran = ended(folder, how, database, *options)
    assert ran.returncode == 0, (ran.stderr or "")[-3000:]
    found: dict[str, int] = json.loads(ran.stdout)
    return found


def ended(
    folder: Path, how: str, database: str, *options: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the torture in a process of its own to its end, whatever that is."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.torture", how, str(folder / how),
         "--database", database, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=None if LONG else subprocess.PIPE,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", **environment},
    )  # fmt: skip


def test_every_story_survives_kills_along_its_way(tmp_path: Path) -> None:
    found = tortured(tmp_path, "points", "sqlite", "--step", "13")
    assert found["kills"] >= 25
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
@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_story_survives_a_kill_at_each_point(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    database: str,
    story: str,
) -> None:
    url = database if database == "sqlite" else request.getfixturevalue("durable_url")
    found = tortured(tmp_path, "points", url, "--story", story)
    assert found["kills"] >= 15
    for name, number in found.items():
        record_property(name, number)


@pytest.mark.torture
@pytest.mark.parametrize(
    ("database", "seed"),
    [("sqlite", 2026 + n) for n in range(SHARES * 7 // 10)]
    + [("postgresql", 2126 + n) for n in range(SHARES * 3 // 10)],
)
def test_ten_thousand_kills_at_random_break_no_promise(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    database: str,
    seed: int,
) -> None:
    url = database if database == "sqlite" else request.getfixturevalue("durable_url")
    kills = KILLS // SHARES
    found = tortured(tmp_path, "random", url, "--kills", str(kills), "--seed", str(seed))
    assert found["kills"] >= kills
    for name, number in found.items():
        record_property(name, number)


def powerless(
    folder: Path, *, kills: int, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run the torture with the power cut after each life: unsynced writes go, or some do."""
    return ended(
        folder, "random", "sqlite", "--kills", str(kills), "--seed", "9",
        "--power", str(folder / "power.log"),
        LD_PRELOAD=str(library(folder)), REMIT_POWER_FILES="/remit.db",
        REMIT_POWER_LOG=str(folder / "power.log"), **environment,
    )  # fmt: skip


def test_a_power_cut_loses_nothing_acknowledged(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    ran = powerless(tmp_path, kills=POWER_CUTS)
    assert ran.returncode == 0, (ran.stderr or "")[-3000:]
    found = json.loads(ran.stdout)
    assert found["kills"] >= POWER_CUTS
    assert found["writes gone"] >= POWER_CUTS, "there was something to lose"
    for name, number in found.items():
        record_property(name, number)


def test_a_disk_that_says_synced_and_is_not_is_found_out(tmp_path: Path) -> None:
    """The control: were a commit not synced, the test above would tell."""
    ran = powerless(tmp_path, kills=60, REMIT_POWER_LIES="1")
    assert ran.returncode != 0
