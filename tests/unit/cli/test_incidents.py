"""`remit incidents`: declared, held, found about, taken back, resolved, reviewed, dismissed."""

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

ME = ("--as", "me")
DECLARE = (
    "incidents", "declare", "workflow:help-desk", *ME, "--severity", "sev2",
    "--sentence", "answers promise what is not true",
)  # fmt: skip


def test_one_is_declared_put_right_and_reviewed(remit: Cli) -> None:  # noqa: F811
    assert remit("incidents") == 0
    assert "no incident is open or not reviewed" in remit.err
    assert remit(*DECLARE) == 0
    assert "NOT CONTAINED" in remit.out
    (one,) = remit.json("incidents", "list")
    assert (one["number"], one["state"], one["owner"]) == (1, "declared", "me")
    named = one["incident_id"][:8]
    assert remit("incidents", "contain", named, *ME) == 0
    assert "a stop stands on `workflow:help-desk`" in remit.out
    shown = remit.json("incidents", "show", named)
    plan = remit.json("rollback", "plan", "--workflow", "help-desk", "--incident", named)
    assert len(plan["items"]) == shown["counts"].get("to_check", 0)
    assert remit("incidents", "find", named, *ME, "--finding", "no_harm") == 2
    assert remit("incidents", "find", named, *ME, "--finding", "no_harm", "--all") == 0
    assert remit("incidents", "resolve", named, *ME) == 0
    assert remit("incidents", "review", named, *ME, "--found", "nobody had read them") == 0
    assert "nobody had read them" in remit.out
    assert remit("incidents", "list", "--closed") == 0
    assert "incident 1 on workflow:help-desk" in remit.out


def test_one_is_dismissed_and_a_wrong_name_is_said(remit: Cli) -> None:  # noqa: F811
    assert remit(*DECLARE, "--contain") == 0
    (one,) = remit.json("incidents", "list")
    assert one["state"] == "contained"
    named = one["incident_id"]
    assert remit("incidents", "dismiss", named, *ME, "--reason", "a rehearsal") == 0
    assert remit("incidents", "dismiss", named, *ME, "--reason", "again") == 1
    assert remit("incidents", "show", "4f21") == 1
    assert "there is no incident `4f21`" in remit.err
    assert remit("incidents", "resolve", named, "--as", "other") == 1
    assert "does not answer for the incidents" in remit.err
