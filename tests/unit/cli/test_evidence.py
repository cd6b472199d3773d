"""`remit evidence verify`: 0 where the entries come to every grant, 1 or 2 where not so."""

import json
from pathlib import Path

import pytest

from remit.cli.evidence import Code
from remit.domain import actor
from remit.domain.desk_event import GrantGiven, GrantLowered
from remit.domain.entry import Draft, Event
from remit.domain.ids import control_stream
from remit.opening import open_remit
from remit.settings import read
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

FORGED = (
    GrantLowered(action="send_reply", segment="all", level="draft", code="breach"),
    GrantGiven(
        action="send_reply", segment="all", level="sampled", fingerprint="0" * 64, signer="me",
        evidence="1" * 64, expires_us=1, plan="2" * 64, rows=74, wrong=0,
    ),
)  # fmt: skip


def forge(project: Path, *events: Event) -> None:
    """Write entries that nothing stands behind."""
    opened = open_remit(read(project, {}), owner="test", durability_check=False)
    try:
        for event in events:
            draft = Draft(
                event=event, case_id=control_stream("help-desk"), workflow="help-desk",
                actor=actor.service("monitors"),
            )  # fmt: skip
            opened.writer.run(lambda uow, one=draft: uow.append(one))  # type: ignore[misc]  # a default binds it
    finally:
        opened.close()


def test_what_the_entries_come_to_is_equal(remit: Cli) -> None:  # noqa: F811
    assert remit("evidence", "verify") == 0
    assert "grants: all as entries say" in remit.out
    found = remit.json("evidence", "verify")
    assert (found["result"], found["differing"]) == ("equal", 0)
    assert found["told"]["coins"] >= 1


def test_the_first_difference_is_named_and_it_ends_with_1(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    forge(folder, *FORGED)
    assert remit("evidence", "verify") == 1
    first, second, *_ = remit.out.splitlines()
    assert first.startswith("governance:grant:lowered of help-desk.send_reply/all, entry ")
    assert "what lowered it: it says breach, and by the entries it is no such thing" in first
    assert "the plan: it says 2222222222222222, and by the entries it is" in second
    assert remit("evidence", "verify", "--json") == 1
    assert json.loads(remit.out)["grants"][0]["result"] == "different"


def test_what_it_does_not_know_is_bad_usage(remit: Cli) -> None:  # noqa: F811
    assert remit("evidence", "verify", "--all") == 2


def test_what_rules_may_speak_of_comes_from_the_code_that_is_there(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert remit("evidence", "verify") == 0
    code = Code(read(folder, {}))
    known = code.declared("help-desk")
    assert known is not None
    assert "send_reply" in {one.name for one in known.specs}
    assert code.declared("another") is None
    for module in folder.glob("*.py"):
        module.write_text("1 +")
    capsys.readouterr()
    assert Code(read(folder, {})).declared("help-desk") is None
    assert "the code does not load" in capsys.readouterr().err
