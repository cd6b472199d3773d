"""`remit ledger erase`, `legal-hold` and `rotate`: they say what they will do, and ask."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


@pytest.fixture
def case(remit: Cli) -> str:  # noqa: F811
    """Hand out a case of the project that waits for a person."""
    found = [row for row in remit.json("cases") if row["status"] == "parked"]
    return str(found[0]["case_id"])


def erase(remit: Cli, case: str, *more: str) -> Any:  # noqa: F811
    code = remit(
        "ledger", "erase", "--case", case, "--ground", "request", "--as", "me",
        "--yes", case[:8], "--json", *more,
    )  # fmt: skip
    return code, json.loads(remit.out) if remit.out else None


def test_a_dry_run_says_what_would_go_and_writes_nothing(remit: Cli, case: str) -> None:  # noqa: F811
    before = remit.json("ledger", "status")["entries"]
    words = ("ledger", "erase", "--case", case[:20], "--ground", "request", "--as", "me")
    assert remit(*words, "--dry-run") == 0
    assert "one case: 1 cases" in remit.out
    assert "it will be withdrawn and closed" in remit.out
    plan = remit.json(*words, "--dry-run")
    assert plan["cases"] == [case]
    assert plan["payloads"] > 3
    assert remit.json("cases", "show", case)["erased_at"] is None
    after = remit.json("ledger", "status")["entries"]
    assert after - before <= 2 * 2  # two commands opened a writer each


def test_an_erased_case_shows_that_it_was_and_everything_verifies(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    case: str,
) -> None:
    proof = folder / "proof"
    code, done = erase(remit, case, "--certificate", str(proof))
    assert (code, done["state"], done["plan"]["open"]) == (0, "completed", [])
    leaves = sorted(proof.glob("*.leaf"))
    assert [json.loads(one.read_bytes())["event"].split(":")[2] for one in leaves] == [
        "requested",
        "completed",
    ]
    assert all(one.with_suffix(".tlog-proof").exists() for one in leaves)
    assert done["log_emptied"] is True
    assert remit("cases", "show", case) == 0
    assert "its content was erased on" in remit.out
    view = remit.json("cases", "show", case)
    assert (view["row"]["status"], view["fields"]) == ("closed", {})
    assert remit("ledger", "verify") == 2
    assert "erased " in remit.out
    assert remit("cases") == 0
    assert remit("approvals") == 0
    assert erase(remit, case)[1]["state"] == "nothing"
    events = [row["event"] for row in remit.json("ledger", "show", "--limit", "40")]
    assert {"ledger:erasure:requested", "ledger:erasure:completed"} <= set(events)


def test_a_legal_hold_refuses_an_erasure_until_somebody_else_releases_it(
    remit: Cli,  # noqa: F811
    case: str,
) -> None:
    placed = remit.json(
        "ledger", "legal-hold", "place", "case", case[:20], "--ground", "suit-7",
        "--review", "2099-06-01", "--as", "me",
    )[0]  # fmt: skip
    assert placed["ref"] == case
    code, done = erase(remit, case)
    assert (code, done["state"]) == (1, "refused")
    assert [hold["hold_id"] for hold in done["plan"]["holds"]] == [placed["hold_id"]]
    assert remit.json("cases", "show", case)["fields"] != {}

    release = ("ledger", "legal-hold", "release", placed["hold_id"], "--ground", "settled")
    assert remit(*release, "--as", "me", "--yes", "suit-7") == 1
    assert "somebody else has to release it" in remit.err
    assert remit(*release, "--as", "other", "--yes", "suit-8") != 0
    assert "nothing was changed" in remit.err
    assert remit(*release, "--as", "other", "--yes", "suit-7") == 0
    assert "released by other" in remit.out
    assert remit.json("ledger", "legal-hold", "list") == []
    assert len(remit.json("ledger", "legal-hold", "list", "--all")) == 1
    assert erase(remit, case)[1]["state"] == "completed"
    assert remit("ledger", "verify") == 2


def test_one_value_of_a_case_is_erased_and_the_rest_stays(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    case: str,
) -> None:
    view = remit.json("cases", "show", case)
    token = view["fields"]["sender"]
    assert token.startswith("EMAIL_")
    words = ("ledger", "erase", "--case", case[:20], "--value", token, "--ground", "request")
    plan = remit.json(*words, "--as", "me", "--dry-run")
    assert (plan["values"], plan["payloads"], plan["open"], plan["in_clear"]) == (1, 1, [], [])
    assert remit(*words, "--as", "me", "--yes", case[:8]) != 0
    assert f"is not `{token}`; nothing was changed" in remit.err

    other = [one if one != token else "EMAIL_7K3QX2MD" for one in words]
    assert remit(*other, "--as", "me") != 0
    assert "has no such token" in remit.err

    done = (*words, "--as", "me", "--yes", token)
    assert remit(*done, "--certificate", str(folder / "proof")) == 0
    assert f"erased, {token}, 1 payloads and 1 originals of 1 cases" in remit.out
    assert len(list((folder / "proof").glob("*.leaf"))) == 2
    assert remit(*done) == 0
    assert "nothing is left to erase" in remit.out
    after = remit.json("cases", "show", case)
    assert (after["fields"], after["erased_at"]) == (view["fields"], None)
    assert after["row"]["reason"] == "token.erased"
    assert remit("ledger", "verify") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["erase", "--ground", "request", "--as", "me"], "say whose"),
        (["erase", "--person", "x", "--value", "T", "--ground", "a", "--as", "me"], "which case"),
        (["erase", "--case", "0", "--ground", "No Ground!", "--as", "me"], "is no ground"),
        (["erase", "--person", "x@example.org", "--ground", "a", "--as", "me"], "nobody of that"),
        (["erase", "--case", "ffff", "--ground", "a", "--as", "me"], "there is no case `ffff`"),
        (["erase", "--case", "0", "--ground", "a", "--as", "other"], "needs the role owner"),
        (["erase", "--case", "0", "--ground", "a", "--as", "nobody"], "is nobody who may"),
        (
            ["legal-hold", "place", "range", "9..2", "--ground", "a", "--review", "2099-01-01",
             "--as", "me"],
            "no range of positions",
        ),
        (
            ["legal-hold", "place", "range", "1..2", "--ground", "a", "--review", "2000-01-01",
             "--as", "me"],
            "the review date has passed",
        ),
        (["legal-hold", "release", "ff", "--ground", "a", "--as", "me"], "no legal hold begins"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_sentence(remit: Cli, words: list[str], says: str) -> None:  # noqa: F811
    assert remit("ledger", *words) != 0
    assert says in remit.err
    assert "Traceback" not in remit.err


def test_a_rotation_replaces_the_root_key_and_everything_still_opens(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    case: str,
) -> None:
    before = remit.json("cases", "show", case)["fields"]
    assert remit("ledger", "rotate", "--root", "--as", "me", "--yes", "no") != 0
    done = remit.json("ledger", "rotate", "--root", "--as", "me", "--yes", "rotate")
    assert done["root"] != done["before"]
    assert done["wrapped"] > 1
    assert [one["destroyed"] for one in done["epochs"]] == [False]
    assert remit.json("cases", "show", case)["fields"] == before

    settings = folder / "remit.toml"
    settings.write_text("root_key_destroy_after_days = 0\n" + settings.read_text("utf-8"), "utf-8")
    done = remit.json("ledger", "rotate", "--root", "--as", "me", "--yes", "rotate")
    assert [one["destroyed"] for one in done["epochs"]] == [True, True]
    assert len(json.loads((folder / ".remit-keys" / "keys.json").read_text())["roots"]) == 1
    assert remit.json("cases", "show", case)["fields"] == before
    assert remit("ledger", "verify") == 2


def test_a_month_is_listed_and_not_pruned_before_its_date(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    case: str,
) -> None:
    listed = remit.json("ledger", "prune", "--as", "me")
    assert len(listed) == 1
    month = listed[0]["month"]
    assert f"case `{case[:3]}" in listed[0]["why"]
    words = ("ledger", "prune", month, "--as", "me")
    assert remit(*words, "--yes", "2020-01") != 0
    assert "nothing was changed" in remit.err
    assert remit(*words, "--yes", month) == 1
    assert "keeps its month" in remit.err
    assert remit("ledger", "prune", "spring", "--as", "me", "--yes", "spring") == 1
    assert "is no month" in remit.err
    assert remit.json("ledger", "prune", "--content", "--yes", "content", "--as", "me") == {
        "cases": 0
    }


def test_a_new_log_key_is_printed_for_whoever_verifies(remit: Cli) -> None:  # noqa: F811
    before = remit.json("ledger", "status")["public_key"]
    words = ("ledger", "rotate", "--log", "--as", "me", "--yes", "rotate")
    assert remit(*words) == 0
    assert "the old one signs beside it for 7 days" in remit.out
    key = remit.out.partition("the public key is ")[2].splitlines()[0]
    assert remit.json("ledger", "status")["public_key"] == key != before
    assert remit("ledger", "verify", "--semantic") == 2
    assert f"{before.split('+')[1]} (sizes " in remit.out
    assert remit("ledger", "rotate", "--as", "me") == 2
    assert "say which key" in remit.err
