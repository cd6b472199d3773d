"""`remit rollback` and `remit tasks`: a plan, a rollback, and what is left to people."""

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


def test_a_plan_is_shown_started_and_told_of(remit: Cli) -> None:  # noqa: F811
    assert remit("rollback", "list") == 0
    assert "there was no rollback" in remit.err
    plan = remit.json("rollback", "plan", "--workflow", "help-desk")
    assert remit("rollback", "plan", "--workflow", "help-desk") == 0
    start = (
        "rollback", "start", "--workflow", "help-desk", "--as", "me", "--reason", "wrong",
    )  # fmt: skip
    assert remit(*start, "--yes") == 2
    if plan["items"]:
        assert remit(*start, "--yes", "--digest", plan["digest"][:12]) == 0
        assert f"{len(plan['items'])} planned" in remit.out
        (row,) = remit.json("rollback", "list")
        assert remit("rollback", "show", row["rollback_id"]) == 0


def test_nothing_is_left_to_people_and_an_unknown_task_is_named(remit: Cli) -> None:  # noqa: F811
    assert remit("tasks") == 0
    assert "nothing is left to people" in remit.err
    assert remit.json("tasks", "list", "--closed") == []
    assert remit("tasks", "show", "4f21") == 1
    assert "there is no task `4f21`" in remit.err
    assert remit("tasks", "settle", "4f21", "--as", "me", "--evidence", "x") == 2


def test_no_drill_goes_by_nothing(remit: Cli) -> None:  # noqa: F811
    assert remit("drill", "list") == 0
    assert "no undo was rehearsed" in remit.err
    undo = ("drill", "undo", "--workflow", "help-desk", "--action", "nothing", "--as", "me")
    assert remit(*undo) == 1
    assert "nothing of `nothing` was done yet" in remit.err
