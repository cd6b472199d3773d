"""Approvals tortured: pressed by many at once, killed between vote, decision and effect."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.errors import RemitError
from tests import postgres
from tests.faults.lengths import LONG, times
from tests.projects import NAME, OLGA, PAUL, ROSA, Small, found, send, waiting

ROOT = Path(__file__).parents[2]
Record = Callable[[str, object], None]
NOTE = 'return (await run.act(note, text="hello")).state'


@pytest.mark.anyio
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_hundred_answers_of_three_people_at_once_are_one_effect(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, record_property: Record
) -> None:
    """Whoever is first decides; everybody else is told so, and nothing runs twice."""
    url = None if database == "sqlite" else request.getfixturevalue("postgres_url")
    rounds = times(1, long=20)
    small = Small(folder=tmp_path, database=url, granted=())
    async with small.open(NOTE) as remit:
        for number in range(rounds):
            case_id = await send(remit, external_id=str(number))
            (row,) = waiting(remit)
            people = (OLGA, PAUL, ROSA)
            answers = await asyncio.gather(
                *(
                    testing.decide(remit, row.approval_id, person=people[one % 3])
                    for one in range(100)
                ),
                return_exceptions=True,
            )
            assert all(
                isinstance(one, RemitError) for one in answers if isinstance(one, BaseException)
            )
            await testing.pass_time(remit, small.clock, 1)
            assert len(found(remit, case_id, "governance:approval:decided")) == 1
            assert len(found(remit, case_id, "orchestration:effect:intended")) == 1
    assert small.performed() == ["note"] * rounds
    record_property("cases", rounds)
    record_property("effects", len(small.performed()))


@pytest.mark.parametrize(
    ("story", "database"),
    [
        ("two", "sqlite"),
        ("batch", "sqlite"),
        pytest.param("two", "postgresql", marks=pytest.mark.torture),
        pytest.param("batch", "postgresql", marks=pytest.mark.torture),
    ],
)
def test_a_kill_at_any_point_loses_no_yes_and_performs_nothing_twice(
    tmp_path: Path,
    story: str,
    database: str,
    postgres_server: postgres.Server | None,
    record_property: Record,
) -> None:
    """Between vote and decision, before and after each commit, in the middle of a batch."""
    url = "sqlite" if database == "sqlite" else postgres.url_for_tests(postgres_server)
    scenarios = _ran(tmp_path, url, story)
    killed = [one for one in scenarios if one["ends"][0] != 0]
    assert len(killed) >= (10 if LONG else 3), "it must really have been killed at many points"
    people = [OLGA, ROSA] if story == "two" else [OLGA]
    for one in scenarios:
        where = f"{story} point {one['point']}, ends {one['ends']}"
        assert one["ends"][-1] == 0, where
        assert set(one["statuses"]) == {"closed"}, where
        assert (one["ambiguous"], one["verify"], one["findings"]) == (0, "intact", []), where
        assert one["performed"] == ["note"] * len(one["statuses"]), where
        assert set(one["consumed"]) == {1}, where
        assert all(yes == people for yes in one["yes"]), where
    record_property("kills", len(killed))
    record_property("effects", sum(len(one["performed"]) for one in scenarios))


def _ran(tmp_path: Path, database: str, story: str) -> list[dict[str, Any]]:
    folder = str(tmp_path / story)
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.verdict_program", folder, database, story],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "REMIT_TEST_CRASH_STEP": str(times(4, long=1)),
        },
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.anyio
async def test_a_role_that_is_lost_between_yes_and_effect_performs_nothing(
    tmp_path: Path,
) -> None:
    """The grace time runs; the person who said yes leaves; nobody is paid."""
    small = Small(folder=tmp_path, grace=60, granted=())
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        await testing.decide(remit, row.approval_id, person=PAUL)
    settings = small.folder / "project" / "remit.toml"
    text = settings.read_text().replace('name = "Paul"\n', 'name = "Paul"\nactive = false\n')
    settings.write_text(text)
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert remit.approval(row.approval_id, person=OLGA).state.value == "void"
        assert found(remit, case_id, "orchestration:effect:intended") == []
        assert NAME in {one.workflow for one in waiting(remit)}
    assert small.performed() == []
