"""Rules that are signed while workers run: each obeys at its next gate, and none is restarted."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.app import Remit
from tests.faults.several import Desk, allow, closed, desk, receive, sound, until, working

pytestmark = pytest.mark.anyio

DESK = "busy-desk"
OWNERS = """
[people.paula]
name = "Paula"
roles = ["owner"]

[people.pia]
name = "Pia"
roles = ["owner"]
"""
NEVER = """
@id("no-notes")
@says("Nothing is noted")
@owner("olga")
@since("2026-11-01")
forbid (principal, action == Action::"busy-desk.note", resource);
"""


@pytest.fixture
def busy(tmp_path: Path, durable_url: str) -> Iterator[Desk]:
    with desk(tmp_path, durable_url) as made:
        settings = made.folder / "remit.toml"
        settings.write_text(settings.read_text() + OWNERS)
        yield made


async def signed(remit: Remit, busy: Desk) -> None:
    """Let the note pass again, as two people do who did not write it."""
    rules = busy.folder / "policies" / "all.cedar"
    rules.write_text(rules.read_text().replace(NEVER, ""))
    (found,) = remit.reload_rules()
    assert found.outcome == "waits"
    assert await remit.sign_rules(DESK, found.change, person="paula") == 1
    assert await remit.sign_rules(DESK, found.change, person="pia") == 0
    await allow(remit, "note")


def forbid(busy: Desk) -> None:
    rules = busy.folder / "policies" / "all.cedar"
    rules.write_text(rules.read_text() + NEVER)


async def test_a_running_worker_obeys_rules_that_others_signed(busy: Desk) -> None:
    forbid(busy)
    async with busy.opened() as remit:
        await working(busy, 1)
        await allow(remit, "note")
        first = await receive(remit, 2)
        await until(lambda: escalated(remit, first) == 2, "what is forbidden", desk=busy)

        await signed(remit, busy)

        second = await receive(remit, 2, first=10)
        await until(lambda: closed(remit, second) == 2, "what is signed", desk=busy)
        forbid(busy)
        assert [one.outcome for one in remit.reload_rules()] == ["in force"]
        third = await receive(remit, 2, first=20)
        await until(lambda: escalated(remit, third) == 2, "what is forbidden again", desk=busy)
        sound(remit, busy, [*first, *second, *third])
        assert len(busy.performed()) == 2


async def test_a_worker_looks_at_the_folder_when_it_is_told_to(busy: Desk) -> None:
    async with busy.opened() as remit:
        (worker,) = await working(busy, 1)
        forbid(busy)
        assert remit.policy(DESK).how == "first"
        worker.send(signal.SIGHUP)
        await until(lambda: remit.policy(DESK).how == "tighter", "what it found", desk=busy)
        assert worker.end() == 0


async def test_a_worker_that_is_killed_before_it_looked_starts_with_the_new_rules(
    busy: Desk,
) -> None:
    forbid(busy)
    async with busy.opened() as remit:
        (worker,) = await working(busy, 1)
        worker.send(signal.SIGSTOP)  # it has not looked
        await signed(remit, busy)
        worker.send(signal.SIGKILL)
        await working(busy, 1)
        cases = await receive(remit, 2)
        await until(lambda: closed(remit, cases) == 2, "what is signed", desk=busy)
        sound(remit, busy, cases)


def escalated(remit: Remit, cases: list[str]) -> int:
    """Return how many of these cases a person has, or were ended without an effect."""
    found = remit.standing(cases)
    return sum(n for (status, _), n in found.items() if status in {"escalated", "parked"})
