"""Rules that let more pass wait for two people who did not write them; then all obey at once."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.autonomy import Level
from remit.domain.ids import control_stream
from remit.errors import (
    IllegalMoveError,
    NotEntitledError,
    NotFoundError,
    PolicyLoadError,
)
from remit.governance.asked_rules import Question
from remit.governance.findings import findings
from tests.projects import NAME, OLGA, OTTO, PAUL, PERMIT, Small, send, standing

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
NOTED = 'return (await run.act(note, text="hello")).receipt.id\n'
OWNERS = """
[people.paula]
name = "Paula"
roles = ["owner"]

[people.pia]
name = "Pia"
roles = ["owner"]
"""
PAULA, PIA = "paula", "pia"
NOT_ALONE = """
@id("not-alone")
@says("One approver agrees to each note")
@owner("olga")
@since("2026-11-01")
@obligation("approve(n=1, role=approver)")
forbid (principal, action == Action::"small-desk.note", resource)
unless { context.facts.approvals >= 1 };
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(
        folder=tmp_path, database=database, signers=2, settings=OWNERS, policy=NOT_ALONE,
        granted=(),
    )  # fmt: skip


def rules(small: Small) -> Path:
    return small.folder / "project" / "policies"


def write(small: Small, more: str) -> None:
    """Write the rules into their folder: the permits, and these."""
    permits = "".join(
        PERMIT.format(name=name, plain=name.replace("_", "-")) for name in small.permitted
    )
    (rules(small) / "all.cedar").write_text(permits + more)


def events(remit: Remit) -> list[str]:
    """Return what is recorded of rules."""
    found = [one.event for one in remit.entries(control_stream(NAME))]
    return [one for one in found if one.startswith("policy:book")]


