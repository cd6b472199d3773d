"""Requirements 7 and 33 to 35: what is secret stays where it is cleared for."""

import sqlite3
from pathlib import Path

import pytest

from remit import testing
from remit.domain.actor import person
from remit.domain.autonomy import Level
from remit.errors import SettingsError
from remit.intake.mask import Masker
from remit.settings import secret
from tests.projects import NAME, OLGA, PROMPT, SCRIPTED, Small, send, standing, states

pytestmark = pytest.mark.anyio

CARD = "4111 1111 1111 1111"
NOTED = 'return (await run.act(note, text="hello")).state'
ASK = 'return (await run.ask("reply", message=case.message)).text'


def _written(folder: Path) -> bytes:
    """Return everything that stands in files of a desk but its project."""
    return b"".join(
        path.read_bytes()
        for path in sorted((folder / "data").rglob("*"))
        if path.is_file() and path.stat().st_size < 64 * 1024**2
    )


@pytest.fixture
def asking(small: Small) -> Small:
    """A desk that asks a model which answers from a file."""
    small.settings = SCRIPTED
    small.files = {
        "prompts/reply.md": PROMPT,
        "scripted.toml": '[[line]]\nprompt = "reply"\nreply = "Thank you"\n',
    }
    return small


async def test_07_a_card_number_reaches_no_file(asking: Small) -> None:
    async with asking.open(ASK) as remit:
        case_id = await send(remit, message=f"charge {CARD} please")
        assert standing(remit, case_id)[0] == "closed"
        assert remit.masked(case_id).types
    written = _written(asking.folder)
    assert CARD.encode() not in written
    assert CARD.replace(" ", "").encode() not in written


def test_33_a_secret_is_a_reference_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "key"
    place.write_text("canary-33\n")
    assert secret(f"file:{place}") == "canary-33"
    assert secret("env:SHOP", {"SHOP": "canary-33"}) == "canary-33"
    for reference in ("env:NOT_SET", f"file:{tmp_path}/none"):
        with pytest.raises(SettingsError):
            secret(reference, {})


async def test_34_a_masker_that_fails_means_no_call_and_no_text_at_rest(
    asking: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is not stored and the model is not asked: nothing is let through unmasked."""
    async with asking.open(ASK, replays=False) as remit:

        def failing(*_: object, **__: object) -> object:
            raise RuntimeError("no recogniser answers")

        for name in ("mask_text", "mask_value", "mask_json"):
            monkeypatch.setattr(Masker, name, failing)
        with pytest.raises(RuntimeError):
            await send(remit, message=f"canary-34 {CARD}")
        monkeypatch.undo()
    assert b"canary-34" not in _written(asking.folder)


async def test_35_root_keys_rotate_while_it_runs_and_old_cases_still_open(small: Small) -> None:
    async with small.open('return (await run.act(note, text="x")).state') as remit:
        first = await send(remit)
        before = remit.keys.epoch().root
        remit.erasure.rotation.rotate(by=person(OLGA))
        assert remit.keys.epoch().root != before
        second = await send(remit, order_id="8")
        for case_id in (first, second):
            assert remit.entries(case_id)[0].payloads["fields"]
        assert remit.verify().result == "intact"
        await testing.pass_time(remit, small.clock, 1)


async def test_35_what_rules_permit_is_taken_back_without_a_restart(small: Small) -> None:
    async with small.open(NOTED) as remit:
        rules = small.folder / "project" / "policies" / "all.cedar"
        rules.write_text(rules.read_text().replace('@id("note")', '@id("note-no-more")').replace(
            'permit (principal, action == Action::"small-desk.note"',
            'forbid (principal, action == Action::"small-desk.note"',
        ))  # fmt: skip
        assert [one.outcome for one in remit.reload_rules()] == ["in force"]
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        case_id = await send(remit)
        assert states(remit, case_id) == [("note", "denied")]
    assert small.performed() == []


async def test_35_what_lies_in_the_database_is_sealed(small: Small) -> None:
    """A message that holds nothing private is not readable in the file either."""
    text = "canary-35 is an ordinary word"
    async with small.open("return case.message") as remit:
        await send(remit, message=text)
    with sqlite3.connect(small.folder / "data" / "remit.db") as connection:
        dumped = "\n".join(connection.iterdump())
    assert "canary-35" not in dumped
    assert b"canary-35" not in _written(small.folder)
