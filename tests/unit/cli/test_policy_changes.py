"""`remit policy reload`, `propose`, `sign`, `refuse` and `changes`: rules changed by people."""

import shutil
from pathlib import Path

import pytest

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

OWNERS = "".join(
    f'\n[people.{one}]\nname = "{one}"\nroles = ["owner"]\n' for one in ("pia", "paula")
)
NO_REPLIES = (
    '@id("no-replies") @says("Nobody is answered") @owner("me") @since("2026-11-24")\n'
    'forbid (principal, action == Action::"help-desk.send_reply", resource);\n'
)


@pytest.fixture
def rules(folder: Path) -> Path:  # noqa: F811
    """A project in which two people sign, and whose rules need no examples."""
    settings = folder / "remit.toml"
    text = settings.read_text("utf-8").replace("people = 0", "people = 2")
    settings.write_text(text + OWNERS, "utf-8")
    (folder / "policies" / "rules.examples.toml").unlink()
    return folder / "policies"


def tightened(remit: Cli, rules: Path) -> Path:  # noqa: F811
    """Forbid replies, which is in force at once; return a folder of the rules before."""
    before = Path(shutil.copytree(rules, rules.parent / "before"))
    (rules / "more.cedar").write_text(NO_REPLIES, "utf-8")
    assert remit("policy", "reload") == 0
    assert "nothing more passes: they are in force" in remit.out
    return before


def test_rules_are_proposed_by_one_and_signed_by_two_others(remit: Cli, rules: Path) -> None:  # noqa: F811
    before = tightened(remit, rules)
    assert remit("policy", "diff", "help-desk", str(before)) == 1
    digest = remit.out.partition("digest of the change: ")[2][:12]

    assert remit("policy", "propose", "help-desk", str(before), "--as", "me") == 0
    assert f"sign change {digest}" in remit.out.replace("\n", " ")
    assert remit("policy", "changes") == 0
    assert f"help-desk {digest}" in remit.out
    assert "proposed by me" in remit.out
    sign = ("policy", "sign", "help-desk", digest, "--as")
    assert remit(*sign, "me") != 0
    assert "somebody else must sign it" in remit.err
    assert remit(*sign, "pia") == 0
    assert remit.out == "signed by pia; one more person must sign\n"
    assert remit(*sign, "paula") == 0
    assert remit.out == "signed by paula; the rules are in force\n"
    assert remit.json("policy", "changes") == []
    assert remit("policy", "diff", "help-desk", str(before)) == 0, "they are those in force"


def test_a_change_that_is_found_waits_and_one_refuses_it(remit: Cli, rules: Path) -> None:  # noqa: F811
    tightened(remit, rules)
    (rules / "more.cedar").unlink()
    assert remit("policy", "reload") == 0
    assert "may let more pass" in remit.out
    (waiting,) = remit.json("policy", "changes")
    assert (waiting["proposer"], waiting["codes"]) == ("", ["allowed"])
    refuse = ("policy", "refuse", "help-desk", waiting["change"], "--reason", "no", "--as")
    assert remit(*refuse, "other") != 0
    assert remit(*refuse, "pia") == 0
    assert remit("policy", "reload") == 0
    assert "were refused" in remit.out
    assert remit("policy", "changes") == 0
    assert (remit.out, remit.err) == ("", "no rules wait\n")


def test_rules_that_do_not_load_change_nothing_and_are_named(remit: Cli, rules: Path) -> None:  # noqa: F811
    (rules / "more.cedar").write_text("permit (principal, action, resource);", "utf-8")
    assert remit("policy", "reload") == 2
    assert "more.cedar, line 1" in remit.out.replace("\n", " ")


def test_a_change_is_named_so_that_no_other_is_meant(remit: Cli, rules: Path) -> None:  # noqa: F811
    assert rules.is_dir()
    assert remit("policy", "sign", "help-desk", "5e0a61c2", "--as", "pia") != 0
    assert "there is no change `5e0a61c2`" in remit.err
    assert remit("policy", "propose", "help-desk", str(rules), "--as", "me") != 0
    assert "in force already" in remit.err