def ended(program: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    return subprocess.run(
        [sys.executable, str(program)], cwd=ROOT, check=False, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )  # fmt: skip


async def noted(remit: Remit, message: str) -> tuple[str, str | None]:
    """Send a message that asks for a note; the level is given anew, as the rules may differ."""
    await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
    return standing(remit, await send(remit, message=message))


async def test_a_loosening_edit_waits_until_two_people_signed_it(small: Small) -> None:
    async with small.open(NOTED) as remit:
        assert await noted(remit, "first") == ("parked", "approval")
    small.policy = ""
    async with small.open(NOTED) as remit:
        assert events(remit) == ["policy:book:loaded", "policy:book:proposed"]
        assert await noted(remit, "second") == ("parked", "approval")
        change = remit.policy(NAME).waiting
        assert change is not None
        assert (change.proposer, change.people, change.signers) == ("", 2, ())
        (line,) = [one for one in findings(remit.health()) if one.name == "rules that wait"]
        assert (line.verdict.name, line.alarm) == ("LOOK", True)

        assert await remit.sign_rules(NAME, change.change, person=PAULA) == 1
        assert await noted(remit, "third") == ("parked", "approval")
        assert await remit.sign_rules(NAME, change.change, person=PIA) == 0
        assert await noted(remit, "fourth") == ("closed", "completed")
        assert remit.policy(NAME).how == "signed"
        assert events(remit)[-3:] == [
            "policy:book:signed", "policy:book:signed", "policy:book:loaded",
        ]  # fmt: skip
    async with small.open(NOTED) as remit:
        assert len(events(remit)) == 5, "the same rules are no news"


async def test_one_person_twice_counts_once_and_an_author_not_at_all(small: Small) -> None:
    async with small.open(NOTED) as remit:
        write(small, "")
        proposed = await remit.propose_rules(NAME, person=PAULA)
        assert proposed.outcome == "waits"
        with pytest.raises(NotEntitledError, match="somebody else must sign"):
            await remit.sign_rules(NAME, proposed.change, person=PAULA)
        with pytest.raises(NotEntitledError, match="may not sign"):
            await remit.sign_rules(NAME, proposed.change, person=PAUL)
        assert await remit.sign_rules(NAME, proposed.change, person=PIA) == 1
        assert await remit.sign_rules(NAME, proposed.change, person=PIA) == 1
        assert await noted(remit, "once") == ("parked", "approval")
        assert await remit.sign_rules(NAME, proposed.change, person=OLGA) == 0
        assert await noted(remit, "twice") == ("closed", "completed")
        with pytest.raises(IllegalMoveError, match="in force"):
            await remit.sign_rules(NAME, proposed.change, person=OLGA)


async def test_a_signature_is_under_exactly_these_rules(small: Small) -> None:
    """Who changes the folder after the first signature has made another change."""
    async with small.open(NOTED) as remit:
        write(small, "")
        first = await remit.propose_rules(NAME, person=OTTO)
        await remit.sign_rules(NAME, first.change, person=PIA)
        write(small, "// nothing else\n")
        (other,) = remit.reload_rules()
        assert (other.outcome, other.change != first.change) == ("waits", True)
        with pytest.raises(IllegalMoveError, match="replaced"):
            await remit.sign_rules(NAME, first.change, person=OLGA)
        waiting = remit.policy(NAME).waiting
        assert waiting is not None
        assert (waiting.proposer, waiting.signers) == (OTTO, ()), "a comment hides no author"


async def test_one_refusal_refuses(small: Small) -> None:
    async with small.open(NOTED) as remit:
        write(small, "")
        (waits,) = remit.reload_rules()
        await remit.sign_rules(NAME, waits.change, person=PIA)
        await remit.refuse_rules(NAME, waits.change, person=PAULA, reason="why no approver?")
        with pytest.raises(IllegalMoveError, match="refused"):
            await remit.sign_rules(NAME, waits.change, person=OLGA)
        assert [one.outcome for one in remit.reload_rules()] == ["refused"], "not asked again"
    async with small.open() as remit:
        assert await noted(remit, "after") == ("parked", "approval")
        with pytest.raises(NotFoundError):
            await remit.sign_rules(NAME, "f" * 64, person=OLGA)


async def test_what_lets_nothing_more_pass_is_in_force_at_once_and_says_so(small: Small) -> None:
    small.policy = ""
    async with small.open(NOTED) as remit:
        assert await noted(remit, "before") == ("closed", "completed")
        write(small, NOT_ALONE)
        assert [one.outcome for one in remit.reload_rules()] == ["in force"]
        assert await noted(remit, "after") == ("parked", "approval")
        assert remit.policy(NAME).how == "tighter"
        write(small, NOT_ALONE.replace("n=1", "n=2").replace(">= 1", ">= 2"))
        remit.reload_rules()
        write(small, NOT_ALONE)
        assert [one.outcome for one in remit.reload_rules()] == ["waits"], "fewer are asked"


async def test_rules_that_do_not_load_change_nothing_while_it_runs(small: Small) -> None:
    async with small.open(NOTED) as remit:
        write(small, '@id("odd") permit (principal, action, resource);')
        (waits,) = remit.reload_rules()
        assert waits.outcome == "broken"
        assert "all.cedar, line" in waits.said
        with pytest.raises(PolicyLoadError, match=r"all\.cedar, line"):
            await remit.propose_rules(NAME, person=OTTO)
        assert await noted(remit, "still") == ("parked", "approval")
        assert remit.metrics()["rules_refused"] == 0


async def test_what_must_never_be_allowed_is_not_taken_out_by_one(small: Small) -> None:
    never = rules(small) / "invariants.toml"
    async with small.open(NOTED) as remit:
        never.write_text(
            '[[invariant]]\nsays = "No note alone"\nnever = "context.facts.approvals < 1"\n'
            'actions = ["small-desk.note"]\n'
        )
        assert [one.outcome for one in remit.reload_rules()] == ["in force"]
        never.unlink()
        (waits,) = remit.reload_rules()
        assert waits.outcome == "waits"
        waiting = remit.policy(NAME).waiting
        assert waiting is not None
        assert [one[:33] for one in waiting.why] == ["what must never be allowed is not"]


async def test_a_folder_that_was_left_behind_takes_nothing_back(small: Small) -> None:
    """Rules that people signed came from another folder; that of the settings is older."""
    async with small.open(NOTED) as remit:
        candidate = rules(small) / "candidate"
        candidate.mkdir()
        (candidate / "all.cedar").write_text(
            (rules(small) / "all.cedar").read_text().replace(NOT_ALONE, "")
        )
        proposed = await remit.propose_rules(NAME, person=OTTO, candidate=True)
        for person in (PIA, PAULA):
            await remit.sign_rules(NAME, proposed.change, person=person)
        assert [one.outcome for one in remit.reload_rules()] == ["behind"]
    async with small.open() as remit:
        assert await noted(remit, "signed") == ("closed", "completed")
        back = await remit.propose_rules(NAME, person=OTTO)
        assert back.outcome == "in force", "tighter rules need one person"


async def test_what_was_held_under_the_old_rules_is_gated_again(small: Small) -> None:
    async with small.open(NOTED) as remit:
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        case = await send(remit, message="waits")
        assert standing(remit, case) == ("parked", "approval")
        write(small, "")
        (waits,) = remit.reload_rules()
        for person in (PIA, PAULA):
            await remit.sign_rules(NAME, waits.change, person=person)
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        await testing.pass_time(remit, small.clock, 3_700)
        closed = [
            one.word("state") for one in remit.entries(case) if "approval:closed" in one.event
        ]
        assert closed == ["superseded"]


async def test_the_gate_can_be_asked_what_it_would_say(small: Small) -> None:
    async with small.open(NOTED) as remit:
        told = Question(
            action="small-desk.note", arguments={}, facts={}, record={}, approvers={},
            level="autonomous",
        )  # fmt: skip
        alone = remit.ask_rules(told)
        assert (alone.verdict, alone.rules) == ("hold", ("note", "not-alone"))
        assert remit.policy(NAME).rules[-1].rule == "not-alone"
        before = len(remit.entries(control_stream(NAME)))
        await noted(remit, "asked")
        used = {one.rule: one.hits for one in remit.policy(NAME).rules}
        assert (used["note"], used["pay"]) == (1, 0)
        assert before


async def test_a_project_without_signers_says_that_nobody_signs(tmp_path: Path) -> None:
    small = Small(folder=tmp_path, signers=0, policy=NOT_ALONE, granted=())
    async with small.open(NOTED) as remit:
        write(small, "")
        (waits,) = remit.reload_rules()
        assert "nobody signs them here" in waits.said
        assert await noted(remit, "at once") == ("closed", "completed")
        assert remit.policy(NAME).how == "unsigned"


async def test_a_kill_after_the_second_signature_leaves_the_new_rules_in_force(
    tmp_path: Path,
) -> None:
    """The signature and the book that it puts in force are one commit; a start reads it."""
    small = Small(folder=tmp_path, signers=2, settings=OWNERS, policy=NOT_ALONE, granted=())
    async with small.open(NOTED) as remit:
        write(small, "")
        (waits,) = remit.reload_rules()
        await remit.sign_rules(NAME, waits.change, person=PIA)
    program = tmp_path / "dies.py"
    program.write_text(DIES.format(folder=str(tmp_path), change=waits.change))
    done = await asyncio.to_thread(ended, program)
    assert done.returncode == 9, done.stderr
    async with small.open() as remit:
        assert remit.policy(NAME).how == "signed"
        assert await noted(remit, "after") == ("closed", "completed")


DIES = """
import asyncio, os
from pathlib import Path
from remit import testing
from remit.opening import open_remit

async def main():
    home = Path({folder!r})
    project = testing.project(home / "project", data=home / "data", trained=home / "trained")
    remit = open_remit(project, owner="dies", durability_check=False)
    await remit.start(work=False)
    remit.writer.before_commit.append(
        lambda where: os._exit(9) if where == "after-commit" else None
    )
    await remit.sign_rules("small-desk", {change!r}, person="paula")

asyncio.run(main())
"""
