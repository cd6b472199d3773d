"""`remit audit` and `remit reviewers`: what is left to judge, and who found what."""

from pathlib import Path

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


def test_nothing_is_left_to_judge_where_nothing_ran_alone(remit: Cli, folder: Path) -> None:  # noqa: F811
    assert remit("audit", "list", "--as", "me") == 0
    assert "nothing is left to judge" in remit.err
    assert remit.json("audit", "list", "--as", "me") == []
    assert remit("audit", "show", "4f21", "--as", "me") == 1
    assert "there is nothing to judge under `4f21`" in remit.err
    assert remit("audit", "answer", "4f21", "right", "--as", "me") == 1
    assert remit("audit", "answer", "4f21", "maybe", "--as", "me") == 2
    assert remit("audit", "own", "4f21", "--as", "me", "--set", "amount") == 2
    assert "NAME=VALUE" in remit.err
    assert remit("audit", "contest", "4f21", "--as", "me", "--reason", "x") == 1
    assert remit("audit", "list", "--as", "nobody") != 0


def test_reviewers_who_answered_nothing_are_told_so(remit: Cli, folder: Path) -> None:  # noqa: F811
    assert remit("reviewers", "--as", "me") == 0
    assert "nobody has answered a check yet" in remit.out
    (one,) = remit.json("reviewers", "--as", "me")
    assert one["rows"] == []
    assert remit("reviewers", "--as", "me", "--workflow", "elsewhere") == 1
