"""`remit check --open-cases`: what the code that lies here would do to cases that are open."""

import asyncio
import json
from pathlib import Path

import pytest

from remit import testing
from remit.cli import main as cli
from remit.cli.open_cases import OpenCases, open_cases
from tests.projects import NAME, OLGA, Small, send, waiting

pytestmark = pytest.mark.anyio

BEFORE = """
order = await run.read(get_order, order_id=case.order_id)
number = await run.derive(twice, number=4)
if "hold" in case.message:
    await run.act(pay, order_id=order.id, amount=order.total)
if "person" in case.message:
    await run.escalate("look")
await run.sleep(3600)
return "done"
"""


# `remit check` asks of every rule to be shown once where it applies and once where it does not.
SHOWN = "".join(
    f"""
[[example]]
rule = "{rule}"
action = "small-desk.{action}"
applies = {str(applies).lower()}
expect = "allow"
{'arguments = { amount = "1.00 EUR" }' if action == "pay" else ""}
"""
    for rule, own, other in (
        ("pay", "pay", "note"), ("note", "note", "pay"), ("take-back", "take_back", "pay"),
    )
    for action, applies in ((own, True), (other, False))
)  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(folder=tmp_path, granted=("note",))


async def filled(small: Small, body: str = BEFORE) -> None:
    """Leave a case at a sleep, one on hold, one with a person, one done."""
    async with small.open(body) as remit:
        for words in ("sleeps", "hold", "person", "hold and close"):
            await send(remit, message=words, order_id=words[-3:])
        for row in waiting(remit):
            if remit.case(row.case_id).fields["message"] == "hold and close":
                await testing.decide(remit, row.approval_id, person=OLGA)
        await remit.settled()


async def tried(small: Small, body: str, *, more: str = "") -> OpenCases:
    """Try the open cases under this code, in a thread as the command does."""
    small.write(body, more=more)
    project = testing.project(small.folder / "project", data=small.folder / "data")
    return await asyncio.to_thread(open_cases, project, [NAME])


async def test_the_same_code_runs_every_open_case(small: Small) -> None:
    await filled(small)
    found = await tried(small, BEFORE)
    assert (found.tried, found.troubles, found.markers) == (4, (), ())
    assert found.lines == ("4 open cases replayed, 0 would not run",)


async def test_every_case_that_would_diverge_is_named_and_nothing_is_done(small: Small) -> None:
    """Path, both calls and the line; no model, connector or retrieval is called."""
    await filled(small)
    calls = len(small.tape.calls)
    found = await tried(small, BEFORE.replace("number=4", "number=5"))
    assert len(found.troubles) == 4
    first = found.troubles[0]
    assert (first.end, first.path, first.recorded, first.found) == (
        "diverged", "2", "derive twice", "derive twice",
    )  # fmt: skip
    assert first.at.startswith("small.py:")
    assert len(small.tape.calls) == calls


async def test_a_change_behind_the_edge_of_some_concerns_the_others_alone(small: Small) -> None:
    """Only the case whose approval was asked for under the old arguments diverges."""
    await filled(small)
    found = await tried(small, BEFORE.replace("amount=order.total", "amount=None"))
    assert [one.status for one in found.troubles] == ["parked", "parked"]
    assert {one.recorded for one in found.troubles} == {"act pay"}


async def test_code_that_fails_on_an_open_case_is_named_without_its_values(small: Small) -> None:
    await filled(small)
    found = await tried(
        small, BEFORE.replace("number = await", "raise ValueError(case.message)\nawait")
    )
    assert {one.end for one in found.troubles} == {"failed"}
    assert all(one.said.startswith("ValueError at small.py:") for one in found.troubles)
    assert len(found.troubles) == 3, "the one that a person has fails anew only when handed back"


async def test_a_marker_is_needed_while_a_case_is_on_either_of_its_ways(small: Small) -> None:
    """Old cases answer no, newer ones have it recorded; when both are gone it can go too."""
    await filled(small)
    marked = BEFORE.replace(
        "number = await", 'if await run.changed("first"):\n    await run.now()\nnumber = await'
    ).replace(
        "await run.sleep", 'if await run.changed("late"):\n    await run.now()\nawait run.sleep'
    )
    found = await tried(small, marked)
    assert [one.name for one in found.markers] == []
    assert found.troubles == ()
    async with small.open(marked) as remit:
        await testing.pass_time(remit, small.clock, 3_700)
        for case in remit.cases(status="escalated").rows:
            await remit.close_case(case.case_id, person=OLGA, note="done")
        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 3_700)
        assert remit.counts()["closed"] == 4, [
            (row.status, row.reason) for row in remit.cases().rows
        ]
    found = await tried(small, marked)
    assert [one.name for one in found.markers] == ["first", "late"]
    assert found.tried == 0


async def test_the_command_ends_with_1_and_lists_them(
    small: Small, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The public door: `remit check --open-cases`, as text and as JSON."""
    small.files = {"policies/all.examples.toml": SHOWN}
    await filled(small)
    home = small.folder / "project"
    monkeypatch.setenv("REMIT_DATABASE", f"sqlite:///{small.folder}/data/remit.db")
    monkeypatch.setenv("REMIT_KEYS", str(small.folder / "data" / "keys"))
    given = ["--project", str(home), "check", "--open-cases"]
    assert await asyncio.to_thread(cli.main, given) == 0
    assert "4 open cases replayed, 0 would not run" in capsys.readouterr().out
    small.write(BEFORE.replace("number=4", "number=5"))
    assert await asyncio.to_thread(cli.main, given) == 1
    assert "step 2 was `derive twice` with other arguments" in capsys.readouterr().out
    assert await asyncio.to_thread(cli.main, [*given, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["open_cases"]["tried"] == 4


async def test_a_diverged_case_is_shown_side_by_side_and_followed(
    small: Small, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`remit cases show` lays the calls out; `remit cases follow` begins a new case."""
    body = "await run.random()\nawait run.new_id()\nawait run.sleep(60)"
    async with small.open(body) as remit:
        case_id = await send(remit)
    small.write(body.replace("run.new_id()", "run.now()"))
    async with small.open() as remit:
        await testing.pass_time(remit, small.clock, 61)
    monkeypatch.setenv("REMIT_DATABASE", f"sqlite:///{small.folder}/data/remit.db")
    monkeypatch.setenv("REMIT_KEYS", str(small.folder / "data" / "keys"))
    monkeypatch.setenv("XDG_STATE_HOME", str(small.folder / "state"))
    given = ["--project", str(small.folder / "project"), "cases"]
    assert await asyncio.to_thread(cli.main, [*given, "show", case_id]) == 0
    shown = capsys.readouterr().out
    assert "  1       random    random" in shown
    assert "! 2       new_id    now  (small.py:" in shown
    assert "! 3       sleep     -" in shown
    small.write("await run.random()\nreturn 1")
    follow = [*given, "follow", case_id, "--as", OLGA, "--note", "anew"]
    assert await asyncio.to_thread(cli.main, follow) == 0
    assert ": closed (completed)" in capsys.readouterr().out
    assert await asyncio.to_thread(cli.main, [*given, "show", case_id]) == 0
    assert "followed by case" in capsys.readouterr().out
