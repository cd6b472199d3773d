"""`remit stop`: set, listed, lifted by two, drilled; refused with the nearest names."""

from pathlib import Path

from remit.cli.opening import owning
from remit.settings import read
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

OPERATOR = '\n[people.olli]\nname = "Olli"\nroles = ["operator"]\n'


def test_a_stop_is_set_listed_and_lifted_by_two(remit: Cli, folder: Path) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    settings.write_text(settings.read_text("utf-8") + OPERATOR, "utf-8")
    assert remit("stop") == 0
    assert "nothing is stopped" in remit.err
    set_it = ("stop", "set", "workflow:help-desk", "--as", "me", "--sentence", "it answers twice")
    assert remit(*set_it) == 0
    assert "stopped: workflow:help-desk" in remit.out
    assert remit(*set_it) == 0
    assert "already" in remit.out
    assert remit("stop", "list") == 0
    assert "it answers twice" in remit.out
    assert remit.json("stop", "list")[0]["set_by"] == "me"

    lift = ("stop", "lift", "workflow:help-desk", "--reason", "mended")
    assert remit(*lift, "--as", "me") == 0
    assert "one more person" in remit.out
    assert remit("stop", "list") == 0
    assert "me says it may go on: mended" in remit.out
    assert remit(*lift, "--as", "olli") == 0
    assert "lifted" in remit.out
    assert remit.json("stop", "list") == []


def test_an_unknown_scope_or_person_is_refused(remit: Cli) -> None:  # noqa: F811
    stop = ("stop", "set", "workflow:help-dsk", "--sentence", "wait")
    assert remit(*stop, "--as", "me") == 1
    assert "near are `workflow:help-desk`" in remit.err
    assert remit(*stop, "--as", "other") == 1
    assert "operator or owner" in remit.err


def test_a_drill_is_measured(remit: Cli) -> None:  # noqa: F811
    found = remit.json("stop", "drill", "everything", "--as", "me")
    assert (found["intended_after"], found["unfinished"]) == (0, 0)
    assert remit.json("stop", "list") == []


def test_beside_a_process_that_works_the_page_is_named(remit: Cli, folder: Path) -> None:  # noqa: F811
    with owning(read(folder), owner="remit serve"):
        assert remit("stop", "set", "everything", "--as", "me", "--sentence", "wait") == 69
        assert "page Stops" in remit.err
