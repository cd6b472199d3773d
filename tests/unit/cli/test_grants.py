"""`remit grants`: where each cell stands and why; signed and lowered by its owner only."""

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures

CELL = "help-desk.send_reply"


def test_cells_are_listed_with_what_the_next_level_takes(remit: Cli) -> None:  # noqa: F811
    assert remit("grants") == 0
    assert "help-desk.send_reply/all  approve-each  (risk low, at most approve-each)" in remit.out
    assert "5 wrong labels in a row would lower it to draft." in remit.out
    (one,) = remit.json("grants", "list", "--order", "nearest")
    assert (one["cell"], one["next"], one["met"]) == (f"{CELL}/all", "sampled", False)


def test_a_cell_is_explained_down_to_what_is_missing(remit: Cli) -> None:  # noqa: F811
    for name in (CELL, f"{CELL}/all"):
        assert remit("grants", "explain", name) == 0
        said = " ".join(remit.out.split())
        assert "not met: phase: phase pilot allows at most approve-each" in said
        assert "No row of any table can be met while it is not known which errors" in said
        assert "at most 10 % chance that one at the bar is ever let through" in said
        assert "--digest" not in said  # nothing can be signed
    found = remit.json("grants", "explain", CELL)
    assert found["counterfactual"]["runs"] == 0
    assert found["path"]["rows"] == 0


def test_what_assumes_that_reviewers_find_every_error_says_how_many_labels_it_takes(
    remit: Cli,  # noqa: F811
    folder: object,  # noqa: F811
) -> None:
    settings = folder / "remit.toml"  # type: ignore[operator]  # a path
    assumed = '\n[workflow.actions.send_reply.autonomy]\nreviewers = "assumed"\n'
    settings.write_text(settings.read_text("utf-8") + assumed, "utf-8")
    assert remit("grants", "explain", CELL) == 0
    said = " ".join(remit.out.split())
    assert "200 more cases with a verdict are needed until confidences can be tried" in said
    assert "then the 90 % bar at 8 % begins" in said


def test_a_grant_is_refused_with_what_stands_against_it(remit: Cli) -> None:  # noqa: F811
    (one,) = remit.json("grants", "list")
    asked = ("grants", "sign", CELL, "--to", "sampled")
    assert remit(*asked, "--as", "me", "--digest", one["digest"]) == 1
    assert "stays as it is: phase: phase pilot allows at most approve-each" in remit.err
    assert remit(*asked, "--as", "me", "--digest", "0" * 64) == 1
    assert "look at it again" in remit.err
    assert remit(*asked, "--as", "other", "--digest", one["digest"]) == 1
    assert "needs the role owner" in remit.err
    assert remit("grants", "explain", "help-desk.nothing") == 1
    assert "there are help-desk.send_reply/all" in remit.err


def test_its_owner_lowers_a_cell_with_a_reason(remit: Cli) -> None:  # noqa: F811
    asked = ("grants", "lower", CELL, "--to", "draft", "--reason", "a new supplier")
    assert remit(*asked, "--as", "other") == 1
    assert remit(*asked, "--as", "me") == 0
    assert f"{CELL}/all stands at draft" in remit.out
    (one,) = remit.json("grants", "list")
    assert (one["level"], one["lowered"], one["attempt"]) == ("draft", "by_hand", 1)
    assert remit(*asked, "--as", "me") == 1
    assert "stands at draft already" in remit.err
