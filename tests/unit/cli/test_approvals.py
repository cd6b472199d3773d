"""`remit approvals`: what waits, and verdicts bound to what was shown."""

import io
from pathlib import Path

import pytest

from remit.cli.opening import owning
from remit.settings import read
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


def first(remit: Cli) -> dict[str, str]:  # noqa: F811
    return dict(remit.json("approvals", "list")[0])


def test_the_list_says_what_waits_and_why(remit: Cli) -> None:  # noqa: F811
    assert remit("approvals") == 0
    assert remit.out.count("waits: ") == 2
    assert "2 wait for a person" in remit.err


def test_a_card_shows_reason_values_sources_and_digest(remit: Cli) -> None:  # noqa: F811
    approval = first(remit)["approval_id"]
    assert remit("approvals", "show", approval[:8]) == 0
    for said in ("It waits because", "What will run", "from case.sender", "digest ", "nobody has"):
        assert said in remit.out


def test_a_yes_to_what_was_shown_is_performed(remit: Cli, folder: Path) -> None:  # noqa: F811
    approval = first(remit)["approval_id"]
    digest = remit.json("approvals", "show", approval)["card"]["digest"]
    before = (folder / "outbox.jsonl").exists()
    code = remit("approvals", "approve", approval[:8], "--as", "me", "--yes", "--digest", digest)
    assert (before, code) == (False, 0)
    assert "the approval is consumed, the action confirmed" in remit.out
    assert len((folder / "outbox.jsonl").read_text("utf-8").splitlines()) == 1
    assert remit("ledger", "show", "--limit", "40") == 0
    assert "channel=cli" in remit.out


def test_a_yes_to_something_else_changes_nothing(remit: Cli, folder: Path) -> None:  # noqa: F811
    approval = first(remit)["approval_id"]
    code = remit("approvals", "approve", approval, "--as", "me", "--yes", "--digest", "0" * 64)
    assert code == 1
    assert "what you were shown is not what would run now" in remit.err
    assert not (folder / "outbox.jsonl").exists()


def test_yes_without_a_digest_is_refused(remit: Cli) -> None:  # noqa: F811
    assert remit("approvals", "approve", "00", "--as", "me", "--yes") == 2
    assert "--yes needs --digest" in remit.err


def test_without_an_answer_nothing_is_decided(
    remit: Cli,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    approval = first(remit)["approval_id"]
    assert remit("approvals", "approve", approval, "--as", "me") == 130
    assert len(remit.json("approvals", "list")) == 2


def test_a_no_is_not_performed(remit: Cli, folder: Path) -> None:  # noqa: F811
    approval = first(remit)["approval_id"]
    digest = remit.json("approvals", "show", approval)["card"]["digest"]
    given = ("--as", "me", "--reason", "tone", "--yes", "--digest", digest[:12])
    assert remit("approvals", "reject", approval, *given) == 0
    assert "the action denied" in remit.out
    assert not (folder / "outbox.jsonl").exists()


def test_an_edit_is_the_yes_of_whoever_wrote_it(remit: Cli, folder: Path) -> None:  # noqa: F811
    approval = first(remit)["approval_id"]
    shown = remit.json("approvals", "show", approval)["card"]
    field = next(one["name"] for one in shown["fields"] if not one["authority"])
    given = ("--as", "me", "--set", f"{field}=Thank you.", "--yes", "--digest", shown["digest"])
    assert remit("approvals", "edit", approval, *given) == 0
    assert "the action replaced" in remit.out
    assert ": confirmed" in remit.out
    assert (folder / "outbox.jsonl").read_text("utf-8").count("Thank you.") == 1


def test_somebody_unknown_may_not_decide(remit: Cli) -> None:  # noqa: F811
    assert remit("approvals", "approve", first(remit)["approval_id"], "--as", "nobody") == 1
    assert "`nobody` is nobody who may decide here" in remit.err


def test_an_unknown_approval_is_a_sentence(remit: Cli) -> None:  # noqa: F811
    assert remit("approvals", "show", "zz") == 1
    assert "no approval that waits begins with `zz`" in remit.err


def test_deciding_beside_an_owner_names_the_owner(remit: Cli, folder: Path) -> None:  # noqa: F811
    approval = first(remit)["approval_id"]
    with owning(read(folder, {}), owner="remit serve"):
        assert remit("approvals", "approve", approval, "--as", "me") == 69
        assert "is in use by `remit serve`" in remit.err
        assert remit("approvals") == 0


def test_several_are_answered_at_once(remit: Cli, folder: Path) -> None:  # noqa: F811
    ids = [row["approval_id"] for row in remit.json("approvals", "list")]
    assert remit("approvals", "batch", *ids, "--as", "me", "--yes") == 2
    assert "--yes needs --digest" in remit.err
    assert remit("approvals", "batch", *ids, "--as", "me", "--yes", "--digest", "0" * 64) == 1
    whole = next(line for line in remit.out.splitlines() if line.startswith("  batch "))
    digest = whole.removeprefix("  batch ")
    assert remit("approvals", "batch", *ids, "--as", "me", "--yes", "--digest", digest) == 0
    assert "2 answered for me over channel cli" in remit.out
    assert len((folder / "outbox.jsonl").read_text("utf-8").splitlines()) == 2
