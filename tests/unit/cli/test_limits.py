"""`remit limits`: listed with what is taken, raised by its owner, refused otherwise."""

from pathlib import Path

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

LIMIT = """
[[limits]]
name = "an-hour"
group = "effect"
window_seconds = 3600
max = 2
owner = "me"
"""


def test_limits_are_listed_and_raised_by_their_owner(remit: Cli, folder: Path) -> None:  # noqa: F811
    assert remit("limits") == 0
    assert "no limit is set" in remit.err
    settings = folder / "remit.toml"
    settings.write_text(settings.read_text("utf-8") + LIMIT, "utf-8")
    assert remit("limits", "list") == 0
    assert "2 effects in 3,600 s per workflow" in remit.out
    raised = ("limits", "raise", "an-hour", "--max", "9", "--reason", "a recall")
    assert remit(*raised, "--as", "other") == 1
    assert "only its owner `me` may" in remit.err
    assert remit(*raised, "--as", "me", "--hours", "2") == 0
    assert "an-hour allows 9 for 2 h" in remit.out
    (one,) = remit.json("limits", "list")
    assert (one["allowed"], one["normally"], one["raised_by"]) == ("9", "2", "me")


def test_a_limit_without_an_owner_is_refused_at_the_check(remit: Cli, folder: Path) -> None:  # noqa: F811
    settings = folder / "remit.toml"
    text = settings.read_text("utf-8") + LIMIT.replace('owner = "me"', 'owner = "nina"')
    settings.write_text(text, "utf-8")
    assert remit("check") != 0
    assert "the owner of limit `an-hour` is `nina`" in remit.out + remit.err
