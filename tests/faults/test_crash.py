"""A crash at any commit and around any call loses nothing and repeats nothing in silence."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import postgres

ROOT = Path(__file__).parents[2]
REASSIGNED = "orchestration:case:reassigned"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def scenarios(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    postgres_server: postgres.Server | None,
) -> list[dict[str, Any]]:
    """One scenario for each point at which the process was killed.

    Several tests look at them, in several processes maybe: whoever is first plays them.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    played = shared / f"crash-{request.param}.json"
    with played.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not played.exists():
            database = "sqlite"
            if request.param == "postgresql":
                database = postgres.url_for_tests(postgres_server)
            found = _ran(tmp_path_factory.mktemp(request.param), database)
            played.write_text(json.dumps(found))
    read: list[dict[str, Any]] = json.loads(played.read_text())
    return read


def _ran(
    tmp_path: Path, database: str, order: str = "A-1", *, story: str = "", step: int = 1
) -> list[dict[str, Any]]:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.crash_program", str(tmp_path / "crash"), database],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "REMIT_TEST_CRASH_ORDER": order,
            "REMIT_TEST_CRASH_STORY": story,
            "REMIT_TEST_CRASH_STEP": str(step),
        },
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_a_crash_at_any_commit_loses_nothing_and_performs_nothing_twice(
    scenarios: list[dict[str, Any]],
) -> None:
    """Every kill -9 point of the story: received once, closed, two effects, an intact record."""
    killed = [one for one in scenarios if one["ends"][0] != 0]
    assert len(killed) >= 20, "the program must really have been killed at many points"
    assert scenarios[-1]["ends"] == [0], "the last scenario is the one without a crash"
    for one in scenarios:
        where = f"point {one['point']}, ends {one['ends']}"
        assert one["ends"][1:] in ([], [0]), f"{where}: the next life must bring it to its end"
        assert (one["cases"], one["balance"], one["verify"]) == (1, 0, "intact"), where
        assert one["status"] == "closed", where
        assert one["ambiguous_left"] == 0, where
        operations = sorted(call["operation"] for call in one["tape"])
        assert operations == ["note", "pay"], where
        assert [effect[:2] for effect in one["effects"]] == [
            ["pay", "confirmed"],
            ["note", "confirmed"],
        ], where
        # A limit of two holds what happened twice, and nothing that a crash left behind.
        assert one["taken"] == [["confirmed", 1, True]] * 2, where


def test_a_crash_amid_two_actions_side_by_side_performs_neither_twice(tmp_path: Path) -> None:
    """Two branches of a `gather`, each with a money or a note effect, killed at every point."""
    scenarios = _ran(tmp_path, "sqlite", "both")
    assert len([one for one in scenarios if one["ends"][0] != 0]) >= 15
    for one in scenarios:
        where = f"point {one['point']}, ends {one['ends']}"
        assert (one["cases"], one["balance"], one["verify"]) == (1, 0, "intact"), where
        assert (one["status"], one["ambiguous_left"]) == ("closed", 0), where
        calls = [call["operation"] for call in one["tape"]]
        assert sorted(calls) == ["note", "pay"], where
        assert sorted(effect[:2] for effect in one["effects"]) == [
            ["note", "confirmed"], ["pay", "confirmed"],
        ], where  # fmt: skip
        intended = one["events"].count("orchestration:effect:intended")
        assert intended == sum(attempt for _, _, attempt in one["effects"]), where


def test_a_repeat_is_always_known_to_be_one(scenarios: list[dict[str, Any]]) -> None:
    """A second attempt is preceded by *ambiguous* and by an answer of the other system."""
    repeated = 0
    for one in scenarios:
        events = one["events"]
        attempts = sum(attempt for _, _, attempt in one["effects"])
        assert events.count("orchestration:effect:intended") == attempts
        if attempts > len(one["effects"]):
            repeated += 1
            assert "orchestration:effect:ambiguous" in events
            assert "orchestration:effect:reconciled" in events
    assert repeated, "a kill between intent and call must have led to a second attempt"


def test_a_crashed_run_leaves_the_entries_of_one_that_was_not(
    scenarios: list[dict[str, Any]],
) -> None:
    """But for times, run numbers and who took it over, where no effect was under way."""
    whole = scenarios[-1]["events"]
    compared = 0
    for one in scenarios[:-1]:
        if sum(attempt for _, _, attempt in one["effects"]) == len(one["effects"]) and (
            "orchestration:effect:ambiguous" not in one["events"]
        ):
            events = [event for event in one["events"] if event != REASSIGNED]
            assert events == whole, f"point {one['point']}"
            compared += 1
    assert compared >= 10, "most points lie outside an effect"


@pytest.mark.parametrize("story", ["undo", "rollback"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_crash_at_any_commit_of_an_undo_or_a_rollback_takes_back_once_and_forgets_nothing(
    tmp_path: Path, postgres_server: postgres.Server | None, kind: str, story: str
) -> None:
    """Each kill -9 point of taking back: what is undone is undone once, and it is known."""
    database = "sqlite" if kind == "sqlite" else postgres.url_for_tests(postgres_server)
    step = 1 if kind == "sqlite" else 3  # the same points; a server takes its time
    scenarios = _ran(tmp_path, database, story=story, step=step)
    killed = [one for one in scenarios if one["ends"][0] != 0]
    assert len(killed) >= 9 // step, "the program must really have been killed at many points"
    assert scenarios[-1]["ends"] == [0], "the last scenario is the one without a crash"
    undone = ["pay"] if story == "undo" else ["note", "pay"]
    for one in scenarios:
        where = f"point {one['point']}, ends {one['ends']}"
        assert one["ends"][1:] in ([], [0]), f"{where}: the next life must bring it to its end"
        assert (one["balance"], one["verify"], one["findings"]) == (0, "intact", []), where
        assert (one["ambiguous_left"], one["tasks"]) == (0, 0), where
        taken_back = [name for name, state, _ in one["effects"] if state == "compensated"]
        assert sorted(taken_back) == undone, where
        undos = [call for call in one["tape"] if call["operation"] == "undoPayment"]
        assert len(undos) == len(undone), where
        if story == "rollback":
            assert one["rollbacks"] == [[2, 2, 0, 0]], where
