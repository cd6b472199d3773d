"""`remit grants compare`: a changed behaviour is tried in shadow and told on a terminal."""

from pathlib import Path

import pytest

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

CELL = "help-desk.send_reply"
VERDICTS = (("approve",), ("reject", "--reason", "facts"))
COMPARE = ("grants", "compare", CELL, "--as", "me")


@pytest.fixture
def changed(remit: Cli, folder: Path) -> Cli:  # noqa: F811
    """Hand out a desk that answered two messages, one of them wrong, and answers otherwise now."""
    settings = folder / "remit.toml"
    material = '\n[workflow.actions.send_reply.autonomy]\nmaterial = ["body"]\n'
    settings.write_text(settings.read_text("utf-8") + material, "utf-8")
    assert remit("run", "help-desk", "--input", str(folder / "cases.jsonl")) == 0
    for one, verdict in zip(remit.json("approvals", "list"), VERDICTS, strict=True):
        digest = remit.json("approvals", "show", one["approval_id"])["card"]["digest"]
        given = ("--as", "me", "--yes", "--digest", digest)
        assert remit("approvals", verdict[0], one["approval_id"], *given, *verdict[1:]) == 0
    script = folder / "scripted.toml"
    script.write_text(script.read_text("utf-8").replace("thank you", "thanks"), "utf-8")
    return remit


def test_what_is_known_is_compared_and_told_case_by_case(changed: Cli) -> None:
    assert changed("grants", "explain", CELL) == 0
    said = " ".join(changed.out.split())
    assert "The behaviour changed. What runs now can be tried in shadow on 2 cases" in said
    assert "They took 2 answers of models then" in said
    assert changed(*COMPARE) == 0
    before = " ".join(changed.err.split())
    assert "expect about as many again" in before
    assert "What is compared is body and to: by these it is right or wrong" in before
    said = " ".join(changed.out.split())
    assert "Of 2 cases in which both can be compared it would be wrong in 2" in said
    assert "1 broken: what was proposed before was right" in said
    assert "1 differs: what was proposed before was wrong, and nobody knows" in said
    assert "It proves nothing for the next level" in said
    assert ": broken (body)" in said
    assert changed("grants", "explain", CELL) == 0
    assert "1 broken, 1 differs" in " ".join(changed.out.split())
    found = changed.json(*COMPARE, "--cases", "1")
    assert (found["state"], found["cases"], found["compared"]) == ("finished", 1, 1)
    assert changed("approvals", "list") == 0
    assert changed.out.strip() == ""


def test_it_is_for_the_owner_and_needs_something_to_compare(remit: Cli) -> None:  # noqa: F811
    assert remit(*COMPARE) == 1
    assert "there is nothing to compare" in remit.err
    assert remit("grants", "compare", CELL, "--as", "other") == 1
    assert "needs the role owner" in remit.err
    assert remit(*COMPARE, "--cases", "201") == 2
