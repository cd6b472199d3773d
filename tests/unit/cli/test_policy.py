"""`remit policy` on a project that has run: why, test, diff, backtest, matrix, replay."""

import shutil
from pathlib import Path

import pytest

from remit.cli import main as cli
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

GOLDEN = Path(__file__).parents[2] / "golden" / "refund_desk_matrix.txt"
DESK = Path(__file__).parents[3] / "examples" / "refund_desk"
NEVER = '[[invariant]]\nsays = "No reply at all"\nnever = "true"\n'


@pytest.fixture
def other(folder: Path) -> Path:  # noqa: F811
    """Hand out a copy of the rules, to change."""
    return Path(shutil.copytree(folder / "policies", folder / "other"))


def forbid_replies(rules: Path, obligation: str = "") -> None:
    """Add a rule that stops replies to the copied rules, without examples of its own."""
    text = (
        '@id("no-replies") @says("Nobody is answered") @owner("me") @since("2026-11-24") '
        f"{obligation}\n"
        'forbid (principal, action == Action::"help-desk.send_reply", resource);\n'
    )
    (rules / "more.cedar").write_text(text, "utf-8")
    (rules / "rules.examples.toml").unlink()


def test_every_recorded_decision_is_made_again_bit_for_bit(remit: Cli) -> None:  # noqa: F811
    assert remit("policy", "replay") == 0
    assert remit.out.startswith("2 decisions made again, 0 otherwise")


def test_a_backtest_lists_the_flips_by_rule_with_their_cases(remit: Cli, other: Path) -> None:  # noqa: F811
    assert remit("policy", "backtest", "help-desk", str(other)) == 0
    assert remit.out == "2 decisions, 0 flips, 0 not readable any more\n"

    forbid_replies(other)
    assert remit("policy", "backtest", "help-desk", str(other)) == 0, "tightening is no fault"
    assert "2 flips" in remit.out
    assert "by no-replies: 2" in remit.out
    assert remit.out.count("hold becomes deny") == 2
    told = remit.json("policy", "backtest", "help-desk", str(other))
    waiting = {one["case_id"] for one in remit.json("approvals", "list")}
    assert {one["case_id"] for one in told["flips"]} == waiting


def test_a_candidate_is_asked_beside_what_was_decided(remit: Cli, folder: Path) -> None:  # noqa: F811
    assert remit("policy", "shadow", "help-desk") != 0
    assert "there is no candidate" in remit.err
    candidate = Path(shutil.copytree(folder / "policies", folder / "policies" / "candidate"))
    forbid_replies(candidate)

    assert remit("policy", "shadow", "help-desk") == 0
    assert "by no-replies: 2" in remit.out
    assert remit("policy", "shadow", "help-desk", "--since", "2999-01-01") == 0
    assert remit.out.startswith("0 decisions, 0 flips")
    assert remit("check") == 0, "a candidate is no rule in force"
    assert len(remit.json("inventory")[0]["rules"]) == 2


def test_what_lets_more_pass_ends_with_one(remit: Cli, folder: Path, other: Path) -> None:  # noqa: F811
    forbid_replies(folder / "policies")
    assert remit("policy", "reload") == 0
    assert remit("policy", "diff", "help-desk", str(other)) == 1
    assert "removed no-replies" in remit.out
    assert "deny becomes allow:" in remit.out
    assert "digest of the change: " in remit.out

    shutil.rmtree(folder / "policies")
    shutil.copytree(other, folder / "policies")
    assert remit("policy", "reload") == 0
    forbid_replies(other)
    assert remit("policy", "diff", "help-desk", str(other)) == 0
    assert "added no-replies" in remit.out
    assert "searched, not proved" in remit.out


def test_the_book_of_a_record_can_be_asked_again(remit: Cli, folder: Path, other: Path) -> None:  # noqa: F811
    """The rules in the folder have changed since: the record still has those that decided."""
    shutil.rmtree(folder / "policies")
    assert remit("policy", "diff", "help-desk", str(other), "--against", "") == 0
    assert "added" not in remit.out
    assert remit("policy", "diff", "help-desk", str(other), "--against", "0000") != 0
    assert "was ever loaded" in remit.err


def test_why_answers_for_a_case_and_for_a_request(remit: Cli) -> None:  # noqa: F811
    case = remit.json("approvals", "list")[0]["case_id"]
    assert remit("policy", "why", case[:12]) == 0
    assert "permitted by reply-to-customer" in remit.out
    assert "hold level.no_grant" in remit.out
    assert "lifted by 1 person with role approver" in remit.out

    assert remit("policy", "why", "--action", "help-desk.send_reply") == 0
    assert remit.out.startswith("the rules say allow\n")
    assert "(me, rules.cedar line 3)" in remit.out
    assert remit("policy", "why", "--action", "help-desk.no_such") != 0
    assert "there are: help-desk.send_correction, help-desk.send_reply" in remit.err
    assert remit("policy", "why") != 0
    assert remit("policy", "why", "ffff") != 0


def test_why_counts_votes_and_reads_values_by_their_types(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ask = ["--project", str(DESK), "policy", "why", "--action", "refund-desk.issue_refund"]
    more = ["--arg", "amount=600.00 EUR", "--fact", "days_since_delivery=3"]
    assert cli.main([*ask, *more, "--approver", "refund-approver=maria.k"]) == 0
    out = capsys.readouterr().out
    assert "the rules say hold" in out
    assert "lifted by 2 different people with role refund-approver" in out
    agreed = ["--approver", "refund-approver=maria.k", "--approver", "refund-approver=tomasz.w"]
    assert cli.main([*ask, *more, *agreed]) == 0
    assert "the rules say allow" in capsys.readouterr().out
    assert cli.main([*ask, "--arg", "amount=many"]) != 0
    assert "cannot be asked" in capsys.readouterr().err


def test_a_rule_without_examples_and_a_broken_invariant_fail(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    assert remit("policy", "test") == 0
    assert "2 rules, " in remit.out
    (folder / "policies" / "rules.examples.toml").unlink()
    (folder / "policies" / "invariants.toml").write_text(NEVER, "utf-8")
    assert remit("policy", "test") == 2
    assert "has no example in which it applies" in remit.out
    assert "broken: No reply at all" in remit.out
    assert remit("check") == 2
    assert "policy.unshown error" in remit.out


def test_the_refund_desks_matrix_is_the_committed_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A change of its rules shows as a change of this table: `remit policy matrix` writes it."""
    assert cli.main(["--project", str(DESK), "policy", "matrix"]) == 0
    assert capsys.readouterr().out == GOLDEN.read_text("utf-8")
