"""Versions in flight: who may run a case that began under other code, and what it may do alone."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.actor import service
from remit.domain.entry import EVENTS, Draft, Event, declared
from tests.projects import NAME, Small, events, found, result, send, standing, waiting

pytestmark = pytest.mark.anyio

SLEEPS = "await run.random()\nawait run.sleep(60)\nreturn 'old'"
ALIKE = """
@desk.action(risk="low", undo=take_back, says="Jot {text}", times_max=2)
async def jot(text: Annotated[str, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("note", text=text))
"""


def pin(small: Small, body: str, *, more: str = "") -> None:
    """Write the desk with this handler and its cases pinned to their versions."""
    small.write(body, more=more)
    place = small.folder / "project" / "remit.toml"
    place.write_text(
        place.read_text().replace("[workflow]\n", '[workflow]\nin_flight = "pin"\n', 1)
    )


async def test_a_pinned_case_runs_only_under_the_code_it_began_with(
    small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    """It stays ready for a worker that carries its version; new cases run meanwhile."""
    pin(small, SLEEPS)
    async with small.open() as remit:
        case_id = await send(remit, message="old")
    pin(small, SLEEPS.replace("'old'", "'new'"))
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
        new = await send(remit, message="new")
        assert standing(remit, case_id) == ("ready", None)
        assert standing(remit, new) == ("parked", "time")
        assert remit.workflows()[0].stranded == {}
    assert "stranded" not in caplog.text
    small.clock.advance(62)
    with caplog.at_level(logging.ERROR, "remit.runs"):
        async with small.open() as remit:
            await remit.settled()
            version = found(remit, case_id, "intake:case:received")[0].fingerprint
            assert remit.workflows()[0].stranded == {version: 1}
            assert standing(remit, case_id) == ("ready", None)
    assert f"stranded: case {case_id}" in caplog.text
    pin(small, SLEEPS)
    async with small.open() as remit:
        await remit.settled()
        assert result(remit, case_id) == "old"
        assert "orchestration:run:started" not in events(remit, case_id)


@pytest.mark.parametrize("restarted", [False, True], ids=["while it runs", "by a restart"])
async def test_a_pinned_case_goes_on_where_the_rules_alone_changed(
    small: Small, *, restarted: bool
) -> None:
    """It is pinned to the code: rules are what is in force, and no worker brings old ones back."""
    pin(small, SLEEPS)
    rules = small.folder / "project" / "policies" / "all.cedar"
    async with small.open() as remit:
        case_id = await send(remit)
        rules.write_text(rules.read_text().replace("note is permitted", "a note is permitted"))
        if not restarted:
            assert [one.outcome for one in remit.reload_rules()] == ["in force"]
            await testing.pass_time(remit, small.clock, 61)
            assert result(remit, case_id) == "old"
            assert "orchestration:run:started" in events(remit, case_id)
    if restarted:
        async with small.open() as remit:
            await testing.pass_time(remit, small.clock, 61)
            assert result(remit, case_id) == "old"


async def test_a_pinned_case_goes_on_where_the_limits_alone_changed(small: Small) -> None:
    pin(small, SLEEPS)
    async with small.open() as remit:
        case_id, before = await send(remit), remit.equipment[NAME].fingerprint
    small.settings += (
        '[[limits]]\nname = "a-day"\ngroup = "effect"\nwindow_seconds = 86400\nmax = 9\n'
        'owner = "olga"\n'
    )
    pin(small, SLEEPS)
    async with small.open() as remit:
        assert remit.equipment[NAME].fingerprint != before
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "old"


async def test_a_pinned_case_goes_on_where_two_actions_have_the_same_rules(small: Small) -> None:
    """They are as good as one to the rules, and still two in the book."""
    small.permitted = ("pay",)
    pin(small, SLEEPS, more=ALIKE)
    rules = small.folder / "project" / "policies" / "all.cedar"
    async with small.open() as remit:
        case_id = await send(remit)
        rules.write_text(rules.read_text().replace("pay is permitted", "a payment is permitted"))
        assert [one.outcome for one in remit.reload_rules()] == ["in force"]
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "old"


@pytest.mark.parametrize(
    ("more", "outcome"), [("// again\n", "waits"), ("permit (principal", "broken")]
)
async def test_a_pinned_case_goes_on_where_a_start_does_not_take_the_folder_in(
    small: Small, more: str, outcome: str
) -> None:
    small.signers = 2
    pin(small, SLEEPS)
    rules = small.folder / "project" / "policies" / "all.cedar"
    first = rules.read_text()
    async with small.open() as remit:
        case_id = await send(remit)
        rules.write_text(first.replace('@id("note")', '@id("noted")').split('@id("pay")')[0])
        assert [one.outcome for one in remit.reload_rules()] == ["in force"]
        rules.write_text(first + more)
    async with small.open() as remit:
        assert [one.outcome for one in remit.taken_in] == [outcome]
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, case_id) == "old"


async def test_a_case_that_ran_under_two_versions_matches_no_grant(small: Small) -> None:
    """What neither version earned alone is held; a case of one version acts by itself."""
    body = "await run.sleep(60)\nawait run.act(note, text='later')\nreturn 'done'"
    async with small.open(body) as remit:
        old = await send(remit, message="old")
    async with small.open(body.replace("'done'", "'done anew'")) as remit:
        new = await send(remit, message="new")
        await testing.pass_time(remit, small.clock, 61)
        assert result(remit, new) == "done anew"
        assert standing(remit, old) == ("parked", "approval")
        assert [row.case_id for row in waiting(remit)] == [old]
        decided = found(remit, old, "policy:action:decided")[0]
        assert "level.fingerprint" in str(decided.body["codes"])
    assert small.performed() == ["note"]


async def test_a_message_released_under_new_code_is_pinned_to_it(small: Small) -> None:
    """No code had seen it before, so the old version has no claim on it."""
    pin(small, SLEEPS)
    async with small.open() as remit:
        given = {"order_id": "7", "amount": "twelve-ish"}
        case_id = (await remit.receive(NAME, given, channel="test")).case_id
    pin(small, "return 'new'")
    async with small.open() as remit:
        await remit.release(case_id, person="olga", corrections={"amount": "12.00 EUR"})
        await remit.settled()
        assert result(remit, case_id) == "new"


async def test_a_case_whose_workflow_is_gone_goes_to_a_person(small: Small) -> None:
    """Not at once, for another worker may have it; never in silence."""
    async with small.open(SLEEPS) as remit:
        case_id = await send(remit)
    home = small.folder / "project"
    for name in ("small.py", "remit.toml"):
        place = home / name
        place.write_text(place.read_text().replace("small-desk", "other-desk"))
    (home / "policies" / "all.cedar").unlink()
    small.granted = ()
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
        assert standing(remit, case_id) == ("ready", None)
        small.clock.advance(61)
        await remit.timekeeper.sweep()
        await _until(remit, case_id, "escalated")
        assert standing(remit, case_id) == ("escalated", "no-handler")


async def _until(remit: Remit, case_id: str, status: str) -> None:
    import asyncio

    for _ in range(400):
        if standing(remit, case_id)[0] == status:
            return
        await asyncio.sleep(0.01)


@pytest.fixture
def newer() -> Iterator[type[Event]]:
    """An event that only a newer Remit knows."""

    @declared("orchestration:case:teleported")
    class CaseTeleported(Event):
        to: str

    yield CaseTeleported
    EVENTS.pop(CaseTeleported.NAME, None)


async def test_an_entry_of_a_newer_remit_stops_the_run_and_leaves_the_case_ready(
    tmp_path: Path, newer: type[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """It waits for a worker that knows the entry, and nothing is written."""
    small = Small(folder=tmp_path)
    async with small.open(SLEEPS) as remit:
        case_id = await send(remit)
        event = newer(to="mars")
        await remit.write(
            lambda uow: uow.append(
                Draft(event=event, case_id=case_id, workflow=NAME, actor=service("newer"))
            )
        )
        written = len(remit.entries(case_id))
        del EVENTS[newer.NAME]
        small.clock.advance(61)
        await remit.timekeeper.tick()
        await _until_said(caplog, "ledger.newer_entry")
        row = remit.cases().rows[0]
        assert (row.status, row.reason) == ("ready", None)
        EVENTS[newer.NAME] = newer
        assert len(remit.entries(case_id)) == written + 1, "the wait ended, and nothing else"
    async with small.open() as remit:
        await remit.settled()
        assert result(remit, case_id) == "old"


async def _until_said(caplog: pytest.LogCaptureFixture, word: str) -> None:
    import asyncio

    for _ in range(400):
        if word in caplog.text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(caplog.text)
